import { fileURLToPath } from 'node:url'

import type { Clock } from '../../core/clock.ts'
import type { Result } from '../../core/result.ts'
import type { DecodingLimits, DecodingProcess, Source } from './decoding-process.ts'
import type { Job } from './protocol.ts'

interface Limits extends DecodingLimits {
  /** Processes, and so jobs, at once. Whoever waits for one is a request in flight, and those are counted elsewhere. */
  readonly atOnce: number
  /** How long an unused process is kept. */
  readonly idleMs: number
  /** The file that the processes run. */
  readonly program: string
}

export const LIMITS: Limits = {
  maxRssBytes: 512 * 1024 * 1024,
  maxRestingBytes: 192 * 1024 * 1024,
  maxMs: 10_000,
  pollMs: 50,
  atOnce: 2,
  idleMs: 60_000,
  program: fileURLToPath(new URL('./decode.ts', import.meta.url)),
}

/**
 * Decodes pixels, in processes of their own and nowhere else. They are started when they are first needed, used again, and ended when
 * they idle; one that crashed, grew or took too long is replaced by the next job.
 */
export class Decoder {
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #idle: { readonly process: DecodingProcess; readonly wake: AbortController }[] = []
  readonly #alive = new Set<DecodingProcess>()
  readonly #queue: (() => void)[] = []
  readonly #jobs = new Set<Promise<void>>()
  #running = 0

  constructor(clock: Clock, limits: Partial<Limits> = {}) {
    this.#clock = clock
    this.#limits = { ...LIMITS, ...limits }
  }

  /** Slices of what the job asks for, or in a sentence why there is none. Rejects when no process can be started. */
  async run(job: Job, source: Source): Promise<Result<readonly Buffer[], string>> {
    const { promise: done, resolve } = Promise.withResolvers<void>()
    this.#jobs.add(done)
    try {
      return await this.#inTurn(() => this.#work(job, source))
    } finally {
      this.#jobs.delete(done)
      resolve()
    }
  }

  /** Of the processes that are alive now. */
  get pids(): readonly number[] {
    return [...this.#alive].flatMap(({ pid }) => pid ?? [])
  }

  /** Waits for the jobs, then ends the processes. */
  async close(): Promise<void> {
    await Promise.all(this.#jobs)
    for (const { wake } of this.#idle.splice(0)) wake.abort()
    await Promise.all([...this.#alive].map((process) => process.end()))
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limits.atOnce) this.#running++
    else await new Promise<void>((resolve) => this.#queue.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#queue.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }

  async #work(job: Job, source: Source): Promise<Result<readonly Buffer[], string>> {
    const process = this.#rested() ?? (await this.#start())
    try {
      return await process.run(job, source)
    } finally {
      if (process.isUsable) this.#rest(process)
      else void process.end()
    }
  }

  /** The one that rested last: the others come to the end of their idle time. */
  #rested(): DecodingProcess | undefined {
    for (let rested = this.#idle.pop(); rested !== undefined; rested = this.#idle.pop()) {
      rested.wake.abort()
      if (rested.process.isUsable) return rested.process
      void rested.process.end()
    }
    return undefined
  }

  /** What starts processes is loaded with the first of them: a gateway that decodes nothing is not larger for it. */
  async #start(): Promise<DecodingProcess> {
    const modules = [import('./decoding-process.ts'), import('./isolation.ts')] as const
    const [{ DecodingProcess: Process }, { commandFor, isolation }] = await Promise.all(modules)
    const process = new Process(commandFor(await isolation(), this.#limits.program), this.#limits, this.#clock)
    this.#alive.add(process)
    void process.gone.then(() => this.#alive.delete(process))
    return process
  }

  #rest(process: DecodingProcess): void {
    const rested = { process, wake: new AbortController() }
    this.#idle.push(rested)
    this.#clock.sleep(this.#limits.idleMs, rested.wake.signal).then(
      () => {
        this.#idle.splice(this.#idle.indexOf(rested), 1)
        return process.end()
      },
      () => {}, // Woken for the next job, or ended with the rest.
    )
  }
}
