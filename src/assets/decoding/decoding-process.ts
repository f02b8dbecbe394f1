import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'

import type { Clock } from '../../core/clock.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Command } from './isolation.ts'
import { ANSWER_HEAD_BYTES, FrameReader, jobHead, readAnswerHead, type Frame, type Job } from './protocol.ts'

export interface DecodingLimits {
  /** Resident memory of a decoding process. One megapixel needs 100 MiB, a progressive JPEG of 49 needs 390. */
  readonly maxRssBytes: number
  /** A process that is larger than this after a job is not used again: what earlier pictures left is no room for the next. */
  readonly maxRestingBytes: number
  /** For one job, and for the start of the process. */
  readonly maxMs: number
  readonly pollMs: number
}

/** The bytes of one picture. */
export interface Source {
  readonly byteLength: number
  readonly slices: Iterable<Buffer> | AsyncIterable<Buffer>
}

/**
 * All of it. Without this one constant glibc gives every thread a heap of its own, and keeps them: measured, 239 MiB instead of
 * 151 after ten pictures of 12 megapixels. Source: mallopt(3), M_ARENA_MAX (read 2026-11-22).
 */
const ENVIRONMENT = { MALLOC_ARENA_MAX: '1' }
/** A sentence is short; what is longer comes from a process that something has taken over. */
const MAX_SENTENCE_BYTES = 1024
const KEPT_STDERR_BYTES = 4096
const MIB = 1024 * 1024

