import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

import { armedFailpoint } from '../core/failpoint.ts'
import {
  SEGMENT_BYTES,
  type DiskTrouble,
  type Order,
  type Removed,
  type Report,
  type WorkerData,
} from './disk-protocol.ts'
import { SegmentPool, type Holder, type Segment } from './segments.ts'
import type { Ended, Sink } from './sink.ts'
import { StorageTrouble } from './trouble.ts'

/** 16 MiB: ten 1.5 MB pictures, more than the worker empties between two turns of the event loop. */
const SEGMENTS = 64

type Job =
  | { order: 'touch'; names: readonly string[]; at: number }
  | { order: 'remove'; names: readonly string[]; olderThan: number }
  | { order: 'tidy'; olderThan: number }
  | { order: 'check' }

/**
 * The main thread's end of the disk worker, which is started when it is first needed and again after it broke. A broken worker
 * fails every picture that is on its way with StorageTrouble `EWORKER`.
 */
export class Disk {
  readonly #directory: string
  readonly #segments: number
  #line: Line | undefined

  constructor(directory: string, segments = SEGMENTS) {
    this.#directory = directory
    this.#segments = segments
  }

  /** A picture that will first be written as `<directory>/tmp/<name>`. */
  open(name: string): Sink {
    this.#line ??= this.#connect()
    return new DiskSink(this.#line, name)
  }

  /** A picture that is hashed and probed by the worker, and written nowhere. */
  openBlind(): Sink {
    this.#line ??= this.#connect()
    return new BlindSink(this.#line, '')
  }

  /** Lets go of the names under which the pictures of a generation arrived. */
  forget(generation: string): void {
    this.#line?.tell({ order: 'forget', generation })
  }

  /** Rejects with StorageTrouble; what had been removed by then is removed. */
  async run(job: Job): Promise<Removed> {
    this.#line ??= this.#connect()
    return this.#line.run(job)
  }

  /** Ends the worker. Pictures on their way are lost, their temporary files stay for `tidy`. */
  async close(): Promise<void> {
    const line = this.#line
    this.#line = undefined
    await line?.close()
  }

  #connect(): Line {
    const line = new Line(this.#directory, this.#segments, () => {
      if (this.#line === line) this.#line = undefined
    })
    return line
  }
}

/** One life of the worker, with the segments it shares and the answers it owes. */
class Line {
  readonly directory: string
  readonly pool: SegmentPool
  readonly #worker: Worker
  readonly #ends = new Map<number, Waiter<Ended>>()
  readonly #commits = new Map<number, Waiter<void>>()
  readonly #jobs = new Map<number, Waiter<Removed>>()
  readonly #idle: (() => void)[] = []
  readonly #broke: () => void
  #last = 0
  /** Whether the worker keeps the process alive: only while it has something to do for us. */
  #held = false
  broken: StorageTrouble | undefined

