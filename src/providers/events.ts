import type { IncomingHttpHeaders } from 'node:http'

import type { Clock } from '../core/clock.ts'
import type { JsonValue, OpenIntake } from '../core/json-blob.ts'
import { ANSWER_LIMITS, type JsonLimits, readJson } from '../core/json-blobs.ts'
import type { PictureMemory } from '../core/picture-memory.ts'
import { err, type Result } from '../core/result.ts'
import { type PaceLimits, watchBody } from './answer-body.ts'
import { END, Pieces } from './event-lines.ts'
import { type Answer, deadlinePassed, RAW_BYTES, unusableAnswer } from './failure.ts'
import type { Call, UpstreamFailure } from './provider.ts'
import { StreamClock } from './stream-clock.ts'

/** What an adapter makes of the events of its provider. */
export interface EventReader<T> {
  /** Whether events of this name (undefined: they have none) bring the picture itself, which the asset store may watch. */
  isFinal(event: string | undefined): boolean
  /** As for any answer: whether a long string at this place of an event is a picture. */
  pictures?(path: readonly (string | number)[]): boolean
  /** Each event in its order, as an answer. A result ends the stream; without one until its end, the picture never came. */
  event(answer: Answer): Result<T, UpstreamFailure> | undefined
}

interface StreamParts {
  readonly limits: PaceLimits & { readonly answerBytes: number }
  readonly memory: PictureMemory | undefined
}

/** An answer whose body is events. */
interface Arriving {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: AsyncIterable<Buffer>
  /** By the call's clock. */
  readonly startedAt: number
}

/**
 * What a stream of events comes to. One that ends or breaks without its last event most likely was paid for: calls go on at the provider
 * when nobody listens any more.
 */
export async function readStream<T>(
  call: Call,
  reader: EventReader<T>,
  { status, headers, body: arriving, startedAt }: Arriving,
  { limits, memory }: StreamParts,
): Promise<Result<T, UpstreamFailure>> {
  const pace = new StreamClock(call.clock)
  const body = watchBody(arriving, limits, pace)
  const bytes = body.bytes[Symbol.asyncIterator]()
  const intakeOf = (event: string | undefined): OpenIntake => {
    const isFinal = reader.isFinal(event)
    return (place, mediaType) => (isFinal && reader.pictures?.(place) ? call.intake(place, mediaType) : undefined)
  }
  let problem: string | undefined
  try {
    const parts = { limits: { ...ANSWER_LIMITS, maxBytes: limits.answerBytes }, intakeOf, memory, pace }
    for await (const { data: value, raw } of readEvents(bytes, parts)) {
      const ms = call.clock.monotonic() - startedAt
      const result = reader.event({ status, headers, value, raw, ms })
      if (result !== undefined) return result
    }
    problem = body.problem()
  } finally {
    await leave(bytes, arriving, call.clock)
  }
  if (call.signal.aborted) return err({ ...deadlinePassed('answering'), status })
  return err(unusableAnswer(status, problem ?? 'its events ended before the picture came', body.raw()))
}

/** One server-sent event, its data read. */
export interface ServerEvent {
  readonly data: JsonValue
  /** The beginning of the data as text, at most 4 KiB. */
  readonly raw: string
}

interface EventParts {
  /** Of the data of one event; the whole stream may have `MOST_ANSWERS` times as many bytes. */
  readonly limits: JsonLimits
  /** Asked once per event, when its data begins, with its `event:` line if that came before. */
  readonly intakeOf: (name: string | undefined) => OpenIntake
  readonly memory?: PictureMemory | undefined
  readonly pace?: StreamClock
}

/** Previews are as large as the picture, and nobody sends more than three. */
const MOST_ANSWERS = 4

/**
 * Server-sent events whose data is JSON, one after the other as they arrive. The data goes through the codec while it comes in: a picture
 * of many megabytes on one line never becomes a string. Data that is no JSON is passed over: `[DONE]`, or an event that broke off. Ends
 * when the source does, and leaves it open when it is left itself.
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html (read 2026-11-22).
 */
export async function* readEvents(
  source: AsyncIterator<Buffer>,
  { limits, intakeOf, memory, pace }: EventParts,
): AsyncGenerator<ServerEvent> {
  const pieces = new Pieces(source, limits.maxBytes * MOST_ANSWERS, pace)
  for (;;) {
    const first = await pieces.next()
    if (first === undefined) return
    if (first === END) continue
    const intake = intakeOf(pieces.name)
    const data = new EventData(first, pieces)
    const read = await readJson(data, { limits, mode: 'answer', intake, ...(memory && { memory }) })
    await toItsEnd(data)
    if (read.ok) yield { data: read.value.value, raw: data.raw() }
  }
}

/** How long a provider that has said everything may take to end its stream: then the socket can be used again. */
const PARTING_MS = 500

/** Reads a stream to its end if that is near, and closes it otherwise. `body` is what `bytes` comes from. */
async function leave(bytes: AsyncIterator<Buffer>, body: AsyncIterable<Buffer>, clock: Clock): Promise<void> {
  const hasEnded = new AbortController()
  const rest = toItsEnd(bytes).finally(() => hasEnded.abort())
  await clock.sleep(PARTING_MS, hasEnded.signal).catch(() => {})
  if (!hasEnded.signal.aborted) await body[Symbol.asyncIterator]().return?.()
  await rest
}

async function toItsEnd(source: AsyncIterator<Buffer>): Promise<void> {
  while ((await source.next()).done !== true);
}

/** The data of one event, for the codec. Who leaves it early does not leave the stream. */
class EventData implements AsyncIterableIterator<Buffer> {
  readonly #pieces: Pieces
  readonly #head: Buffer[] = []
  #headBytes = 0
  #first: Buffer | undefined
  #isOver = false

  constructor(first: Buffer, pieces: Pieces) {
    this.#first = first
    this.#pieces = pieces
  }

  async next(): Promise<IteratorResult<Buffer>> {
    if (this.#isOver) return { done: true, value: undefined }
    const piece = this.#first ?? (await this.#pieces.next())
    this.#first = undefined
    this.#isOver = piece === undefined || piece === END
    if (piece === undefined || piece === END) return { done: true, value: undefined }
    this.#keepHead(piece)
    return { done: false, value: piece }
  }

  async return(): Promise<IteratorResult<Buffer>> {
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  raw(): string {
    return Buffer.concat(this.#head).toString('utf8')
  }

  /** A copy: a slice would keep the whole network buffer alive as long as the failure. */
  #keepHead(piece: Buffer): void {
    if (this.#headBytes >= RAW_BYTES) return
    const head = Buffer.from(piece.subarray(0, RAW_BYTES - this.#headBytes))
    this.#head.push(head)
    this.#headBytes += head.length
  }
}
