import { gif, svg } from './walk-others.ts'
import { jpeg } from './walk-jpeg.ts'
import { png } from './walk-png.ts'
import { webp } from './walk-webp.ts'

/** What a picture says about itself, read from its headers alone: no pixel is ever decoded. */
export interface Probed {
  /** By magic bytes. */
  readonly mediaType: string
  /** Pixels; 0 where the format is known by its magic only, or the header never came. */
  readonly width: number
  readonly height: number
  /** More than one frame: APNG, animated WebP or GIF. */
  readonly animated: boolean
  /** In words, why the file cannot be whole; undefined when it ends as its format says it should. */
  readonly fault: string | undefined
}

/** What a walk has learned so far. Walks fill it in; `fault` starts as "cut off" and is cleared by reaching the end. */
export interface Seen {
  width: number
  height: number
  animated: boolean
  fault: string | undefined
  /** File length by its own header, where the format has one. */
  promisedBytes?: number
}

/**
 * One format, as a generator: it asks for byte ranges by absolute offset, never backwards, and is handed them when they have
 * arrived. It returns when nothing more of the file can change its mind.
 */
export type Walk = Generator<{ readonly at: number; readonly length: number }, void, Buffer>

/** What only the end of the file can tell. */
export interface Ending {
  readonly bytes: number
  /** The last bytes of the file, at most 256. */
  readonly tail: Buffer
  /** Whether a JPEG's end marker was seen anywhere after its pixels began; undefined when nobody looked. */
  readonly endMarker: boolean | undefined
}

interface Format {
  readonly mediaType: string
  matches(head: Buffer): boolean
  /** Absent: known by magic only. */
  walk?(seen: Seen): Walk
  end?(seen: Seen, ending: Ending): void
}

const HEAD = 64
/** Longer than any honest padding behind an end marker; a longer appendix is found by a second look. */
const TAIL = 256
const END_OF_IMAGE = Buffer.from([0xff, 0xd9])

const FORMATS: readonly Format[] = [
  { mediaType: 'image/png', matches: starts('89504e470d0a1a0a'), ...png },
  { mediaType: 'image/jpeg', matches: starts('ffd8ff'), ...jpeg },
  { mediaType: 'image/webp', matches: (head) => starts('52494646')(head) && says(head, 8, 'WEBP'), ...webp },
  { mediaType: 'image/gif', matches: (head) => says(head, 0, 'GIF87a') || says(head, 0, 'GIF89a'), ...gif },
  { mediaType: 'image/avif', matches: (head) => says(head, 4, 'ftypavif') || says(head, 4, 'ftypavis') },
  { mediaType: 'image/heic', matches: (head) => says(head, 4, 'ftyphei') || says(head, 4, 'ftypmif1') },
  { mediaType: 'image/tiff', matches: (head) => starts('49492a00')(head) || starts('4d4d002a')(head) },
  { mediaType: 'image/bmp', matches: starts('424d') },
  { mediaType: 'application/pdf', matches: (head) => says(head, 0, '%PDF-') },
  { mediaType: 'image/svg+xml', matches: looksLikeSvg, ...svg },
]

/**
 * Reads a picture's type, size and completeness while its bytes pass by. Pure: it keeps a few kilobytes and decodes nothing, so a
 * decompression bomb costs as little as any other file.
 */
export class PictureProbe {
  readonly #scan: boolean
  readonly #seen: Seen = { width: 0, height: 0, animated: false, fault: 'it is cut off' }
  #recognised = false
  #format: Format | undefined
  #walk: Walk | undefined
  #wanted: { readonly at: number; readonly length: number } | undefined
  /** Bytes not yet consumed by the walk, only while a wanted range straddles two writes. */
  #held: Buffer = Buffer.alloc(0)
  #heldAt = 0
  #bytes = 0
  /** Ends with the file's last bytes, at least `TAIL` of them where there are so many. */
  readonly #tailMemory = Buffer.allocUnsafe(2 * TAIL)
  #tailLength = 0
  #pixelsAt: number | undefined
  #endMarker = false

  /** `scan` looks for a JPEG's end marker in all of its data, for files that carry something behind it (0.3 ms per MB). */
  constructor(options: { readonly scan?: boolean } = {}) {
    this.#scan = options.scan ?? false
  }

