import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

import { readAll } from '../../src/outbound/fetched.ts'
import type { FetchOptions, GuardedFetch, GuardedFetchParts } from '../../src/outbound/guarded-fetch.ts'
import { openSinkhole, type Sinkhole } from '../support/sinkhole.ts'
import { PUBLIC_ADDRESS, PUBLIC_HOST } from './matrix.ts'
import { outboundInto, publicCertificate } from './public-host.ts'

export interface Visit {
  readonly options?: Partial<FetchOptions>
  readonly parts?: (sinkhole: Sinkhole) => Partial<GuardedFetchParts> | Promise<Partial<GuardedFetchParts>>
}

/** One fetch in a network of its own, where the public host behaves as told: the body or the reason, and what was connected to. */
export async function visit(listener: RequestListener, url: string, { options = {}, parts = () => ({}) }: Visit = {}) {
  await using sinkhole = await openSinkhole()
  const outbound = await outboundInto(sinkhole, await parts(sinkhole))
  await sinkhole.host(PUBLIC_HOST, [PUBLIC_ADDRESS], listener, publicCertificate)
  return { ...(await visitOf(outbound, url, options)), asked: sinkhole.asked(), caught: sinkhole.caught() }
}

export async function visitOf(outbound: GuardedFetch, url: string, options: Partial<FetchOptions>) {
  const fetched = await get(outbound, url, options)
  const read = fetched.ok ? await readAll(fetched.value) : fetched
  return read.ok
    ? { result: Buffer.concat(read.value).toString(), message: '' }
    : { result: read.error.reason, message: read.error.message }
}

export function get(outbound: GuardedFetch, url: string, options: Partial<FetchOptions> = {}) {
  return outbound.get(url, { signal: new AbortController().signal, maxBytes: 1000, ...options })
}

/** Resolves once no connection is open any more; fails after two seconds. */
export async function allClosed(sinkhole: Sinkhole): Promise<void> {
  for (let tries = 0; sinkhole.open() > 0; tries += 1) {
    assert.ok(tries < 100, 'a socket was left open')
    await delay(20)
  }
}
