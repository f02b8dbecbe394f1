import { isAscii, isUtf8 } from 'node:buffer'

import { nameOfByte } from './base64.ts'
import { MAX_DATA_PREFIX_BYTES, parseDataPrefix } from './data-url.ts'
import { HeldSlices } from './held-slices.ts'
import type { IntakeQueue } from './intake-queue.ts'
import type { Intake, JsonBlob, OpenIntake } from './json-blob.ts'
import { dotted, LONG_STRING_BYTES, refuse, sizeText } from './json-limits.ts'
import type { PictureMemory } from './picture-memory.ts'
import type { SliceKeeper } from './slice-keeper.ts'

/** What all long strings of one document share. */
export interface LongStringParts {
  readonly mode: 'request' | 'answer'
  readonly maxStringBytes: number
  readonly openIntake: OpenIntake | undefined
  readonly keeper: SliceKeeper
  readonly intakes: IntakeQueue
  readonly memory: PictureMemory | undefined
}

/** How many characters are looked at before a string counts as base64; the decoder judges the rest. */
const PROBED_CHARACTERS = LONG_STRING_BYTES
const NOT_BASE64 = { request: /[^A-Za-z0-9+/=_-]/, answer: /[^A-Za-z0-9+/=_ \t\r\n-]/ } as const
/** Of bytes read as latin1: what a JSON string must escape. */
const CONTROL = /[^\x20-\xff]/
const CONTROL_MESSAGE = 'The body is not valid JSON: a string holds a control character.'
const WHITE_SPACE = /[ \t\r\n]/
/** The lines of broken base64 have 60, 64 or 76 characters and end in one or two. */
const MIN_LINE = 16
const MAX_GAP = 4
const BACKSLASH = 0x5c
const LETTER_U = 0x75
const NOTHING = Buffer.alloc(0)

/** Two-character escapes and what they denote, by their second byte. */
const SHORT_ESCAPES: ReadonlyMap<number, number> = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([letter, character]) => [letter.charCodeAt(0), character.charCodeAt(0)],
  ),
)
/** Base64 characters that encoders like to escape (PHP `/`, .NET `+`, Gson `=`), and the white space that answers may have. */
const BASE64_ESCAPES = new Map(['/', '+', '='].map((character) => [character.charCodeAt(0), Buffer.from(character)]))
const SPACE_ESCAPES = new Map(
  ['\n', '\r', '\t', ' '].map((character) => [character.charCodeAt(0), Buffer.from(character)]),
)

/**
 * One long string of a document while it arrives. It is base64 until something in it says otherwise: an escape that denotes no
 * base64 character, a byte outside ASCII, or any other byte among the first 4096 characters. From then on it is text, and counted.
 * Bytes beyond those that are neither (control characters, say) are left to whoever decodes it.
 */
export class LongString {
  readonly path: readonly (string | number)[]
  readonly #parts: LongStringParts
  #form: 'base64' | 'text' = 'base64'
  /** The raw `data:…;base64,` that was split off. */
  #prefix = ''
  #mediaType: string | undefined
  #spaced = false
  readonly #held: HeldSlices
  #intake: Intake | undefined
  #asked = false
  /** An escape of which the rest is still to come. */
  #cut: Buffer = NOTHING
  #probed = 0
  /** Characters of base64 since the last white space, and of white space since the last base64, while probing. */
  #line = 0
  #gap = 0
  /** UTF-8 bytes of a text, escapes resolved. */
  #textBytes = 0
  #whyText = ''

  constructor(path: readonly (string | number)[], parts: LongStringParts) {
    this.path = path
    this.#parts = parts
    this.#held = new HeldSlices(parts.memory)
  }

