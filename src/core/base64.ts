import { err, ok } from './result.ts'
import type { Result } from './result.ts'

/** Why characters are not base64. `offset` counts characters from the start of the text, from zero. */
export interface Base64Problem {
  readonly code: 'illegal_character' | 'white_space' | 'url_alphabet' | 'padding' | 'unused_bits' | 'cut'
  /** A whole sentence without any of the data but the character at fault. */
  readonly message: string
  readonly offset: number
}

/** Characters of one decoding step: the only strings that picture data ever becomes. */
const PIECE_CHARACTERS = 64 * 1024
/** Bytes of one encoding step: a multiple of three, 64 KiB once encoded. */
const PIECE_BYTES = 48 * 1024

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const HYPHEN = 0x2d
const UNDERSCORE = 0x5f

/**
 * Decodes base64 as it arrives. Node's own decoder skips what it does not know and takes the URL alphabet, so every step checks
 * that each character counted. `strict` takes RFC 4648 §4 with padding and nothing else. `tolerant` also takes white space, wrong or
 * missing padding, stray bits and the URL alphabet, and names each in `notices`; only an illegal character or a cut quantum is a
 * problem there. After a problem the decoder is spent. The buffers returned are the caller's to keep.
 */
export class Base64Decoder {
  readonly #tolerant: boolean
  readonly #notices = new Set<string>()
  /** The last one to four characters: only the end of the text tells whether they need padding. */
  #carry = ''
  /** How many `=` have been seen; only more of them may follow. */
  #padding = 0
  /** Characters before the piece at hand. */
  #offset = 0

  constructor(mode: 'strict' | 'tolerant') {
    this.#tolerant = mode === 'tolerant'
  }

