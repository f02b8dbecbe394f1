import { setTimeout as sleep } from 'node:timers/promises'

import { amount, type Faults } from './faults.ts'
import { hashOf } from './painting/random.ts'

/** A call that was accepted and is worked on whether or not anybody asks after it. */
export interface Job<Result> {
  readonly id: string
  readonly faults: Faults
  state: 'queued' | 'running' | 'done' | 'cancelled'
  /** Once it is done. */
  result: Result | undefined
  /** 0 to 1, by the clock. */
  fraction(): number
}

export interface NewJob<Result> {
  readonly id: string
  /** What the length of its wait depends on. */
  readonly text: string
  readonly faults: Faults
  /** Makes and bills what it makes; called once, when its turn has come. */
  run(): Promise<Result>
  /** Called instead of `run` when it was cancelled in the queue. */
  cancelled?(): void
  /** Called when it has changed. */
  changed?(job: Job<Result>): void
}

export type Jobs<Result> = ReturnType<typeof makeJobs<Result>>

const JOBS_KEPT = 1_000
/** A share of the usual wait is spent in the queue. */
const QUEUED_SHARE = 0.3

/**
 * The queue of one account, with the faults `queue`, `delay` and `hang`: a job that hangs runs, is billed, and is never done.
 * `latencyMs`: a typical wait from submission to result.
 */
export function makeJobs<Result>({ latencyMs, now }: { readonly latencyMs: number; readonly now: () => number }) {
  const jobs = new Map<string, Job<Result>>()

  async function work(job: Job<Result>, { faults, run, cancelled, changed }: NewJob<Result>, waits: Waits) {
    await sleep(waits.queuedMs, undefined, { ref: false })
    if (stateOf(job) === 'cancelled') return cancelled?.()
    job.state = 'running'
    changed?.(job)
    await sleep(waits.runningMs, undefined, { ref: false })
    const result = await run()
    if (faults.hang !== undefined) return
    job.result = result
    job.state = 'done'
    changed?.(job)
  }

  return {
    submit(asked: NewJob<Result>): Job<Result> {
      const { id, text, faults } = asked
      const share = 0.6 + (0.8 * (hashOf(text) % 1000)) / 1000
      const waits = {
        queuedMs: amount(faults, 'queue') ?? latencyMs * share * QUEUED_SHARE,
        runningMs: (amount(faults, 'delay') ?? 0) + latencyMs * share * (1 - QUEUED_SHARE),
      }
      const startedAt = now()
      const total = waits.queuedMs + waits.runningMs
      const job: Job<Result> = {
        id,
        faults,
        state: 'queued',
        result: undefined,
        fraction: () => (job.state === 'done' ? 1 : total === 0 ? 0 : Math.min(0.99, (now() - startedAt) / total)),
      }
      jobs.set(id, job)
      for (const oldest of jobs.keys()) {
        if (jobs.size <= JOBS_KEPT) break
        jobs.delete(oldest)
      }
      void work(job, asked, waits)
      return job
    },
    find: (id: string): Job<Result> | undefined => jobs.get(id),
    /** How many wait before it. */
    position({ id }: Job<Result>): number {
      const waiting = [...jobs.values()].filter(({ state }) => state === 'queued')
      return Math.max(
        0,
        waiting.findIndex((job) => job.id === id),
      )
    },
    /** Whether it was still free to cancel. */
    cancel(job: Job<Result>): boolean {
      if (job.state !== 'queued') return false
      job.state = 'cancelled'
      return true
    },
  }
}

interface Waits {
  readonly queuedMs: number
  readonly runningMs: number
}

/** The state as it is now: the compiler believes that nobody else changes it. */
function stateOf<Result>({ state }: Job<Result>): Job<Result>['state'] {
  return state
}