  /** `first` is the start of the raw inside, at least 4096 bytes of it. */
  begin(first: Buffer): void {
    this.feed(first.subarray(this.#splitPrefix(first)))
  }

  get isBase64(): boolean {
    return this.#form === 'base64'
  }

  /** More of the raw inside. It may be cut anywhere, within an escape too. */
  feed(raw: Buffer): void {
    if (this.isBase64 && !isAscii(raw)) this.#becomeText('a character outside ASCII')
    let at = this.#cut.length > 0 ? this.#resumeEscape(raw) : 0
    while (at < raw.length) {
      const found = raw.indexOf(BACKSLASH, at)
      const end = found === -1 ? raw.length : found
      if (end > at) this.#plain(raw, at, end)
      at = found === -1 ? end : this.#escape(raw, found)
    }
  }

  /** The closing quote was found. */
  end(): void {
    const { keeper, mode, intakes } = this.#parts
    if (this.#cut.length > 0) refuse('The body is not valid JSON: a string ends within an escape.', this.path)
    const last = keeper.flush()
    if (last !== undefined) this.#keep(last)
    if (this.#intake !== undefined) intakes.end(this.#intake)
    if (this.isBase64) return
    const whole = Buffer.concat(this.#held.slices)
    if (isUtf8(whole)) return
    if (mode === 'request') refuse('The body is not valid JSON: a string is not UTF-8.', this.path)
    this.#held.replace([Buffer.from(whole.toString('utf8'))])
  }

  /** Whether some of it has left memory: then the rest has to follow. */
  get isMoved(): boolean {
    return this.#held.isMoved
  }

  /** Takes out of memory what the intake has been handed, if memory is used up. Texts stay. */
  async relieve(isLast: boolean): Promise<void> {
    if (this.isBase64) await this.#held.relieve(this.#intake, isLast, this.#spaced)
  }

  /** Nobody will get it. Harmless when repeated. */
  abort(): void {
    this.#abandon()
    this.#held.drop()
  }

  /** Tells the intake, if there is one, to forget everything. */
  #abandon(): void {
    const intake = this.#intake
    this.#intake = undefined
    if (intake !== undefined) this.#parts.intakes.abort(intake)
  }

  /** What the document holds in this string's place, once it has ended. */
  blob(): JsonBlob {
    return this.#held.blob(this.#form, this.#mediaType, this.#intake, this.#spaced)
  }

  /** Length of a `data:<type>;base64,` prefix at the start of the raw inside, whose own escapes are resolved; 0 if there is none. */
  #splitPrefix(first: Buffer): number {
    const head = first.toString('latin1', 0, MAX_DATA_PREFIX_BYTES)
    const prefix = head.slice(0, head.indexOf(',') + 1)
    if (prefix === '') {
      if (/^data:/i.test(head)) this.#becomeText('a data: URL without a comma in its first 4 KiB')
      return 0
    }
    const data = isAscii(first.subarray(0, prefix.length)) ? parseDataPrefix(unescaped(prefix) ?? '') : undefined
    if (data === undefined) return 0
    if (!data.isBase64) {
      this.#becomeText('a data: URL without ";base64"')
      return 0
    }
    this.#prefix = prefix
    this.#mediaType = data.mediaType
    return prefix.length
  }

  /** Bytes without an escape among them. */
  #plain(raw: Buffer, from: number, to: number): void {
    if (this.isBase64 && this.#probed < PROBED_CHARACTERS) this.#probe(raw, from, to)
    if (!this.isBase64) {
      if (CONTROL.test(raw.toString('latin1', from, to))) refuse(CONTROL_MESSAGE, this.path)
      this.#count(to - from)
    }
    this.#store(raw, from, to)
  }

  #probe(raw: Buffer, from: number, to: number): void {
    const head = raw.toString('latin1', from, Math.min(to, from + PROBED_CHARACTERS - this.#probed))
    this.#probed += head.length
    const at = head.search(NOT_BASE64[this.#parts.mode])
    if (at !== -1) this.#becomeText(nameOfByte(head.charCodeAt(at)))
    else if (!this.#areLines(head)) this.#becomeText('white space between words')
  }

  /** Base64 is broken into lines; words with spaces between them are text. True for what may be the former, as far as it goes. */
  #areLines(characters: string): boolean {
    if (!WHITE_SPACE.test(characters)) {
      this.#line += characters.length
      this.#gap = 0
      return true
    }
    this.#spaced = true
    for (const character of characters) {
      if (!WHITE_SPACE.test(character)) {
        this.#line += 1
        this.#gap = 0
        continue
      }
      this.#gap += 1
      if (this.#gap > MAX_GAP || (this.#line > 0 && this.#line < MIN_LINE)) return false
      this.#line = 0
    }
    return true
  }

  /** Takes the escape that begins at `at`, or keeps it until the rest arrives. Returns where to go on. */
  #escape(raw: Buffer, at: number): number {
    const end = at + (raw[at + 1] === LETTER_U ? 6 : 2)
    if (end > raw.length) {
      this.#cut = Buffer.from(raw.subarray(at))
      return raw.length
    }
    const code = codeOf(raw, at)
    if (code === undefined) return refuse('The body is not valid JSON: a string holds an unknown escape.', this.path)
    if (this.isBase64 && this.#resolve(code)) return end
    if (this.isBase64) this.#becomeText(`an escape for ${nameOfEscaped(code)}`)
    this.#count(code < 0x80 ? 1 : code < 0x800 || isSurrogate(code) ? 2 : 3)
    this.#store(raw, at, end)
    return end
  }

  /** The rest of an escape that was cut, from the start of `raw`. Returns where to go on in `raw`. */
  #resumeEscape(raw: Buffer): number {
    const before = this.#cut.length
    const whole = Buffer.concat([this.#cut, raw.subarray(0, 6 - before)])
    this.#cut = NOTHING
    return this.#escape(whole, 0) - before
  }

  /** Puts the character of an escape among the base64, if it may stand there. */
  #resolve(code: number): boolean {
    const character = BASE64_ESCAPES.get(code)
    if (character !== undefined) {
      this.#probed += 1
      this.#line += 1
      this.#gap = 0
      this.#store(character, 0, 1)
      return true
    }
    const space = this.#parts.mode === 'answer' ? SPACE_ESCAPES.get(code) : undefined
    if (space === undefined || (this.#probed < PROBED_CHARACTERS && !this.#areLines(space.toString()))) return false
    this.#spaced = true
    this.#store(space, 0, 1)
    return true
  }

  #store(raw: Buffer, from: number, to: number): void {
    for (const slice of this.#parts.keeper.add(raw, from, to)) this.#keep(slice)
  }

  #keep(slice: Buffer): void {
    this.#held.add(slice)
    if (!this.isBase64) return
    if (!this.#asked) {
      this.#asked = true
      this.#intake = this.#parts.openIntake?.(this.path, this.#mediaType)
    }
    if (this.#intake !== undefined) this.#parts.intakes.write(this.#intake, slice)
  }

  /** What was taken for base64 so far is a text's inside just as well: resolved escapes denote the same characters. */
  #becomeText(why: string): void {
    this.#form = 'text'
    this.#whyText = why
    this.#spaced = false
    this.#mediaType = undefined
    this.#abandon()
    if (this.isMoved) refuse(`A string moved to the disk is not base64: it holds ${why}.`, this.path)
    const before = this.#parts.keeper.flush()
    const raw = [Buffer.from(this.#prefix, 'latin1'), ...this.#held.slices, ...(before === undefined ? [] : [before])]
    const inside = raw.filter((slice) => slice.length > 0).map((slice) => this.#inside(slice))
    this.#held.replace(inside)
    this.#count(inside.reduce((total, slice) => total + slice.length, 0))
  }

  /** Base64 is not looked through for control characters; a string's inside must not have any. */
  #inside(slice: Buffer): Buffer {
    const text = slice.toString('latin1')
    if (!CONTROL.test(text)) return slice
    if (this.#parts.mode === 'request') refuse(CONTROL_MESSAGE, this.path)
    return Buffer.from(JSON.stringify(text).slice(1, -1), 'latin1')
  }

  #count(bytes: number): void {
    this.#textBytes += bytes
    const { maxStringBytes } = this.#parts
    if (this.#textBytes <= maxStringBytes) return
    const name = dotted(this.path) || 'The body'
    refuse(`${name} is longer than ${sizeText(maxStringBytes)} and not base64: it holds ${this.#whyText}.`, this.path)
  }
}

function unescaped(raw: string): string | undefined {
  try {
    const text: unknown = JSON.parse(`"${raw}"`)
    return typeof text === 'string' ? text : undefined
  } catch {
    return undefined
  }
}

/** The UTF-16 code that the whole escape at `at` denotes; undefined when JSON knows no such escape. */
function codeOf(raw: Buffer, at: number): number | undefined {
  const letter = raw[at + 1] ?? 0
  if (letter !== LETTER_U) return SHORT_ESCAPES.get(letter)
  const digits = raw.toString('latin1', at + 2, at + 6)
  return /^[0-9A-Fa-f]{4}$/.test(digits) ? Number.parseInt(digits, 16) : undefined
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff
}

function nameOfEscaped(code: number): string {
  return code > 0xff ? 'a character outside ASCII' : nameOfByte(code)
}
