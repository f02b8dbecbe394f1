import type { Clock } from '../core/clock.ts'
import { counted, rolling, type Rolling, total } from './rolling.ts'

/** Attempts after the first of a run: at most this share of the runs of a minute. */
export const RETRY_SHARE = 0.1
export const RETRY_WINDOW_MS = 60_000
/** Whatever the share says, so many may be in flight: a quiet gateway may retry as well. */
export const RETRY_FLOOR = 2
/** But only so many of a minute live by the floor: failures that come at once would otherwise be retried without end, two at a time. */
export const RETRY_FLOOR_CALLS = 20
/** Attempts after a failure that may have been charged: at most this share of the provider's calls of ten minutes, or the floor. */
export const AMBIGUOUS_SHARE = 0.02
export const AMBIGUOUS_WINDOW_MS = 600_000
export const AMBIGUOUS_FLOOR = 3

/** How much may still be tried again: what keeps retries from multiplying an outage, and our bill with it. */
export interface Budgets {
  /** A call is about to be sent to a provider; `isFirst` of its run. */
  sent(provider: string, isFirst: boolean): void
  /**
   * Room for one attempt after the first, or which budget has none. `ambiguousAt`: the provider whose failure may have been charged,
   * when the attempt follows one.
   */
  take(ambiguousAt: string | undefined): Permit | 'retries' | 'ambiguous'
  report(): BudgetReport
  ambiguous(provider: string): { readonly used: number; readonly left: number }
}

/** One retry under way. */
export interface Permit {
  end(): void
}

export interface BudgetReport {
  readonly calls: number
  readonly retries: number
  readonly inFlight: number
  /** Retries that could be started now, one after the other. */
  readonly left: number
  /** Since the start. */
  readonly totals: {
    readonly retries: number
    readonly refused: { readonly retries: number; readonly ambiguous: number }
  }
}

export function makeBudgets(clock: Pick<Clock, 'monotonic'>): Budgets {
  let runs = rolling(RETRY_WINDOW_MS)
  let inFlight = 0
  const perProvider = new Map<string, Rolling>()
  const totals = { retries: 0, refused: { retries: 0, ambiguous: 0 } }
  const windowOf = (provider: string) => perProvider.get(provider) ?? rolling(AMBIGUOUS_WINDOW_MS)

  function left(): number {
    const { calls, marked } = total(runs, clock.monotonic())
    const byShare = Math.floor(calls * RETRY_SHARE) - marked
    const byFloor = Math.min(RETRY_FLOOR - inFlight, RETRY_FLOOR_CALLS - marked)
    return Math.max(0, byShare, byFloor)
  }

  function ambiguous(provider: string): { used: number; left: number } {
    const { calls, marked } = total(windowOf(provider), clock.monotonic())
    return { used: marked, left: Math.max(0, Math.max(AMBIGUOUS_FLOOR, Math.floor(calls * AMBIGUOUS_SHARE)) - marked) }
  }

  return {
    sent(provider, isFirst) {
      const now = clock.monotonic()
      perProvider.set(provider, counted(windowOf(provider), now, now, { calls: 1 }))
      if (isFirst) runs = counted(runs, now, now, { calls: 1 })
    },
    take(ambiguousAt) {
      const now = clock.monotonic()
      if (ambiguousAt !== undefined && ambiguous(ambiguousAt).left === 0) {
        totals.refused.ambiguous += 1
        return 'ambiguous'
      }
      if (left() === 0) {
        totals.refused.retries += 1
        return 'retries'
      }
      if (ambiguousAt !== undefined) {
        perProvider.set(ambiguousAt, counted(windowOf(ambiguousAt), now, now, { marked: 1 }))
      }
      runs = counted(runs, now, now, { marked: 1 })
      totals.retries += 1
      inFlight += 1
      return permit(() => (inFlight -= 1))
    },
    report: () => {
      const { calls, marked } = total(runs, clock.monotonic())
      return { calls, retries: marked, inFlight, left: left(), totals: { ...totals, refused: { ...totals.refused } } }
    },
    ambiguous,
  }
}

function permit(end: () => void): Permit {
  let isEnded = false
  return {
    end() {
      if (isEnded) return
      isEnded = true
      end()
    },
  }
}
