import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'

import { IntakeQueue } from './intake-queue.ts'
import type { JsonValue, OpenIntake } from './json-blob.ts'
import { LONG_STRING_BYTES, Refusal, refuse, sizeText } from './json-limits.ts'
import type { JsonLimits, JsonProblem } from './json-limits.ts'
import { JsonSyntax } from './json-syntax.ts'
import { LongString } from './long-string.ts'
import type { PictureMemory } from './picture-memory.ts'
import { err, ok } from './result.ts'
import type { Result } from './result.ts'
import { Skeleton } from './skeleton.ts'
import { SliceKeeper } from './slice-keeper.ts'
import { spendTurn } from './turn.ts'

export interface ReadOptions {
  readonly limits: JsonLimits
  /**
   * `request`: what a caller sent; anything doubtful is refused. `answer`: what a provider sent; a byte order mark, repeated keys,
   * bytes that are not UTF-8, infinite numbers and white space in base64 are put up with.
   */
  readonly mode: 'request' | 'answer'
  readonly intake?: OpenIntake
  /** Counts what is held, and takes base64 of 64 KiB and more out of memory once that is full. */
  readonly memory?: PictureMemory
}

export interface JsonDocument {
  readonly value: JsonValue
  /** Answers only: dotted paths of repeated keys, of which the last won. At most 100. */
  readonly duplicates: readonly string[]
}

/**
 * Reads one JSON document from bytes as they arrive. Every string value of 4 KiB or more becomes a `JsonBlob` of slices of those
 * bytes, everything else goes through `JSON.parse`. A refusal is a value and comes as soon as it is certain; the source is then closed
 * through its `return()` (give it `request.iterator({ destroyOnReturn: false })` to answer on the same socket). A throw of the
 * source, an intake or the spill goes through. In both cases every intake has been aborted.
 */
