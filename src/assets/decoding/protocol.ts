import { FORMATS, type Format } from '../../core/image-request.ts'

/** What the decoding process is asked to make of one picture. */
export interface Job {
  /**
   * `clean`: the same picture in its own `format`, without metadata, colour profile or anything else that is not pixels.
   * `convert`: another `format`.
   * `tile`: one of the equal parts that it is cut into, to the pixel.
   * `stencil`: in black and white what a mask means.
   */
  readonly kind: 'clean' | 'convert' | 'tile' | 'stencil'
  readonly format: Format
  /** Quality, a whole number from 0 to 100, for JPEG and WebP. `clean` has its own. */
  readonly compression?: number | undefined
  /** For `tile`. */
  readonly tile?: Tile
  /** For `stencil`: what stands for the pixels that are meant; the others get the opposite. */
  readonly marked?: Marked
  /** More pixels than this are refused by their header. */
  readonly maxPixels: number
  /** A result of more bytes than this is refused. */
  readonly maxBytes: number
}

/** One part of a picture that is cut into `columns` by `rows`; both at most 255. */
export interface Tile {
  readonly columns: number
  readonly rows: number
  /** From 0, at the left. */
  readonly column: number
  /** From 0, at the top. */
  readonly row: number
}

export type Marked = (typeof MARKS)[number]

/** `ready` is told once, unasked, when the process has started; the others answer a job, with a picture or with a sentence. */
export type Answer = (typeof ANSWERS)[number]

const KINDS = ['clean', 'convert', 'tile', 'stencil'] as const
const MARKS = ['black', 'white'] as const
const ANSWERS = ['ready', 'made', 'refused'] as const
const NO_COMPRESSION = 255
const NO_MARK = 255

/**
 * Kind, format, compression and mark, a byte each; then pixels, result bytes and body bytes, 32 bits each; then columns, rows, column
 * and row of a tile, a byte each, all zero where there is none.
 */
export const JOB_HEAD_BYTES = 20
/** Answer and three zeros, a byte each; then body bytes, 32 bits. */
export const ANSWER_HEAD_BYTES = 8

/** The head of a job; `byteLength` bytes of picture follow it. */
export function jobHead(job: Job, byteLength: number): Buffer {
  const { kind, format, compression, maxPixels, maxBytes, tile, marked } = job
  const head = Buffer.alloc(JOB_HEAD_BYTES)
  const mark = marked === undefined ? NO_MARK : MARKS.indexOf(marked)
  head.set([KINDS.indexOf(kind), FORMATS.indexOf(format), compression ?? NO_COMPRESSION, mark])
  head.writeUInt32BE(maxPixels, 4)
  head.writeUInt32BE(maxBytes, 8)
  head.writeUInt32BE(byteLength, 12)
  if (tile) head.set([tile.columns, tile.rows, tile.column, tile.row], 16)
  return head
}

/** Undefined for a head that names no kind or format. */
export function readJobHead(head: Buffer): { readonly job: Job; readonly byteLength: number } | undefined {
  const [kind, format] = [KINDS[head[0] ?? -1], FORMATS[head[1] ?? -1]]
  if (kind === undefined || format === undefined) return undefined
  const marked = MARKS[head[3] ?? NO_MARK]
  const [columns = 0, rows = 0, column = 0, row = 0] = head.subarray(16)
  const job = {
    kind,
    format,
    compression: head[2] === NO_COMPRESSION ? undefined : head[2],
    ...(marked && { marked }),
    ...(columns > 0 && { tile: { columns, rows, column, row } }),
    maxPixels: head.readUInt32BE(4),
    maxBytes: head.readUInt32BE(8),
  }
  return { job, byteLength: head.readUInt32BE(12) }
}

export function answerHead(answer: Answer, byteLength: number): Buffer {
  const head = Buffer.alloc(ANSWER_HEAD_BYTES)
  head.set([ANSWERS.indexOf(answer)])
  head.writeUInt32BE(byteLength, 4)
  return head
}

/** Undefined for a head that is no answer's. */
export function readAnswerHead(head: Buffer): { readonly answer: Answer; readonly byteLength: number } | undefined {
  const answer = ANSWERS[head[0] ?? -1]
  return answer && { answer, byteLength: head.readUInt32BE(4) }
}

/** One message: a head of fixed length, and the slices of its body as they came. */
export interface Frame {
  readonly head: Buffer
  readonly slices: readonly Buffer[]
}

/** Cuts a stream of bytes into frames. A body is never joined, and never longer than `lengthOf` its head allows. */
export class FrameReader {
  readonly #headBytes: number
  readonly #lengthOf: (head: Buffer) => number | undefined
  #head: Buffer = Buffer.alloc(0)
  #slices: Buffer[] = []
  #missing: number | undefined

  /** `lengthOf` says how many bytes follow a head, or undefined when such a head must not be. */
  constructor(headBytes: number, lengthOf: (head: Buffer) => number | undefined) {
    this.#headBytes = headBytes
    this.#lengthOf = lengthOf
  }

  /** The frames that these bytes complete, or undefined when they break the protocol. */
  push(bytes: Buffer): readonly Frame[] | undefined {
    const frames: Frame[] = []
    for (let rest = bytes; rest.length > 0;) {
      if (this.#missing === undefined) {
        const part = rest.subarray(0, this.#headBytes - this.#head.length)
        this.#head = Buffer.concat([this.#head, part])
        rest = rest.subarray(part.length)
        if (this.#head.length < this.#headBytes) return frames
        this.#missing = this.#lengthOf(this.#head)
        if (this.#missing === undefined) return undefined
      }
      const part = rest.subarray(0, this.#missing)
      rest = rest.subarray(part.length)
      if (part.length > 0) this.#slices.push(part)
      this.#missing -= part.length
      if (this.#missing > 0) return frames
      frames.push({ head: this.#head, slices: this.#slices })
      this.#head = Buffer.alloc(0)
      this.#slices = []
      this.#missing = undefined
    }
    return frames
  }
}