/** One life of the process in which pixels are decoded. It does one job at a time, and whatever it says is doubted. */
export class DecodingProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #limits: DecodingLimits
  readonly #clock: Clock
  readonly #reader: FrameReader
  readonly #started = Promise.withResolvers<void>()
  /** Resolves once the process is gone, however it ended. */
  readonly gone: Promise<void>
  #waiting: { readonly job: Job; readonly resolve: (answer: Result<readonly Buffer[], string>) => void } | undefined
  #isReady = false
  #isGone = false
  /** Why it was killed. */
  #verdict: string | undefined
  #stderr = ''

  constructor([file, ...args]: Command, limits: DecodingLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    this.#reader = new FrameReader(ANSWER_HEAD_BYTES, (head) => this.#expectedBytes(head))
    this.#child = spawn(file, args, { env: ENVIRONMENT, cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stdout.on('data', (bytes: Buffer) => this.#hear(bytes))
    this.#child.stderr.on('data', (bytes: Buffer) => {
      this.#stderr = (this.#stderr + bytes.toString('latin1')).slice(-KEPT_STDERR_BYTES)
    })
    // A process that dies while it is written to is noticed by its end.
    this.#child.stdin.on('error', () => {})
    const starting = new AbortController()
    this.#expire(starting.signal).catch(() => {}) // Rejects when it has started, or ended.
    const started = () => starting.abort()
    this.#started.promise.then(started, started) // A failure is told to whoever waits for a job.
    this.gone = new Promise((resolve) => {
      const ended = (how: string) => {
        this.#bury(how)
        resolve()
      }
      this.#child.on('error', (error) => ended(error.message))
      this.#child.on('close', (code, signal) => ended(signal ?? `exit code ${code}`))
    })
    this.#hold(false)
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Alive, and not so large from earlier jobs that the next one would pay for them. */
  get isUsable(): boolean {
    return !this.#isGone && this.#verdict === undefined && this.#rssBytes() <= this.#limits.maxRestingBytes
  }

  /**
   * Slices of the picture that the job asks for, or in a sentence why there is none: refused, too slow, too large, crashed. The
   * process may be gone afterwards. Rejects when it could not be started, which is no picture's fault.
   */
  async run(job: Job, source: Source): Promise<Result<readonly Buffer[], string>> {
    const { promise: answer, resolve } = Promise.withResolvers<Result<readonly Buffer[], string>>()
    const done = new AbortController()
    this.#hold(true)
    try {
      this.#watch(done.signal).catch(() => {}) // Rejects when the job is done.
      await this.#started.promise
      this.#expire(done.signal).catch(() => {})
      this.#waiting = { job, resolve }
      if (this.#isGone) return err(this.#obituary(''))
      await this.#feed(job, source)
      return await answer
    } catch (error) {
      void this.end() // Not started; or the picture could not be read to its end, and half a job is in the pipe.
      throw error
    } finally {
      done.abort()
      this.#waiting = undefined
      if (this.#verdict === undefined) this.#hold(false)
    }
  }

  /** Ends it at once, and resolves when it is gone. */
  async end(verdict = 'The decoder was stopped.'): Promise<void> {
    this.#verdict ??= verdict
    if (this.#isGone) return
    this.#hold(true)
    this.#child.kill('SIGKILL')
    await this.gone
  }

  async #feed(job: Job, { byteLength, slices }: Source): Promise<void> {
    this.#child.stdin.write(jobHead(job, byteLength))
    let fed = 0
    for await (const slice of slices) {
      if (this.#isGone) return
      fed += slice.length
      // Called back when it has gone into the pipe, and also when there is no pipe any more.
      await new Promise<void>((resolve) => this.#child.stdin.write(slice, () => resolve()))
    }
    if (fed !== byteLength) void this.end('The picture has another length than was foretold.')
  }

  #hear(bytes: Buffer): void {
    const frames = this.#reader.push(bytes)
    if (frames === undefined) void this.end('The decoder broke down over the picture.')
    else for (const frame of frames) this.#answered(frame)
  }

  /** Undefined for what nobody asked for, and for what is longer than was asked for. */
  #expectedBytes(head: Buffer): number | undefined {
    const { answer, byteLength } = readAnswerHead(head) ?? {}
    if (byteLength === undefined) return undefined
    if (answer === 'ready') return !this.#isReady && byteLength === 0 ? 0 : undefined
    if (this.#waiting === undefined) return undefined
    const most = answer === 'made' ? this.#waiting.job.maxBytes : MAX_SENTENCE_BYTES
    return byteLength <= most ? byteLength : undefined
  }

  #answered({ head, slices }: Frame): void {
    const answer = readAnswerHead(head)?.answer
    if (answer === 'ready') {
      this.#isReady = true
      this.#started.resolve()
      return
    }
    const sentence = () =>
      Buffer.concat(slices)
        .toString('latin1')
        .replaceAll(/[^ -~]/g, '?')
    this.#waiting?.resolve(answer === 'made' ? ok(slices) : err(sentence()))
    this.#waiting = undefined
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { maxRssBytes, pollMs } = this.#limits
    while (!signal.aborted) {
      if (this.#rssBytes() > maxRssBytes)
        return this.end(`Decoding the picture took more than ${maxRssBytes / MIB} MiB of memory.`)
      await this.#clock.sleep(pollMs, signal)
    }
  }

  async #expire(signal: AbortSignal): Promise<void> {
    const { maxMs } = this.#limits
    await this.#clock.sleep(maxMs, signal)
    await this.end(`Decoding the picture took more than ${maxMs / 1000} seconds.`)
  }

  /** Read on this thread: it is no file on a disk, and takes less than 100 µs. Zero where the system has no such file, or the process is gone. */
  #rssBytes(): number {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'latin1')
      return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
    } catch {
      return 0
    }
  }

  #bury(how: string): void {
    this.#isGone = true
    this.#started.reject(new Error(`The decoding process did not start: ${this.#verdict ?? how}\n${this.#stderr}`))
    this.#waiting?.resolve(err(this.#obituary(how)))
    this.#waiting = undefined
  }

  #obituary(how: string): string {
    return this.#verdict ?? `The decoder broke down over the picture${how === '' ? '' : ` (${how})`}.`
  }

  /** Whether it keeps the gateway's process alive: only while it has something to do. */
  #hold(isBusy: boolean): void {
    const { stdin, stdout, stderr } = this.#child
    for (const end of [stdin, stdout, stderr]) {
      if (!(end instanceof Socket)) continue
      if (isBusy) end.ref()
      else end.unref()
    }
    if (isBusy) this.#child.ref()
    else this.#child.unref()
  }
}