  /** The next bytes of the file. They are read before this returns and may be reused afterwards. */
  write(bytes: Buffer): void {
    if (bytes.length === 0) return
    const at = this.#bytes
    this.#bytes += bytes.length
    this.#advance(bytes, at)
    if (this.#scan && this.#pixelsAt !== undefined && !this.#endMarker) this.#look(bytes)
    this.#keepTail(bytes)
  }

  /** No more bytes. Undefined when the magic bytes are no picture's. */
  end(): Probed | undefined {
    if (!this.#recognised) this.#recognise(this.#held)
    if (this.#format === undefined) return undefined
    this.#format.end?.(this.#seen, {
      bytes: this.#bytes,
      tail: this.#tailMemory.subarray(Math.max(0, this.#tailLength - TAIL), this.#tailLength),
      endMarker: this.#scan ? this.#endMarker : undefined,
    })
    const { width, height, animated, fault } = this.#seen
    return { mediaType: this.#format.mediaType, width, height, animated, fault }
  }

  #advance(bytes: Buffer, at: number): void {
    if (this.#recognised && this.#wanted === undefined) return
    if (this.#wanted !== undefined && this.#wanted.at >= at + bytes.length) return

    const joined = this.#held.length > 0 ? Buffer.concat([this.#held, bytes]) : bytes
    const joinedAt = this.#held.length > 0 ? this.#heldAt : at
    this.#held = Buffer.alloc(0)

    if (!this.#recognised) {
      if (joined.length < HEAD) return this.#hold(joined, joinedAt)
      this.#recognise(joined)
    }
    while (this.#wanted !== undefined) {
      const from = this.#wanted.at - joinedAt
      if (from >= joined.length) return
      if (from + this.#wanted.length > joined.length) return this.#hold(joined.subarray(from), joinedAt + from)
      this.#step(joined.subarray(from, from + this.#wanted.length))
    }
  }

  #recognise(head: Buffer): void {
    this.#recognised = true
    this.#format = FORMATS.find((format) => format.matches(head))
    if (this.#format === undefined) return
    this.#walk = this.#format.walk?.(this.#seen)
    const first = this.#walk?.next()
    this.#wanted = first?.done === false ? first.value : undefined
    if (this.#bytes < HEAD) this.#finishShort(head)
  }

  /** A file shorter than the magic needs: give the walk what there is. */
  #finishShort(head: Buffer): void {
    while (this.#wanted !== undefined && this.#wanted.at + this.#wanted.length <= head.length)
      this.#step(head.subarray(this.#wanted.at, this.#wanted.at + this.#wanted.length))
  }

  #step(range: Buffer): void {
    const end = (this.#wanted?.at ?? 0) + range.length
    const next = this.#walk?.next(range)
    this.#wanted = next?.done === false ? next.value : undefined
    if (next?.done === true) this.#pixelsAt ??= end
  }

  #hold(bytes: Buffer, at: number): void {
    this.#held = Buffer.from(bytes)
    this.#heldAt = at
  }

  /** Called with bytes that may begin before the pixels do: a thumbnail's own end marker lies in a header, which the walk has passed. */
  #look(bytes: Buffer): void {
    const start = Math.max(0, (this.#pixelsAt ?? 0) - (this.#bytes - bytes.length))
    const joint = this.#tailMemory[this.#tailLength - 1] === 0xff && start === 0 && bytes[0] === 0xd9
    this.#endMarker = joint || bytes.indexOf(END_OF_IMAGE, start) >= 0
  }

  #keepTail(bytes: Buffer): void {
    const last = bytes.subarray(-TAIL)
    if (this.#tailLength + last.length > this.#tailMemory.length) {
      this.#tailMemory.copyWithin(0, this.#tailLength - TAIL, this.#tailLength)
      this.#tailLength = TAIL
    }
    this.#tailLength += last.copy(this.#tailMemory, this.#tailLength)
  }
}

function starts(hex: string): (head: Buffer) => boolean {
  const magic = Buffer.from(hex, 'hex')
  return (head) => head.subarray(0, magic.length).equals(magic)
}

function says(head: Buffer, at: number, text: string): boolean {
  return head.toString('latin1', at, at + text.length) === text
}

function looksLikeSvg(head: Buffer): boolean {
  return /^(\xef\xbb\xbf)?\s*<(svg[\s>]|\?xml|!DOCTYPE svg|!--)/i.test(head.toString('latin1', 0, HEAD))
}