export async function readJson(
  source: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): Promise<Result<JsonDocument, JsonProblem>> {
  const reader = new Reader(options)
  try {
    for await (const chunk of source) {
      reader.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      const handed = reader.handOver()
      if (handed !== undefined) await handed
      const pause = spendTurn(chunk.byteLength)
      if (pause !== undefined) await pause
    }
    return ok(await reader.finish())
  } catch (problem) {
    reader.abort()
    if (problem instanceof Refusal) return err(problem.problem)
    throw problem
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Walks the bytes of one document: strings by native search, the little between them byte by byte. Throws `Refusal`. */
class Reader {
  readonly #options: ReadOptions
  readonly #syntax: JsonSyntax
  readonly #skeleton = new Skeleton()
  readonly #intakes = new IntakeQueue()
  readonly #keeper = new SliceKeeper()
  /** Tells our placeholders from anything a sender can write. */
  readonly #nonce = randomUUID()
  readonly #longStrings: LongString[] = []
  #blobs = 0
  #bytes = 0

  #inString = false
  /** Bytes of the string at hand that are in the skeleton already, from earlier chunks. */
  #seen = 0
  /** Whether the last byte seen was a backslash that escapes the next one. */
  #isEscaped = false
  #long: LongString | undefined
  /** How far the chunk at hand is in the skeleton, or need not be. */
  #copied = 0

  constructor(options: ReadOptions) {
    this.#options = options
    this.#syntax = new JsonSyntax(options.limits, options.mode)
  }

  push(chunk: Buffer): void {
    const { maxBytes } = this.#options.limits
    this.#bytes += chunk.length
    if (this.#bytes > maxBytes) {
      throw new Refusal({ code: 'payload_too_large', message: `The body is larger than ${sizeText(maxBytes)}.` })
    }
    this.#copied = 0
    for (let at = 0; at < chunk.length;) {
      if (!this.#inString) {
        at = this.#syntax.scan(chunk, at, this.#bytes - chunk.length)
        if (at === chunk.length) break
        at += 1
        this.#inString = true
        this.#seen = 0
      }
      at = this.#string(chunk, at)
    }
    this.#copyUpTo(chunk, chunk.length)
  }

  /** Gives intakes what the last chunk brought and takes what may leave memory out of it. Undefined when there is nothing to wait for. */
  handOver(): Promise<void> | undefined {
    const drained = this.#intakes.drain()
    if (this.#options.memory?.isFull !== true && this.#long?.isMoved !== true) return drained
    return Promise.resolve(drained).then(() => this.#relieve(false))
  }

  async #relieve(isLast: boolean): Promise<void> {
    for (const long of this.#longStrings) await long.relieve(isLast)
  }

  async finish(): Promise<JsonDocument> {
    this.#syntax.end(this.#bytes, this.#inString)
    await this.#relieve(true)
    const bytes = this.#skeleton.bytes()
    if (this.#options.mode === 'request' && !isUtf8(bytes)) refuse('The body is not valid JSON: it is not UTF-8.')
    const value = this.#replacePlaceholders(parseSkeleton(bytes))
    return { value, duplicates: this.#syntax.duplicates }
  }

  abort(): void {
    for (const long of this.#longStrings) long.abort()
  }

  /** Goes on with the string at hand from `from`. Returns where to go on behind it, or the chunk's end. */
  #string(chunk: Buffer, from: number): number {
    const quote = this.#closingQuote(chunk, from)
    const isClosed = quote !== -1
    const to = isClosed ? quote : chunk.length
    const length = this.#seen + to - from
    if (this.#long !== undefined) {
      this.#long.feed(chunk.subarray(from, to))
      this.#copied = to
    } else if (length >= LONG_STRING_BYTES && !this.#syntax.isKey) {
      this.#begin(chunk, from, to)
    } else if (length > this.#options.limits.maxStringBytes) {
      refuse(`A string is longer than ${sizeText(this.#options.limits.maxStringBytes)}.`, this.#syntax.path())
    } else if (!isClosed || this.#seen > 0) {
      this.#copyUpTo(chunk, to)
      this.#seen = length
    }
    if (!isClosed) return to
    if (this.#long !== undefined) this.#long.end()
    else if (this.#syntax.isKey)
      this.#syntax.key(this.#seen > 0 ? this.#skeleton.last(length) : chunk.subarray(from, to))
    this.#long = undefined
    this.#inString = false
    this.#syntax.stringEnds()
    return to + 1
  }

  /** Where the string ends, counting backslashes; -1 when it goes on in the next chunk. */
  #closingQuote(chunk: Buffer, from: number): number {
    let at = this.#isEscaped ? from + 1 : from
    for (;;) {
      const quote = chunk.indexOf(QUOTE, at)
      const end = quote === -1 ? chunk.length : quote
      let start = end
      while (start > at && chunk[start - 1] === BACKSLASH) start--
      this.#isEscaped = (end - start) % 2 === 1
      if (quote === -1) return -1
      if (!this.#isEscaped) return quote
      at = quote + 1
    }
  }

  /** The string at hand has turned out to be long: a placeholder takes its place in the skeleton. */
  #begin(chunk: Buffer, from: number, to: number): void {
    this.#copyUpTo(chunk, from)
    const head = this.#skeleton.takeBack(this.#seen)
    const rest = this.#seen === 0 ? to : Math.min(to, from + LONG_STRING_BYTES)
    const first = chunk.subarray(from, rest)
    this.#skeleton.append(Buffer.from(this.#placeholder(this.#longStrings.length)))
    this.#copied = to

    const { limits, mode, intake, memory } = this.#options
    const { maxStringBytes, maxBlobs } = limits
    const path = this.#syntax.path()
    const long = new LongString(path, {
      mode,
      maxStringBytes,
      openIntake: intake,
      keeper: this.#keeper,
      intakes: this.#intakes,
      memory,
    })
    this.#longStrings.push(long)
    this.#long = long
    long.begin(this.#seen === 0 ? first : Buffer.concat([head, first]))
    if (long.isBase64) this.#blobs += 1
    if (this.#blobs > maxBlobs)
      refuse(`The body holds more than ${maxBlobs} pictures or other long base64 strings.`, path)
    long.feed(chunk.subarray(rest, to))
  }

  /** Brings the skeleton up to `end` of the chunk, except for what it need not have. */
  #copyUpTo(chunk: Buffer, end: number): void {
    if (end > this.#copied) this.#skeleton.append(chunk.subarray(this.#copied, end))
    this.#copied = end
  }

  #placeholder(index: number): string {
    return `${this.#nonce}:${index}`
  }

  /** A long string whose place was taken by a later key of the same name is nobody's: its intake forgets it. */
  #replacePlaceholders(document: JsonValue): JsonValue {
    const root: Record<string, JsonValue> = { document }
    for (const [index, long] of this.#longStrings.entries()) {
      const path = ['document', ...long.path]
      const last = String(path.pop())
      const holder = path.reduce<unknown>(
        (value, key) => (isContainer(value) ? own(value, String(key)) : undefined),
        root,
      )
      if (isContainer(holder) && own(holder, last) === this.#placeholder(index)) holder[last] = long.blob()
      else long.abort()
    }
    return root['document'] ?? null
  }
}

function parseSkeleton(bytes: Buffer): JsonValue {
  const text = bytes.toString('utf8')
  try {
    const value: JsonValue = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text)
    return value
  } catch {
    // What JSON.parse says quotes the document, and a caller's prompt does not belong into messages.
    return refuse('The body is not valid JSON: a string holds an unknown escape or a control character.')
  }
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** Own properties only: `__proto__` is a key like any other in an answer. */
function own(container: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(container, key) ? container[key] : undefined
}
