import type { Call } from '../provider.ts'
import type { Submitted } from './wire.ts'

/** Where a task is asked after: a call to the right host, and what is asked there. */
export interface Place {
  readonly call: Call
  readonly path: string
  readonly query: Readonly<Record<string, string>>
}

const PATH = '/v1/get_result'

/**
 * What a task is remembered by: its id, or the address that the API gave for it where that is not what the id alone would lead to. The
 * primary host hands its tasks to regional ones, and knows nothing of them afterwards
 * (https://docs.bfl.ai/integration_guidelines, read 2026-11-22).
 */
export function upstreamIdOf({ id, polling_url: address }: Submitted, call: Call): string {
  const told = address === undefined ? null : URL.parse(address)
  const usual = URL.parse(`${call.baseUrl}${PATH}?id=${encodeURIComponent(id)}`)
  return told === null || told.href === usual?.href || !mayKnow(told, call) ? id : told.href
}

/** The address in the id where it is one that may be trusted with the credential; otherwise the usual one, below the base URL. */
export function placeOf(upstreamId: string, call: Call): Place {
  const told = URL.parse(upstreamId)
  if (told === null || !mayKnow(told, call)) return { call, path: PATH, query: { id: upstreamId } }
  return {
    call: { ...call, baseUrl: told.origin },
    path: told.pathname,
    query: Object.fromEntries(told.searchParams),
  }
}

/**
 * Whether the credential may go there: to the base URL's own origin; and by HTTPS to any host of the vendor's domain, if the base URL is
 * one of these itself. A proxy's or a simulator's credential never leaves it.
 */
function mayKnow(told: URL, { baseUrl }: Call): boolean {
  const base = URL.parse(baseUrl)
  return base !== null && (told.origin === base.origin || (isVendors(told) && isVendors(base)))
}

function isVendors({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' && (hostname === 'bfl.ai' || hostname.endsWith('.bfl.ai'))
}
