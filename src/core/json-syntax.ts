import { dotted, refuse, sizeText } from './json-limits.ts'
import type { JsonLimits } from './json-limits.ts'

type Expected =
  | 'a value'
  | 'a value or "]"'
  | 'a key'
  | 'a key or "}"'
  | '":"'
  | '"," or the end of its container'
  | 'nothing more'

/** An object that is open at the moment has keys, an array has none. */
interface Container {
  readonly keys: Set<string> | undefined
  /** The key at hand of an object, the index at hand of an array. */
  at: string | number
}

const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/
const WORDS: ReadonlySet<string> = new Set(['true', 'false', 'null'])
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]
const BACKSLASH = 0x5c
/** Enough to find the fault in a provider's answer. */
const MAX_DUPLICATES = 100

/** Bytes of numbers and of `true`, `false`, `null`. */
const LITERAL = new Uint8Array(256)
for (const character of '+-.0123456789Eaeflnrstu') LITERAL[character.charCodeAt(0)] = 1

/** Knows at each byte where in the document it stands, and refuses what JSON or the limits forbid. Strings are the reader's. */
export class JsonSyntax {
  readonly #limits: JsonLimits
  readonly #mode: 'request' | 'answer'
  readonly #open: Container[] = []
  #expected: Expected = 'a value'
  #nodes = 0
  /** The number or word at hand, as far as it has arrived. */
  #literal = ''
  /** Whether the string that was met last is a key. */
  isKey = false
  /** Dotted paths of repeated keys, in answers. */
  readonly duplicates: string[] = []

  constructor(limits: JsonLimits, mode: 'request' | 'answer') {
    this.#limits = limits
    this.#mode = mode
  }

