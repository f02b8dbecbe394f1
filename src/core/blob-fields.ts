import { z } from 'zod'

import { nameOfByte } from './base64.ts'
import { MAX_DATA_PREFIX_BYTES, parseDataPrefix } from './data-url.ts'
import { JsonBlob } from './json-blob.ts'
import { sizeText } from './json-limits.ts'

/** A picture as a field may give it: in the body itself, or somewhere else to be fetched. */
export type PictureSource =
  | { readonly type: 'inline'; readonly blob: JsonBlob }
  | { readonly type: 'url'; readonly url: string }

const MAX_TEXT_BYTES = 128 * 1024
/** Presigned URLs of the large clouds stay below 4 KiB. */
const MAX_URL_BYTES = 16 * 1024
/** An escape takes at most six bytes for one. */
const MAX_ESCAPED = 6
/** Everything that a decoder, the strict or the tolerant one, has an opinion on. */
const NOT_BASE64 = /[^A-Za-z0-9+/=_ \t\r\n-]/
const PICTURE_TYPE = /^image\/[a-z0-9.+-]+$/
const DATA_URL = 'data:image/png;base64,…'

/** A string of up to `maxBytes` of UTF-8: whatever the codec took it for becomes a string again. */
export function text(maxBytes: number = MAX_TEXT_BYTES): z.ZodType<string> {
  return field('A text.', (value) => {
    const string = stringOf(value, maxBytes)
    if (string === undefined) return new Wrong(`expected a string, not ${kindOf(value)}`)
    if (string === TOO_LONG) return new Wrong(`is longer than ${sizeText(maxBytes)}`)
    return string
  })
}

/**
 * Base64 of any length, bare or as a data URL of any type, as a base64 blob. A string that cannot be base64 is refused; of a long one
 * the codec has looked at the first 4 KiB, and whether it can be decoded, and by which rules, is the decoder's business.
 */
export function picture(): z.ZodType<JsonBlob> {
  return field('A picture in base64, bare or as a data URL.', (value) => {
    if (value instanceof JsonBlob && value.form === 'base64') return value
    const string = stringOf(value, MAX_TEXT_BYTES)
    if (string === undefined) return new Wrong(`expected base64, not ${kindOf(value)}`)
    return string === TOO_LONG ? new Wrong('is not base64') : shortPicture(string)
  })
}

/** Either an `http:` or `https:` URL, or a picture in a `data:` URL: fields such as `image_url.url`. */
export function pictureOrUrl(): z.ZodType<PictureSource> {
  return field('An http(s) URL, or a picture as a data URL.', (value): PictureSource | Wrong => {
    if (value instanceof JsonBlob && value.form === 'base64') return inline(value)
    const string = stringOf(value, MAX_TEXT_BYTES)
    if (string === undefined) return new Wrong(`expected a URL, not ${kindOf(value)}`)
    if (string === TOO_LONG) return new Wrong(`expected an http(s) URL or ${DATA_URL}, not a long text`)
    if (/^https?:\/\//i.test(string)) {
      if (Buffer.byteLength(string) > MAX_URL_BYTES) return new Wrong(`is a URL longer than ${sizeText(MAX_URL_BYTES)}`)
      return { type: 'url', url: string }
    }
    if (!/^data:/i.test(string)) return new Wrong(`expected an http(s) URL or ${DATA_URL}`)
    const blob = shortPicture(string)
    return blob instanceof Wrong ? blob : inline(blob)
  })
}

/** A text or base64 blob as the string that it stands for. Throws for binary ones and for those on the disk. */
export function blobText(blob: JsonBlob): string {
  if (blob.form === 'binary' || blob.spilled !== undefined) throw new TypeError('only text in memory becomes a string')
  const inside = Buffer.concat(blob.slices).toString('utf8')
  if (blob.form === 'base64') return blob.mediaType === undefined ? inside : `data:${blob.mediaType};base64,${inside}`
  const string: unknown = JSON.parse(`"${inside}"`)
  return String(string)
}

/** What is wrong with a field, in words that go on from its name. */
class Wrong {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

/** A value that a schema knows as a string and `read` takes from what the codec made of it. */
function field<T>(description: string, read: (value: unknown) => T | Wrong): z.ZodType<T> {
  const described = z.unknown().meta({ type: 'string', description })
  return described.transform((value, context): T => {
    const result = read(value)
    if (!(result instanceof Wrong)) return result
    context.issues.push({ code: 'custom', message: result.message, input: value })
    return z.NEVER
  })
}

const TOO_LONG = Symbol('too long')

/** The string that a value stands for, if it stands for one and that has at most `maxBytes` of UTF-8. */
function stringOf(value: unknown, maxBytes: number): string | typeof TOO_LONG | undefined {
  if (typeof value === 'string') return Buffer.byteLength(value) > maxBytes ? TOO_LONG : value
  if (!(value instanceof JsonBlob) || value.form === 'binary') return undefined
  if (value.spilled !== undefined || value.byteLength > maxBytes * MAX_ESCAPED) return TOO_LONG
  return stringOf(blobText(value), maxBytes)
}

function inline(blob: JsonBlob): PictureSource | Wrong {
  if (blob.mediaType === undefined) return new Wrong(`is bare base64: expected an http(s) URL or ${DATA_URL}`)
  if (!PICTURE_TYPE.test(blob.mediaType))
    return new Wrong(`is a data URL of another type than a picture: expected ${DATA_URL}`)
  return { type: 'inline', blob }
}

/** A string that the codec found too short for a blob, or no base64 because of its escapes. */
function shortPicture(string: string): JsonBlob | Wrong {
  const isDataUrl = /^data:/i.test(string)
  const start = isDataUrl ? string.slice(0, MAX_DATA_PREFIX_BYTES).indexOf(',') + 1 : 0
  const data = isDataUrl ? parseDataPrefix(string.slice(0, start)) : undefined
  if (isDataUrl && start === 0)
    return new Wrong(`is a data URL without a comma in its first 4 KiB: expected ${DATA_URL}`)
  if (data?.isBase64 === false) return new Wrong(`is a data URL that is not base64: expected ${DATA_URL}`)
  const characters = string.slice(start)
  const at = characters.search(NOT_BASE64)
  if (at !== -1) return new Wrong(`is not base64: it holds ${nameOfByte(characters.charCodeAt(at))}`)
  const spaced = /\s/.test(characters)
  return new JsonBlob('base64', [Buffer.from(characters, 'latin1')], data?.mediaType, undefined, { spaced })
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (value instanceof JsonBlob) return 'bytes'
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
}
