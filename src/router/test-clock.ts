import { setImmediate as turn } from 'node:timers/promises'

import type { Clock } from '../core/clock.ts'

/** 2026-11-22, noon, UTC: what the wall shows when a virtual clock starts. */
export const NOON = Date.UTC(2026, 10, 22, 12)

/** For tests only: time that passes when it is told to, and then exactly. Starts at monotonic 0. */
export interface VirtualClock extends Clock {
  /** Lets this much time pass; sleepers wake in order, each with all that follows from it before the next. */
  pass(ms: number): Promise<void>
  /** Lets time pass until nobody sleeps. */
  drain(): Promise<void>
  /** What was asked of `sleep`, in order. */
  readonly slept: readonly number[]
}

interface Sleeper {
  readonly at: number
  wake(): void
}

export function virtualClock(): VirtualClock {
  let elapsed = 0
  const sleepers = new Set<Sleeper>()
  const slept: number[] = []

  const earliest = () => [...sleepers].reduce<Sleeper | undefined>((a, b) => (a && a.at <= b.at ? a : b), undefined)

  async function wakeUntil(end: number): Promise<void> {
    await turn()
    for (let next = earliest(); next && next.at <= end; next = earliest()) {
      elapsed = Math.max(elapsed, next.at)
      sleepers.delete(next)
      next.wake()
      await turn()
    }
  }

  return {
    slept,
    now: () => NOON + elapsed,
    monotonic: () => elapsed,
    sleep(ms, signal) {
      slept.push(ms)
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error)
        const sleeper = { at: elapsed + ms, wake: resolve }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', () => {
          if (sleepers.delete(sleeper)) reject(signal.reason as Error)
        })
      })
    },
    async pass(ms) {
      const end = elapsed + ms
      await wakeUntil(end)
      elapsed = end
    },
    drain: () => wakeUntil(Infinity),
  }
}
