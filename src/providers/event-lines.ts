import type { StreamClock } from './stream-clock.ts'

/** Stands behind the data of each event. */
export const END = Symbol('end of an event')

/** The data of all events, piece by piece as it comes from the network. */
export class Pieces {
  readonly #source: AsyncIterator<Buffer>
  readonly #lines: EventLines
  readonly #mostBytes: number
  #bytes = 0
  #ready: Iterator<Buffer | typeof END> = [].values()

  constructor(source: AsyncIterator<Buffer>, mostBytes: number, pace: StreamClock | undefined) {
    this.#source = source
    this.#mostBytes = mostBytes
    this.#lines = new EventLines(pace)
  }

  /** Of the event whose data came last. */
  get name(): string | undefined {
    return this.#lines.name
  }

  async next(): Promise<Buffer | typeof END | undefined> {
    for (;;) {
      const piece = this.#ready.next()
      if (piece.done !== true) return piece.value
      const chunk = await this.#source.next()
      if (chunk.done === true) return undefined
      this.#bytes += chunk.value.length
      if (this.#bytes > this.#mostBytes) return undefined
      this.#ready = this.#lines.read(chunk.value)
    }
  }
}

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const NEW_LINE = Buffer.from('\n')
const BYTE_ORDER_MARK = Buffer.from('\u{feff}')
const DATA = 'data:'

/** Characters that are kept of a line that is not data: a comment may be as long as it likes. */
const MOST_CHARACTERS = 200

/** Finds the data among the bytes of a stream, cut anywhere. */
class EventLines {
  readonly #pace: StreamClock | undefined
  /** Of the mark that a stream may begin with: how many of its bytes have been met. */
  #marked = 0
  /** A line feed that comes next belongs to the carriage return before it. */
  #skipsLineFeed = false
  /** The beginning of a line, until it is known for data. */
  #head = ''
  #isData = false
  /** One space behind the colon is none of the data's. */
  #skipsSpace = false
  /** Whether the event at hand has any data yet. */
  #hasData = false
  name: string | undefined

  constructor(pace: StreamClock | undefined) {
    this.#pace = pace
  }

  *read(chunk: Buffer): Generator<Buffer | typeof END> {
    let at = this.#skipMark(chunk)
    if (this.#skipsLineFeed && chunk[at] === LINE_FEED) at += 1
    this.#skipsLineFeed = false
    while (at < chunk.length) {
      const end = lineEnd(chunk, at)
      yield* this.#part(chunk.subarray(at, end))
      if (end === chunk.length) return
      if (this.#lineEnds()) yield END
      const isTwo = chunk[end] === CARRIAGE_RETURN && chunk[end + 1] === LINE_FEED
      this.#skipsLineFeed = chunk[end] === CARRIAGE_RETURN && end + 1 === chunk.length
      at = end + (isTwo ? 2 : 1)
    }
  }

  /** How much of the chunk is the byte order mark. */
  #skipMark(chunk: Buffer): number {
    let at = 0
    while (this.#marked < BYTE_ORDER_MARK.length && at < chunk.length) {
      const isMark = chunk[at] === BYTE_ORDER_MARK[this.#marked]
      this.#marked = isMark ? this.#marked + 1 : BYTE_ORDER_MARK.length
      if (isMark) at += 1
    }
    return at
  }

  /** A part of a line. */
  *#part(bytes: Buffer): Generator<Buffer> {
    let value = bytes
    if (!this.#isData) {
      const before = this.#head.length
      this.#head += bytes.toString('latin1', 0, Math.max(0, MOST_CHARACTERS - before))
      if (!this.#head.startsWith(DATA)) return
      value = bytes.subarray(DATA.length - before)
      this.#isData = true
      this.#skipsSpace = true
      this.#pace?.run()
      // Several lines of data are one text, with line feeds between them.
      if (this.#hasData) yield NEW_LINE
      this.#hasData = true
    }
    if (this.#skipsSpace && value.length > 0) {
      this.#skipsSpace = false
      if (value[0] === SPACE) value = value.subarray(1)
    }
    if (value.length > 0) yield value
  }

  /** True when an event with data has ended. */
  #lineEnds(): boolean {
    const head = this.#head
    const wasData = this.#isData
    this.#head = ''
    this.#isData = false
    if (wasData) return false
    if (head !== '') {
      this.name = /^event: ?(.*)$/.exec(head)?.[1] ?? this.name
      return false
    }
    const isEvent = this.#hasData
    this.#hasData = false
    this.name = undefined
    this.#pace?.rest()
    return isEvent
  }
}

/** Where the line ends that goes on at `from`; the chunk's length when that is further on. */
function lineEnd(chunk: Buffer, from: number): number {
  const feed = chunk.indexOf(LINE_FEED, from)
  const end = feed === -1 ? chunk.length : feed
  const back = chunk.subarray(from, end).indexOf(CARRIAGE_RETURN)
  return back === -1 ? end : from + back
}
