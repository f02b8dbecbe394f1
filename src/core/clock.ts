import { setTimeout as delay } from 'node:timers/promises'

/** Time as an argument. Tests move it by hand. */
export interface Clock {
  /** Wall time in epoch milliseconds: what is written down. */
  now(): number
  /** Monotonic milliseconds: what deadlines and durations are measured by. */
  monotonic(): number
  /** Resolves after `ms`, rejects with the signal's reason when it aborts first. Keeps no process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { ref: false, ...(signal && { signal }) }),
}

/** ISO 8601 with milliseconds and zone, from epoch milliseconds. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

/** The UTC day, `YYYY-MM-DD`, from epoch milliseconds. */
export function isoDay(epochMs: number): string {
  return isoTime(epochMs).slice(0, 10)
}

/** Unix seconds, whole, from epoch milliseconds. */
export function unixSeconds(epochMs: number): number {
  return Math.floor(epochMs / 1000)
}
