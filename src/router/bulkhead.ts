import type { Clock } from '../core/clock.ts'

/** Calls to one provider at a time, and how many more may wait for one to end. */
export const IN_FLIGHT = 64
export const QUEUE = 64

/** What a call is believed to take before any has ended. */
const FIRST_GUESS_MS = 15_000
/** Weight of the newest call in the mean. */
const NEWEST = 0.1

/** The right to have one call under way. Whoever takes it gives it back; a second time does nothing. */
export interface Slot {
  /** `unused`: no call was made with it, so it tells nothing about how long calls take. */
  release(how?: 'unused'): void
}

/** Keeps one provider's trouble from taking everything: calls that hang fill their own provider's slots and nobody else's. */
export interface Bulkheads {
  /** A slot if one is free. Never waits, and never overtakes who does. */
  take(provider: string): Slot | undefined
  /** A slot in turn, first come, first served; undefined when the signal aborts first or the queue is full. */
  wait(provider: string, signal: AbortSignal): Promise<Slot | undefined>
  /** How many more could be in the queue. */
  room(provider: string): number
  /** How long the last of `count` newcomers would wait for a slot, by what calls took lately. */
  waitMs(provider: string, count: number): number
  state(provider: string): { readonly inFlight: number; readonly queued: number }
}

interface Bulkhead {
  inFlight: number
  meanMs: number
  readonly queue: Set<(slot: Slot) => void>
}

export function makeBulkheads({
  clock,
  inFlight: most = IN_FLIGHT,
  queue: longest = QUEUE,
}: {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly inFlight?: number
  readonly queue?: number
}): Bulkheads {
  const bulkheads = new Map<string, Bulkhead>()

  function of(provider: string): Bulkhead {
    const found = bulkheads.get(provider) ?? { inFlight: 0, meanMs: FIRST_GUESS_MS, queue: new Set() }
    bulkheads.set(provider, found)
    return found
  }

  function slot(bulkhead: Bulkhead): Slot {
    const takenAt = clock.monotonic()
    let isReleased = false
    return {
      release(how) {
        if (isReleased) return
        isReleased = true
        if (how !== 'unused') bulkhead.meanMs += NEWEST * (clock.monotonic() - takenAt - bulkhead.meanMs)
        const [next] = bulkhead.queue
        if (next === undefined) {
          bulkhead.inFlight -= 1
          return
        }
        bulkhead.queue.delete(next)
        next(slot(bulkhead))
      },
    }
  }

  function take(bulkhead: Bulkhead): Slot | undefined {
    // While somebody waits nothing is free: a slot passes from hand to hand.
    if (bulkhead.inFlight >= most) return undefined
    bulkhead.inFlight += 1
    return slot(bulkhead)
  }

  return {
    take: (provider) => take(of(provider)),
    async wait(provider, signal) {
      const bulkhead = of(provider)
      if (signal.aborted) return undefined
      const free = take(bulkhead)
      if (free !== undefined || bulkhead.queue.size >= longest) return free
      return await new Promise((resolve) => {
        const leave = (): void => {
          bulkhead.queue.delete(enter)
          resolve(undefined)
        }
        const enter = (given: Slot): void => {
          signal.removeEventListener('abort', leave)
          resolve(given)
        }
        bulkhead.queue.add(enter)
        signal.addEventListener('abort', leave, { once: true })
      })
    },
    room: (provider) => longest - of(provider).queue.size,
    waitMs(provider, count) {
      const { inFlight, meanMs, queue } = of(provider)
      const ahead = Math.max(0, inFlight + queue.size + count - most)
      return (ahead * meanMs) / most
    },
    state: (provider) => ({ inFlight: of(provider).inFlight, queued: of(provider).queue.size }),
  }
}
