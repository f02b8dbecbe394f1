import type { Hold } from './picture-memory.ts'

/**
 * A long JSON string, or a picture on its way into one, kept as bytes: it never becomes a JavaScript string.
 * Made by json-blobs' reader (slices of the network buffers) and by the asset store (binary), consumed by json-blobs' writer.
 */
export class JsonBlob {
  /**
   * `base64`: the slices are base64 characters, escapes already resolved, validity unchecked.
   * `text`: the slices are the raw inside of a JSON string, escapes and all.
   * `binary`: the slices are the bytes themselves; the writer encodes them.
   */
  readonly form: 'base64' | 'text' | 'binary'
  /** From a `data:<type>;base64,` prefix, lower case; the prefix is not part of the slices. */
  readonly mediaType: string | undefined
  readonly slices: readonly Buffer[]
  /** What watched the picture while it arrived, if anything did. */
  readonly intake: Intake | undefined
  /** Where the bytes are when the memory for pictures was used up: `slices` is then empty. */
  readonly spilled: Spilled | undefined
  /** Base64 from an answer with white space among its characters: a strict decoder refuses it, the writer leaves the white space out. */
  readonly spaced: boolean
  /** How it counts among the pictures in memory, if it does. */
  readonly hold: Hold | undefined

  constructor(
    form: 'base64' | 'text' | 'binary',
    slices: readonly Buffer[],
    mediaType?: string,
    intake?: Intake,
    more: { readonly spilled?: Spilled | undefined; readonly spaced?: boolean; readonly hold?: Hold | undefined } = {},
  ) {
    this.form = form
    this.slices = slices
    this.mediaType = mediaType
    this.intake = intake
    this.spilled = more.spilled
    this.spaced = more.spaced ?? false
    this.hold = more.hold
  }

  /** Bytes in the slices, or on disk: characters for `base64` and `text`. */
  get byteLength(): number {
    return this.slices.reduce((total, slice) => total + slice.length, this.spilled?.byteLength ?? 0)
  }

  /**
   * Said by whoever was the last to want the bytes: they no longer count as held in memory. They can still be read, so that a second
   * reader who came late loses nothing.
   */
  release(): void {
    this.hold?.release()
  }
}

/** Bytes that were moved out of memory. Iterating gives them in order, every time it is iterated. */
export interface Spilled extends AsyncIterable<Buffer> {
  readonly byteLength: number
}

/** A JSON value in which long strings stand as blobs. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | JsonBlob
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined }

/**
 * Watches one picture while its base64 arrives, so that hashing, probing and writing to disk overlap with the network.
 * The asset store implements it; the codec only feeds it.
 */
export interface Intake {
  /** Base64 characters with JSON escapes resolved. The buffer must not be changed afterwards. Returns a promise when the reader should wait. */
  write(characters: Buffer): void | Promise<void>
  /** The string has ended, whole. */
  end(): void
  /** The document broke off or was refused: forget everything. Called at most once, never after a result was taken. */
  abort(): void
  /**
   * Where the intake has put the picture, decoded: readable once it is kept. Undefined while it is nowhere. Past the budget for
   * pictures in memory the reader lets go of what it has and makes a `binary` blob of this.
   */
  readonly elsewhere?: Spilled | undefined
}

/** Asked once for every long string, with its path in the document; answers with an intake when the string is known to be a picture. */
export type OpenIntake = (path: readonly (string | number)[], mediaType: string | undefined) => Intake | undefined

/** Begins to move one blob out of memory: where pictures go past the process's budget. Implemented by the asset store. */
export type Spill = () => Spilling

/** A blob on its way out of memory. Readable, from the start, as far as it was written. */
export interface Spilling extends Spilled {
  /** One at a time. Rejects when the disk fails. */
  write(slices: readonly Buffer[]): Promise<void>
  /** Removes it. Who reads it now may fail. */
  drop(): void
}
