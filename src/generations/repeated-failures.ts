import { LRUCache } from 'lru-cache'

import { fail } from '../core/errors.ts'

/** Failures after a paid call left, and how long they count (reliability.md §3). */
const MOST = 3
const WINDOW_MS = 600_000
/** Requests remembered at once, about 200 bytes each; the one that failed longest ago is forgotten first. */
const REMEMBERED = 10_000

/** What a request that is refused for it is told. */
export const REPEATED_FAILURE = fail(
  'repeated_failure',
  'This very request has failed three times within ten minutes after it was sent to a provider. It was not sent again. Change it, or come back later.',
)

/**
 * Remembers which requests keep failing after they were sent: each try may cost the operator. In memory alone: a restart forgives.
 * Named by key and request: `${keyHash} ${requestKey}`. `at` is epoch milliseconds.
 */
export interface RepeatedFailures {
  /** The request failed after a paid call had left. */
  note(key: string, at: number): void
  /** Whether it has failed so often that it must not be sent again now. */
  isRefused(key: string, at: number): boolean
}

export function makeRepeatedFailures(): RepeatedFailures {
  const failures = new LRUCache<string, readonly number[]>({ max: REMEMBERED })
  const recent = (key: string, at: number): readonly number[] =>
    (failures.get(key) ?? []).filter((failedAt) => failedAt > at - WINDOW_MS)

  return {
    note: (key, at) => void failures.set(key, [...recent(key, at), at].slice(-MOST)),
    isRefused: (key, at) => recent(key, at).length >= MOST,
  }
}
