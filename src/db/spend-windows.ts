import type { LimitReset } from '../core/ask.ts'
import { isoDay } from '../core/clock.ts'

/** Names of the four windows that a moment falls into, as `key_spend.window` has them. */
export interface SpendWindows {
  readonly total: string
  readonly daily: string
  readonly weekly: string
  readonly monthly: string
}

const DAY_MS = 86_400_000

/** UTC. `day:2026-11-22`, `week:2026-11-16` (its Monday), `month:2026-11`. */
export function spendWindows(at: number): SpendWindows {
  const day = isoDay(at)
  // Sunday is 0 in JavaScript; weeks begin on Monday.
  const daysSinceMonday = (new Date(at).getUTCDay() + 6) % 7
  return {
    total: 'total',
    daily: `day:${day}`,
    weekly: `week:${isoDay(at - daysSinceMonday * DAY_MS)}`,
    monthly: `month:${day.slice(0, 7)}`,
  }
}

/** The window that a key's limit counts in; a limit that never starts over counts in `total`. */
export function limitWindow(reset: LimitReset | undefined, windows: SpendWindows): string {
  return windows[reset ?? 'total']
}
