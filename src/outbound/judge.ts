import type { Clock } from '../core/clock.ts'
import { err, ok, type Result } from '../core/result.ts'
import { isAllowedAddress, isTrustableAddress, type Range } from './address-rules.ts'
import { type FetchRefusal, NOT_ALLOWED, refusal } from './refusal.ts'
import type { Resolve } from './resolve.ts'
import { allowedUrl, literalAddress, type Origins } from './url-rules.ts'

/** A URL that may be fetched, with the addresses that may be connected to for it: none but these. */
export interface Target {
  readonly url: URL
  readonly addresses: readonly string[]
}

export interface JudgeParts {
  readonly resolve: Resolve
  /** For the names in origins that the operator trusts. */
  readonly resolveTrusted: Resolve
  readonly opened: readonly Range[]
  readonly clock: Clock
}

/** No honest host has more; a longer answer is an attempt at something. */
const MOST_ADDRESSES = 64

/**
 * What every refusal takes, or a multiple of it where the look-up alone takes longer: how soon it comes must not tell a malformed URL
 * from a name that leads inside. Longer than nearly every look-up.
 */
const REFUSAL_MS = 250

/** Decides about one URL, before anything is sent to it. A name is allowed only if all of its addresses are. */
export async function judge(
  text: string,
  from: URL | undefined,
  origins: Origins,
  signal: AbortSignal,
  parts: JudgeParts,
): Promise<Result<Target, FetchRefusal>> {
  const startedAt = parts.clock.monotonic()
  const decided = await decide(text, from, origins, signal, parts)
  if (!decided.ok && decided.error === NOT_ALLOWED) {
    const elapsed = parts.clock.monotonic() - startedAt
    await parts.clock.sleep(REFUSAL_MS - (elapsed % REFUSAL_MS), signal).catch(() => {})
  }
  return decided
}

async function decide(
  text: string,
  from: URL | undefined,
  origins: Origins,
  signal: AbortSignal,
  { resolve, resolveTrusted, opened }: JudgeParts,
): Promise<Result<Target, FetchRefusal>> {
  const url = allowedUrl(text, origins, from)
  if (url === undefined) return err(NOT_ALLOWED)
  const isTrusted = origins.trusted.has(url.origin)
  const literal = literalAddress(url)
  let addresses: readonly string[]
  try {
    addresses = literal === undefined ? await (isTrusted ? resolveTrusted : resolve)(url.hostname, signal) : [literal]
  } catch {
    return err(refusal('unreachable', 'The URL has a host that DNS could not be asked about just now.'))
  }
  const isAllowed = (address: string) => (isTrusted ? isTrustableAddress(address) : isAllowedAddress(address, opened))
  const isFine = addresses.length > 0 && addresses.length <= MOST_ADDRESSES && addresses.every(isAllowed)
  return isFine ? ok({ url, addresses }) : err(NOT_ALLOWED)
}
