import { err, ok, type Result } from '../core/result.ts'
import { type Connect, openSocket } from './connect.ts'
import { type Answer, exchange } from './exchange.ts'
import { judge, type JudgeParts } from './judge.ts'
import { type FetchRefusal, refusal } from './refusal.ts'
import type { Origins } from './url-rules.ts'

/** Where a chain of redirects ended, with the answer that was found there. */
export interface Found {
  readonly url: URL
  readonly answer: Answer
}

export interface FollowParts extends JudgeParts {
  readonly connect: Connect
}

const MOST_REDIRECTS = 3

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Judge, connect, ask, and once more for each redirect, which carries nothing over from the answer before but where to go. */
export async function follow(
  first: string,
  accept: readonly string[] | undefined,
  origins: Origins,
  signal: AbortSignal,
  parts: FollowParts,
): Promise<Result<Found, FetchRefusal>> {
  let text = first
  let from: URL | undefined
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const target = await judge(text, from, origins, signal, parts)
    if (!target.ok) return signal.aborted ? err(tooSlow()) : target
    const { url, addresses } = target.value
    let answer: Answer
    try {
      answer = await exchange(await openSocket(url, addresses, signal, parts), url, accept, signal)
    } catch (error) {
      return err(signal.aborted ? tooSlow() : unreachable(error))
    }
    const location = locationOf(answer)
    if (location === undefined) return ok({ url, answer })
    answer.end()
    text = location
    from = url
  }
  return err(refusal('bad_status', `The URL redirects more than ${MOST_REDIRECTS} times.`))
}

export function tooSlow(): FetchRefusal {
  return refusal('timeout', 'The URL did not give all of its bytes in time.')
}

/** Why a connection could not be made or broke, by the error's code alone: an error's text may hold what the other side said. */
function unreachable(error: unknown): FetchRefusal {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'UND_ERR_HEADERS_OVERFLOW')
    return refusal('too_large', 'The URL answers with more than 16 KiB of headers.')
  if (/CERT|SIGNATURE|ERR_TLS/.test(code)) {
    return refusal('unreachable', 'The URL has a host without a valid certificate for its name.')
  }
  return refusal('unreachable', 'The URL has a host that cannot be reached, or that does not speak HTTP.')
}

function locationOf({ status, headers }: Answer): string | undefined {
  const location = headers['location']
  if (!REDIRECTS.has(status) || location === undefined) return undefined
  // Headers come as bytes, and browsers read these as UTF-8.
  return Buffer.from(location, 'latin1').toString('utf8')
}