  constructor(directory: string, segments: number, broke: () => void) {
    this.#broke = broke
    this.directory = directory
    this.#worker = new Worker(new URL('./disk-worker.ts', import.meta.url), {
      workerData: { root: directory, armed: armedFailpoint() } satisfies WorkerData,
      execArgv: [], // Flags of the main program (--input-type, --test …) are none of the worker's.
      name: 'plantain-disk',
    })
    this.#worker.on('message', (report: Report) => this.#hear(report))
    this.#worker.on('error', (error) => this.#break(error instanceof Error ? error.message : String(error)))
    this.#worker.on('exit', () => this.#break('it has ended'))
    this.#worker.unref()
    this.pool = new SegmentPool(segments, (segment, memory) => this.tell({ order: 'segment', segment, memory }))
  }

  tell(order: Order): void {
    if (this.broken !== undefined) return
    if (!this.#held) this.#worker.ref()
    this.#held = true
    this.#worker.postMessage(order, [])
  }

  number(): number {
    return ++this.#last
  }

  end(picture: number): Promise<Ended> {
    return this.#ask(this.#ends, picture, { order: 'end', picture })
  }

  commit(picture: number, at: number): Promise<void> {
    return this.#ask(this.#commits, picture, { order: 'commit', picture, at })
  }

  run(job: Job): Promise<Removed> {
    const number = this.number()
    return this.#ask(this.#jobs, number, { ...job, job: number })
  }

  async close(): Promise<void> {
    if (this.broken !== undefined) return
    if (this.#isBusy()) await new Promise<void>((resolve) => this.#idle.push(resolve))
    await this.#worker.terminate()
  }

  #ask<T>(waiters: Map<number, Waiter<T>>, number: number, order: Order): Promise<T> {
    if (this.broken !== undefined) return Promise.reject(this.broken)
    return new Promise((resolve, reject) => {
      waiters.set(number, { resolve, reject })
      this.tell(order)
    })
  }

  #hear(report: Report): void {
    switch (report.report) {
      case 'free':
        this.pool.returned(report.segment)
        break
      case 'ended': {
        const { sha256, bytes, probed } = report
        this.#settle(this.#ends, report.picture, { sha256, bytes, probed }, undefined)
        break
      }
      case 'committed':
        this.#settle(this.#commits, report.picture, undefined, report.trouble)
        break
      case 'done':
        this.#settle(this.#jobs, report.job, report.removed, report.trouble)
        break
    }
    if (this.#isBusy()) return
    this.#held = false
    this.#worker.unref()
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #settle<T>(waiters: Map<number, Waiter<T>>, number: number, value: T, trouble: DiskTrouble | undefined): void {
    const waiter = waiters.get(number)
    waiters.delete(number)
    if (trouble === undefined) waiter?.resolve(value)
    else waiter?.reject(new StorageTrouble(trouble.code, trouble.message))
  }

  #isBusy(): boolean {
    return this.pool.isWorking || this.#ends.size + this.#commits.size + this.#jobs.size > 0
  }

  #break(reason: string): void {
    if (this.broken !== undefined) return
    this.broken = new StorageTrouble('EWORKER', `The disk worker failed: ${reason}.`)
    this.#broke()
    for (const waiters of [this.#ends, this.#commits, this.#jobs])
      for (const waiter of waiters.values()) waiter.reject(this.broken)
    for (const resolve of this.#idle.splice(0)) resolve()
    this.pool.breakUp()
  }
}

interface Waiter<T> {
  resolve(value: T): void
  reject(trouble: StorageTrouble): void
}

/** One picture on its way through the worker. */
class DiskSink implements Sink, Holder {
  readonly #line: Line
  readonly #name: string
  readonly #number: number
  #segment: Segment | undefined
  #used = 0
  #wake: (() => void) | undefined
  #told = false
  #sha256 = ''
  #path: string | undefined

  constructor(line: Line, name: string) {
    this.#line = line
    this.#name = name
    this.#path = name === '' ? undefined : join(line.directory, 'tmp', name)
    this.#number = line.number()
  }

  room(): Buffer | undefined {
    if (this.#segment !== undefined && SEGMENT_BYTES - this.#used < 3) this.flush()
    if (this.#segment === undefined) this.#segment = this.#line.pool.take(this)
    return this.#segment?.bytes.subarray(this.#used)
  }

  filled(length: number): void {
    this.#used += length
  }

  async ready(): Promise<void> {
    if (this.#line.broken !== undefined) throw this.#line.broken
    if (this.room() !== undefined) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      this.#line.pool.wait(this)
    })
    if (this.#line.broken !== undefined) throw this.#line.broken
  }

  granted(segment: Segment | undefined): void {
    this.#segment = segment
    this.#wake?.()
  }

  flush(): void {
    const segment = this.#segment
    if (segment === undefined || this.#used === 0) return
    const length = this.#used
    this.#segment = undefined
    this.#used = 0
    this.#told = true
    this.#line.pool.sent(this)
    this.#line.tell({ order: 'write', picture: this.#number, name: this.#name, segment: segment.index, length })
  }

  get path(): string | undefined {
    return this.#path
  }

  async end(): Promise<Ended> {
    this.flush()
    const ended = await this.#line.end(this.#number)
    this.#sha256 = ended.sha256
    return ended
  }

  async commit(at: number): Promise<void> {
    await this.#line.commit(this.#number, at)
    this.#path = join(this.#line.directory, this.#sha256.slice(0, 2), this.#sha256)
  }

  drop(): void {
    this.#line.pool.leave(this, this.#segment)
    this.#segment = undefined
    this.#used = 0
    this.#wake?.()
    if (this.#told) this.#line.tell({ order: 'drop', picture: this.#number })
  }
}

/** One picture that only passes through: with nothing written, there is nothing to make durable. */
class BlindSink extends DiskSink {
  override commit(): Promise<void> {
    this.drop()
    return Promise.resolve()
  }
}
