import { fail, type Failure } from '../core/errors.ts'
import { err, ok, type Result } from '../core/result.ts'

/** How long a caller wants to wait for a generation, from `Prefer` (RFC 7240). */
export interface Preference {
  /** Milliseconds until the caller would rather have a 202; 0 for `respond-async` alone. */
  readonly waitMs: number
  /** `respond-async` was said, with or without a time to wait first. */
  readonly isAsync: boolean
  /** For `Preference-Applied`. */
  readonly applied: string
}

/** An hour: more than any generation's deadline. */
const LONGEST_WAIT_S = 3_600

/** Seconds between polls, by the age of what is polled for: quick models are seen at once, slow ones not asked about in vain. */
const SLOWEST_POLL_S = 5
const SLOWER_EVERY_MS = 10_000

/**
 * Undefined when the caller did not say. Words that we do not know are ignored, as the RFC wants it; a wait that cannot be understood, or
 * two that contradict each other, are refused, since who waits for nothing pays for a picture that he never fetches.
 * `respond-async, wait=10` is the RFC's own example: waits so long, then 202.
 */
export function preferenceOf(header: string | readonly string[] | undefined): Result<Preference | undefined, Failure> {
  const words = wordsOf([header ?? []].flat().join(','))
  const waits = new Set<number>()
  let isAsync = false
  for (const { name, value } of words) {
    if (name === 'respond-async') {
      if (value !== '') return refusal('respond-async takes no value')
      isAsync = true
    }
    if (name !== 'wait') continue
    if (!/^\d{1,9}$/.test(value)) return refusal('wait must be whole seconds, such as wait=30')
    waits.add(Number(value))
  }
  if (waits.size > 1) return refusal('wait is given twice, with different values')

  const [asked] = waits
  if (asked === undefined) return ok(isAsync ? { waitMs: 0, isAsync, applied: 'respond-async' } : undefined)
  const seconds = Math.min(asked, LONGEST_WAIT_S)
  return ok({ waitMs: seconds * 1000, isAsync, applied: `${isAsync ? 'respond-async, ' : ''}wait=${seconds}` })
}

/** How long a call waits for its answer, and what it gets when that is not there in time. Undefined: to the end. */
export interface Patience {
  readonly ms: number
  /** `promise`: a 202 with the place to ask at. `conflict`: a 409, since another call with the same key is at work. */
  readonly afterwards: 'promise' | 'conflict'
}

/** Whoever only follows an earlier call with the same key waits until its deadline, or until his own where he named one. */
export function patienceOf(
  preference: Preference | undefined,
  { replayed, deadlineMs }: { readonly replayed: boolean; readonly deadlineMs: number },
): Patience | undefined {
  if (!replayed) return preference && { ms: preference.waitMs, afterwards: 'promise' }
  if (preference?.isAsync) return { ms: preference.waitMs, afterwards: 'promise' }
  return { ms: preference?.waitMs ?? deadlineMs, afterwards: 'conflict' }
}

/** `X-Plantain-Deadline`: the longest time for the generation itself, 10 to 900 seconds, as milliseconds. */
export function deadlineOf(header: string | readonly string[] | undefined): Result<number | undefined, Failure> {
  if (header === undefined) return ok(undefined)
  const seconds = typeof header === 'string' && /^\d{1,3}$/.test(header) ? Number(header) : 0
  if (seconds >= 10 && seconds <= 900) return ok(seconds * 1000)
  const message = 'X-Plantain-Deadline must be whole seconds from 10 to 900.'
  return err(fail('invalid_request', message, { field: 'X-Plantain-Deadline' }))
}

/** Seconds for `Retry-After` of an answer that says "not yet", 1 to 5. Both in epoch milliseconds. */
export function pollAfterS(createdAt: number, now: number): number {
  return Math.min(SLOWEST_POLL_S, 1 + Math.max(0, Math.floor((now - createdAt) / SLOWER_EVERY_MS)))
}

/** Preferences without their parameters, names in lower case. A comma inside quotes separates nothing. */
function wordsOf(header: string): readonly { readonly name: string; readonly value: string }[] {
  return header
    .replaceAll(/"[^"]*"/g, (quoted) => quoted.slice(1, -1).replaceAll(/[,;=]/g, ' '))
    .split(',')
    .map((preference) => {
      const [word = ''] = preference.split(';')
      const [name = '', ...rest] = word.split('=')
      return { name: name.trim().toLowerCase(), value: rest.join('=').trim() }
    })
}

function refusal(what: string): Result<never, Failure> {
  return err(fail('invalid_request', `Prefer: ${what}.`, { field: 'Prefer' }))
}