  /** Goes on from `from` to the next opening quote and returns its index, or the chunk's length. `offset` is where the chunk begins. */
  scan(chunk: Buffer, from: number, offset: number): number {
    let at = this.#literal === '' ? from : this.#readLiteral(chunk, from)
    for (; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      switch (byte) {
        case 0x20:
        case 0x0a:
        case 0x0d:
        case 0x09:
          break
        case 0x22: // "
          this.#stringBegins(offset + at)
          return at
        case 0x2c: // ,
          this.#comma(offset + at)
          break
        case 0x3a: // :
          if (this.#expected !== '":"') this.#unexpected(offset + at)
          this.#expected = 'a value'
          break
        case 0x7b: // {
          this.#valueBegins(offset + at)
          this.#enter({ keys: new Set(), at: '' })
          this.#expected = 'a key or "}"'
          break
        case 0x5b: // [
          this.#valueBegins(offset + at)
          this.#enter({ keys: undefined, at: 0 })
          this.#expected = 'a value or "]"'
          break
        case 0x7d: // }
          this.#leave('a key or "}"', true, offset + at)
          break
        case 0x5d: // ]
          this.#leave('a value or "]"', false, offset + at)
          break
        default:
          if (LITERAL[byte] === 1) {
            this.#valueBegins(offset + at)
            at = this.#readLiteral(chunk, at) - 1
          } else if (!this.#isByteOrderMark(byte, offset + at)) {
            this.#unexpected(offset + at)
          }
      }
    }
    return at
  }

  /** A key has ended; `raw` is what stood between its quotes. */
  key(raw: Buffer): void {
    const container = this.#open.at(-1)
    if (container?.keys === undefined) return
    const key = unescapeKey(raw)
    container.at = key
    if (this.#mode === 'request' && FORBIDDEN_KEYS.has(key)) {
      refuse(`The key "${key}" is not allowed anywhere in a request.`, this.#path())
    }
    if (!container.keys.has(key)) container.keys.add(key)
    else if (this.#mode === 'request') refuse(`The key "${dotted([key])}" is given twice.`, this.#path())
    else if (this.duplicates.length < MAX_DUPLICATES) this.duplicates.push(dotted(this.#path()))
  }

  stringEnds(): void {
    if (this.isKey) this.#expected = '":"'
    else this.#valueEnds()
  }

  /** The document has ended. */
  end(offset: number, isInString: boolean): void {
    if (this.#literal !== '') this.#literalEnds()
    if (offset === 0) refuse('The body is empty, and should be JSON.')
    if (isInString || this.#expected !== 'nothing more') {
      refuse(`The body is not valid JSON: it breaks off after ${offset} bytes.`, this.path())
    }
  }

  /** Where the value at hand stands. For a key that is still being read, where its object stands. */
  path(): readonly (string | number)[] {
    const path = this.#path()
    return this.#expected === 'a key' || this.#expected === 'a key or "}"' ? path.slice(0, -1) : path
  }

  #path(): (string | number)[] {
    return this.#open.map(({ at }) => at)
  }

  #stringBegins(at: number): void {
    this.isKey = this.#expected === 'a key' || this.#expected === 'a key or "}"'
    if (!this.isKey) this.#valueBegins(at)
  }

  #valueBegins(at: number): void {
    if (this.#expected !== 'a value' && this.#expected !== 'a value or "]"') this.#unexpected(at)
    this.#nodes += 1
    if (this.#nodes > this.#limits.maxNodes) refuse(`The body has more than ${this.#limits.maxNodes} values.`)
  }

  #valueEnds(): void {
    this.#expected = this.#open.length === 0 ? 'nothing more' : '"," or the end of its container'
  }

  #enter(container: Container): void {
    if (this.#open.length >= this.#limits.maxDepth) {
      refuse(`The body nests deeper than ${this.#limits.maxDepth} levels.`, this.path())
    }
    this.#open.push(container)
  }

  #leave(whenEmpty: Expected, isObject: boolean, at: number): void {
    const container = this.#open.at(-1)
    const mayEnd = this.#expected === whenEmpty || this.#expected === '"," or the end of its container'
    if (container === undefined || !mayEnd || (container.keys !== undefined) !== isObject) this.#unexpected(at)
    this.#open.pop()
    this.#valueEnds()
  }

  #comma(at: number): void {
    const container = this.#open.at(-1)
    if (container === undefined || this.#expected !== '"," or the end of its container') return this.#unexpected(at)
    if (typeof container.at === 'number') container.at += 1
    this.#expected = container.keys === undefined ? 'a value' : 'a key'
  }

  /** Reads on in a number or word; ends it unless the chunk ends first. Returns where it stopped. */
  #readLiteral(chunk: Buffer, from: number): number {
    let to = from
    while (to < chunk.length && LITERAL[chunk[to] ?? 0] === 1) to++
    this.#literal += chunk.toString('latin1', from, to)
    if (this.#literal.length > this.#limits.maxStringBytes) {
      refuse(`A number is longer than ${sizeText(this.#limits.maxStringBytes)}.`, this.path())
    }
    if (to < chunk.length) this.#literalEnds()
    return to
  }

  #literalEnds(): void {
    const literal = this.#literal
    this.#literal = ''
    this.#valueEnds()
    if (WORDS.has(literal)) return
    if (!NUMBER.test(literal))
      refuse('The body is not valid JSON: a value is neither a number, true, false nor null.', this.path())
    if (this.#mode === 'request' && !Number.isFinite(Number(literal))) refuse('A number is too large.', this.path())
  }

  /** Answers may begin with one; in requests it is named, since nothing on the sender's screen shows it. */
  #isByteOrderMark(byte: number, offset: number): boolean {
    if (byte !== BYTE_ORDER_MARK[offset]) return false
    if (this.#mode === 'request') refuse('The body begins with a byte order mark. Send UTF-8 without one.')
    return true
  }

  #unexpected(at: number): never {
    const what = this.#expected === 'nothing more' ? 'the document has ended before' : `${this.#expected} should stand`
    return refuse(`The body is not valid JSON: ${what} at byte ${at + 1}.`, this.path())
  }
}

function unescapeKey(raw: Buffer): string {
  const text = raw.toString('utf8')
  if (!raw.includes(BACKSLASH)) return text
  try {
    const key: unknown = JSON.parse(`"${text}"`)
    return String(key)
  } catch {
    return refuse('The body is not valid JSON: a key holds an unknown escape.')
  }
}