  /** What was canonicalised, in words for a receipt; always empty in strict mode. */
  get notices(): readonly string[] {
    return [...this.#notices]
  }

  write(characters: Buffer): Result<readonly Buffer[], Base64Problem> {
    const decoded: Buffer[] = []
    for (let at = 0; at < characters.length;) {
      const piece = characters.subarray(at, at + PIECE_CHARACTERS - this.#carry.length)
      const problem = this.#take(piece, decoded)
      if (problem !== undefined) return err(problem)
      at += piece.length
      this.#offset += piece.length
    }
    return ok(decoded)
  }

  /** The text has ended: decodes the last quantum and checks its padding and its unused bits. */
  end(): Result<readonly Buffer[], Base64Problem> {
    const last = this.#carry.replaceAll('-', '+').replaceAll('_', '/')
    this.#carry = ''
    if (last.length === 1) return err(this.#problem('cut', 'one character is left over at its end'))
    if (this.#padding !== (4 - last.length) % 4) {
      if (!this.#tolerant) return err(this.#problem('padding', 'its padding with "=" is missing or wrong'))
      this.#notices.add('base64 padding was missing or wrong')
    }
    if (hasStrayBits(last)) {
      if (!this.#tolerant)
        return err(this.#problem('unused_bits', 'the unused bits of its last character are not zero'))
      this.#notices.add('base64 had stray bits in its last character')
    }
    return ok(last === '' ? [] : [Buffer.from(last, 'base64')])
  }

  /** The fast way is one native call for the whole piece; a piece with anything odd in it is looked at closely. */
  #take(piece: Buffer, decoded: Buffer[]): Base64Problem | undefined {
    const text = piece.toString('latin1')
    if (this.#padding > 0 || !this.#decode(this.#carry + text, decoded)) {
      const data = this.#canonical(text)
      if (typeof data !== 'string') return data
      this.#decode(this.#carry + data, decoded)
      return undefined
    }
    if (!piece.includes(HYPHEN) && !piece.includes(UNDERSCORE)) return undefined
    if (!this.#tolerant) return this.#misfit(text, /[-_]/)
    this.#notices.add('base64 used the URL alphabet')
    return undefined
  }

  /** Decodes all but the last quantum, which becomes the carry. False, with nothing changed, if a character did not count. */
  #decode(text: string, decoded: Buffer[]): boolean {
    const whole = text.length === 0 ? 0 : text.length - (text.length % 4 || 4)
    const carry = text.slice(whole)
    if (!/^[A-Za-z0-9+/_-]*$/.test(carry)) return false
    if (whole > 0) {
      const bytes = Buffer.allocUnsafeSlow((whole / 4) * 3)
      if (bytes.write(text.slice(0, whole), 'base64') !== bytes.length) return false
      decoded.push(bytes)
    }
    this.#carry = carry
    return true
  }

  /** The digits of a piece that holds something else too: padding is counted, white space left out, the rest is a problem. */
  #canonical(text: string): string | Base64Problem {
    const packed = this.#tolerant ? text.replace(/[ \t\r\n\f]+/g, '') : text
    if (packed.length < text.length) this.#notices.add('base64 had white space in it')
    const digits = withoutPadding(packed)
    if (this.#padding > 0 && digits > 0) return this.#misfit(text, this.#tolerant ? /[^=\s]/ : /[^=]/)
    const misfit = this.#tolerant ? /[^A-Za-z0-9+/_-]/ : /[^A-Za-z0-9+/]/
    const data = packed.slice(0, digits)
    if (misfit.test(data)) return this.#misfit(text, this.#tolerant ? /[^A-Za-z0-9+/_\s-]/ : misfit)
    if (/[-_]/.test(data)) this.#notices.add('base64 used the URL alphabet')
    this.#padding += packed.length - digits
    return data
  }

  #misfit(text: string, pattern: RegExp): Base64Problem {
    const at = text.search(pattern)
    const character = text.charAt(at)
    if (this.#padding > 0 || character === '=') return this.#problem('padding', 'something follows its padding', at)
    if (/\s/.test(character)) return this.#problem('white_space', 'it holds white space', at)
    if (/[-_]/.test(character)) return this.#problem('url_alphabet', `it uses the URL alphabet ("${character}")`, at)
    return this.#problem('illegal_character', `it holds ${nameOfByte(character.charCodeAt(0))}`, at)
  }

  #problem(code: Base64Problem['code'], what: string, at = -1): Base64Problem {
    const offset = Math.max(0, this.#offset + at)
    return { code, offset, message: `The base64 is not valid: ${what}, at character ${offset + 1}.` }
  }
}

/** Characters that `bytes` bytes take in base64, padding included. */
export function encodedLength(bytes: number): number {
  return Math.ceil(bytes / 3) * 4
}

/** The base64 of all slices together, in pieces of at most 64 KiB, made while it is iterated. Slices may be cut anywhere. */
export function* encodeSlices(slices: Iterable<Buffer>): Generator<Buffer> {
  const encoder = new Base64Encoder()
  for (const slice of slices) yield* encoder.write(slice)
  yield* encoder.end()
}

/** Encodes bytes as they come, carrying what does not fill three bytes from one slice to the next. */
export class Base64Encoder {
  #carry: Buffer

  constructor() {
    this.#carry = Buffer.alloc(0)
  }

  *write(slice: Buffer): Generator<Buffer> {
    let at = 0
    if (this.#carry.length > 0) {
      at = Math.min(slice.length, 3 - this.#carry.length)
      this.#carry = Buffer.concat([this.#carry, slice.subarray(0, at)])
      if (this.#carry.length < 3) return
      yield encode(this.#carry)
    }
    const whole = at + Math.floor((slice.length - at) / 3) * 3
    for (; at < whole; at += PIECE_BYTES) yield encode(slice.subarray(at, Math.min(whole, at + PIECE_BYTES)))
    this.#carry = Buffer.from(slice.subarray(whole))
  }

  *end(): Generator<Buffer> {
    if (this.#carry.length > 0) yield encode(this.#carry)
  }
}

/** The same characters without spaces, tabs and line breaks: what a picture from a lenient provider is passed on as. */
export function withoutWhiteSpace(characters: Buffer): Buffer {
  return Buffer.from(characters.toString('latin1').replace(/[ \t\r\n]+/g, ''), 'latin1')
}

/** One byte in words, for messages: `"ä"` never appears there, its kind does. */
export function nameOfByte(byte: number): string {
  if (byte === 0x20) return 'a space'
  if (byte === 0x0a || byte === 0x0d) return 'a line break'
  if (byte < 0x20 || byte === 0x7f) return 'a control character'
  return byte > 0x7f ? 'a character outside ASCII' : `the character "${String.fromCharCode(byte)}"`
}

function encode(bytes: Buffer): Buffer {
  const text = Buffer.allocUnsafeSlow(encodedLength(bytes.length))
  text.write(bytes.toString('base64'), 'latin1')
  return text
}

/** Where the `=` at the end of the text begin. A loop: a pattern would take quadratic time over a run of them. */
function withoutPadding(text: string): number {
  let end = text.length
  while (text[end - 1] === '=') end -= 1
  return end
}

/** Whether a last quantum without padding has bits beyond its whole bytes that are not zero. */
function hasStrayBits(last: string): boolean {
  const unused = last.length === 2 ? 0b1111 : last.length === 3 ? 0b11 : 0
  return (DIGITS.indexOf(last.slice(-1)) & unused) !== 0
}
