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

/**
 * Keeps one provider's trouble from taking everything: calls that hang fill their own provider's slots and nobody else's. Where a
 * place takes only so many calls at a time, it has slots of its own.
 */
export interface Bulkheads {
  /** Whose slots a call takes: the provider's, or those of its place there, counted from 0. */
  queueOf(provider: string, place: number): string
  /** A slot if one is free. Never waits, and never overtakes who does. */
  take(queue: string): Slot | undefined
  /** A slot in turn, first come, first served; undefined when the signal aborts first or the queue is full. */
  wait(queue: string, signal: AbortSignal): Promise<Slot | undefined>
  /** How many more could be in the queue. */
  room(queue: string): number
  /** How long the last of `count` newcomers would wait for a slot, by what calls took lately. */
  waitMs(queue: string, count: number): number
  /** Of all places of a provider. */
  state(provider: string): { readonly inFlight: number; readonly queued: number }
}

interface Bulkhead {
  readonly most: number
  inFlight: number
  meanMs: number
  readonly queue: Set<(slot: Slot) => void>
}

interface BulkheadParts {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly inFlight?: number
  readonly queue?: number
  /** Calls at a time to each place of a provider; undefined where its places share the provider's slots. */
  readonly perPlace?: (provider: string) => number | undefined
}

export function makeBulkheads({
  clock,
  inFlight: most = IN_FLIGHT,
  queue: longest = QUEUE,
  perPlace = () => undefined,
}: BulkheadParts): Bulkheads {
  const bulkheads = new Map<string, Bulkhead>()

  function of(queue: string): Bulkhead {
    const own = perPlace(providerOf(queue)) ?? most
    const found = bulkheads.get(queue) ?? { most: own, inFlight: 0, meanMs: FIRST_GUESS_MS, queue: new Set() }
    bulkheads.set(queue, found)
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
    if (bulkhead.inFlight >= bulkhead.most) return undefined
    bulkhead.inFlight += 1
    return slot(bulkhead)
  }

  return {
    queueOf: (provider, place) => (perPlace(provider) === undefined ? provider : `${provider}${SEPARATOR}${place}`),
    take: (queue) => take(of(queue)),
    async wait(queue, signal) {
      const bulkhead = of(queue)
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
    room: (queue) => longest - of(queue).queue.size,
    waitMs(name, count) {
      const { most: atOnce, inFlight, meanMs, queue } = of(name)
      const ahead = Math.max(0, inFlight + queue.size + count - atOnce)
      return (ahead * meanMs) / atOnce
    },
    state(provider) {
      const own = [...bulkheads].filter(([queue]) => providerOf(queue) === provider).map(([, bulkhead]) => bulkhead)
      return {
        inFlight: own.reduce((sum, { inFlight }) => sum + inFlight, 0),
        queued: own.reduce((sum, { queue }) => sum + queue.size, 0),
      }
    },
  }
}

/** Stands in no slug. */
const SEPARATOR = '#'

function providerOf(queue: string): string {
  return queue.split(SEPARATOR)[0] ?? queue
}
