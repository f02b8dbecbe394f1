import { setImmediate as turn } from 'node:timers/promises'

import type { Clock } from '../../src/core/clock.ts'
import type { Dice } from '../../src/ledger/test-ledger.ts'

/** What the wall shows when a simulation starts. */
const NOON = Date.UTC(2026, 10, 22, 12)

/**
 * The longest that a step may be kept waiting while time passes: a slow day of a database. Bounded so that a process that is alive
 * renews its leases in time; who does not is made to `stall`.
 */
const PATIENCE_MS = 250

/** A step that takes longer than this of real time waits for something that the scheduler does not know of. */
const STUCK_MS = 30_000

/**
 * Decides what happens next, and when. Everything that processes do to the world, and the world to them, is a step; whoever wants to
 * take one waits for its turn, one step is taken at a time and to its end, and the dice choose among all that wait. Time stands still
 * but for the leaps that the scheduler makes to the next moment at which somebody wants to be woken.
 */
export interface Scheduler {
  /** Waits for its turn, then works. Never resolves for a process that is dead by then. */
  step<T>(process: string, label: string, work: () => Promise<T>): Promise<T>
  clockOf(process: string): Clock
  /** From now on nothing of this process happens. */
  kill(process: string): void
  /** The process stands still for so long, as under a debugger or on a machine that sleeps; then it goes on as if nothing had been. */
  stall(process: string, ms: number): void
  /** Takes steps until `isOver` says so between two of them; `before` each may begin new work. Throws what `fail` was told. */
  run(isOver: () => boolean, before?: () => void): Promise<void>
  /** A promise was broken: the run ends with this error. The first one counts. */
  fail(error: unknown): void
  /** Adds what a step came to. */
  note(text: string): void
  /** Steps taken so far: `12500 m1.1 transaction`. */
  readonly trace: readonly string[]
  readonly now: () => number
  readonly steps: () => number
}

interface Waiting {
  readonly process: string
  readonly label: string
  readonly readyAt: number
  begin(): void
}

interface Sleeper {
  readonly process: string
  readonly at: number
  wake(): void
}

export function makeScheduler(random: Dice): Scheduler {
  const waiting: Waiting[] = []
  const sleepers = new Set<Sleeper>()
  const dead = new Set<string>()
  /** When those that stand still go on. */
  const stalled = new Map<string, number>()
  const trace: string[] = []
  // How much of what is young meets how much of what is old is decided by the seed as well.
  const leapsOneIn = [2, 8, 32, 128][random.roll(4)] ?? 8
  let elapsed = 0
  let steps = 0
  let working = 0
  let begun = 0
  let failure: { readonly error: unknown } | undefined

  function ready(process: string, label: string, begin: () => void): void {
    if (!dead.has(process)) waiting.push({ process, label, readyAt: elapsed, begin })
  }

  /** Until the last step has ended with all that followed from it. */
  async function settled(): Promise<void> {
    const startedAt = performance.now()
    for (;;) {
      const before = begun
      await turn()
      if (working === 0 && before === begun) return
      if (performance.now() - startedAt > STUCK_MS) throw new Error(`stuck after ${trace.at(-1)}`)
    }
  }

  function isStalled({ process }: Waiting): boolean {
    return (stalled.get(process) ?? 0) > elapsed
  }

  function grant(next: Waiting): void {
    waiting.splice(waiting.indexOf(next), 1)
    steps += 1
    trace.push(`${elapsed} ${next.process} ${next.label}`)
    next.begin()
  }

  /** When time may leap to: the next waking, unless somebody has waited for too long by then. */
  function nextWaking(able: readonly Waiting[]): number | undefined {
    let next = Infinity
    for (const { at } of sleepers) next = Math.min(next, at)
    let limit = Infinity
    for (const { readyAt, process } of able)
      limit = Math.min(limit, Math.max(readyAt, stalled.get(process) ?? 0) + PATIENCE_MS)
    return next <= limit && next < Infinity ? next : undefined
  }

  function leap(to: number): void {
    elapsed = Math.max(elapsed, to)
    for (const sleeper of sleepers) {
      if (sleeper.at > elapsed) continue
      sleepers.delete(sleeper)
      ready(sleeper.process, 'wakes', () => {
        begun += 1
        sleeper.wake()
      })
    }
  }

  return {
    trace,
    now: () => NOON + elapsed,
    steps: () => steps,
    step: (process, label, work) =>
      new Promise((resolve, reject) => {
        ready(process, label, () => {
          begun += 1
          working += 1
          work()
            .finally(() => (working -= 1))
            .then(resolve, reject)
        })
      }),
    clockOf: (process) => ({
      now: () => NOON + elapsed,
      monotonic: () => elapsed,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) return reject(signal.reason as Error)
          if (dead.has(process)) return
          const sleeper = { process, at: elapsed + Math.max(0, Math.ceil(ms)), wake: resolve }
          sleepers.add(sleeper)
          signal?.addEventListener('abort', () => {
            if (sleepers.delete(sleeper)) reject(signal.reason as Error)
          })
        }),
    }),
    kill(process) {
      dead.add(process)
      for (const sleeper of sleepers) if (sleeper.process === process) sleepers.delete(sleeper)
      const living = waiting.filter((each) => each.process !== process)
      waiting.splice(0, waiting.length, ...living)
    },
    stall(process, ms) {
      stalled.set(process, elapsed + ms)
      sleepers.add({ process: 'world', at: elapsed + ms, wake() {} })
    },
    async run(isOver, before = () => {}) {
      // `before` may have killed the last one that waited; then it is asked once more.
      let isLull = false
      for (;;) {
        before()
        await settled()
        if (failure) throw failure.error
        if (isOver()) return
        const able = stalled.size === 0 ? waiting : waiting.filter((each) => !isStalled(each))
        const moment = able.length === 0 || random.roll(leapsOneIn) === 0 ? nextWaking(able) : undefined
        const next = able[random.roll(able.length)]
        if (moment !== undefined) leap(moment)
        else if (next !== undefined) grant(next)
        else if (isLull) throw new Error('nobody waits for anything, and it is not over')
        isLull = moment === undefined && next === undefined
      }
    },
    fail: (error) => void (failure ??= { error }),
    note: (text) => void trace.push(`  ${text}`),
  }
}
