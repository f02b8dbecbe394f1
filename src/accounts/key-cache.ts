import { LRUCache } from 'lru-cache'

import type { Clock } from '../core/clock.ts'
import type { ApiKeyRow } from '../db/schema.ts'

/** Rows of keys that exist, remembered for a few seconds. Unknown keys are not remembered: guesses must not push real ones out. */
export interface KeyCache {
  /** The row, at most 5 s old. Simultaneous questions for one key share one query. Rejects when the query does. */
  find(hash: string): Promise<ApiKeyRow | undefined>
  /** After a change: the next question is asked anew, and an answer already on its way is not kept. */
  forget(hash: string): void
}

const STALE_AFTER_MS = 5000
const CACHED_KEYS = 10_000

interface Parts {
  readonly clock: Clock
  readonly read: (hash: string) => Promise<ApiKeyRow | undefined>
}

export function makeKeyCache({ clock, read }: Parts): KeyCache {
  // The cache takes a start of 0 for none, so its time begins at 1.
  const now = (): number => clock.monotonic() + 1
  const rows = new LRUCache<string, ApiKeyRow>({
    max: CACHED_KEYS,
    ttl: STALE_AFTER_MS,
    ttlResolution: 0,
    perf: { now },
  })
  const reading = new Map<string, Promise<ApiKeyRow | undefined>>()

  async function readAndKeep(hash: string): Promise<ApiKeyRow | undefined> {
    // The age counts from before the read: a change made while it ran is seen in time too.
    const start = now()
    const answer = read(hash)
    reading.set(hash, answer)
    try {
      const row = await answer
      if (row !== undefined && reading.get(hash) === answer) rows.set(hash, row, { start })
      return row
    } finally {
      if (reading.get(hash) === answer) reading.delete(hash)
    }
  }

  return {
    find: async (hash) => rows.get(hash) ?? reading.get(hash) ?? readAndKeep(hash),
    forget(hash) {
      rows.delete(hash)
      reading.delete(hash)
    },
  }
}
