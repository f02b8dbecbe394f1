import { Base64Encoder, encodedLength, encodeSlices, withoutWhiteSpace } from './base64.ts'
import { JsonBlob } from './json-blob.ts'
import type { JsonValue, Spilled } from './json-blob.ts'

/** A JSON document as bytes, ready for an exact `content-length`. */
export interface JsonBody {
  readonly byteLength: number
  /** May be iterated again, from the start. Asynchronous only if a blob inside was moved to the disk. */
  readonly chunks: Iterable<Buffer> | AsyncIterable<Buffer>
  /** Says that nobody wants the blobs in it any more, once it was written for the last time. */
  release(): void
}

/**
 * Writes a value tree with blobs in it, as `JSON.stringify` writes it without: absent fields are left out, numbers that are not
 * finite become `null`. Text goes out raw as it came, base64 as it is (without white space), binary is encoded in pieces of at most
 * 64 KiB while the chunks are iterated. A blob's media type is not written; `dataUrl` does that.
 */
export function writeJson(value: JsonValue): JsonBody {
  const parts: Part[] = []
  const blobs: JsonBlob[] = []
  const last = append(value, '', parts, blobs)
  parts.push([Buffer.from(last)])
  const byteLength = parts.reduce((total, part) => total + lengthOf(part), 0)
  return { byteLength, chunks: chunksOf(parts), release: () => blobs.forEach((blob) => blob.release()) }
}

/** A string value `data:<type>;base64,<blob>` for `writeJson`; nothing is copied. To everyone else it is the blob with that type. */
export function dataUrl(blob: JsonBlob, mediaType: string): JsonValue {
  return new DataUrl(blob, mediaType)
}

class DataUrl extends JsonBlob {
  /** What stands before the characters, inside the quotes. */
  readonly prefix: string

  constructor(blob: JsonBlob, mediaType: string) {
    if (blob.form === 'text') throw new TypeError('a text cannot go into a data URL: it is neither base64 nor binary')
    super(blob.form, blob.slices, mediaType, blob.intake, blob)
    this.prefix = JSON.stringify(`data:${mediaType};base64,`).slice(1, -1)
  }
}

/** Bytes of the document in order: ready ones, ones to encode, ones to fetch from the disk. */
type Part = InMemory | { readonly spilled: Spilled; readonly isBinary: boolean }
type InMemory = readonly Buffer[] | { readonly binary: readonly Buffer[]; readonly byteLength: number }

/** Writes `value` behind `text`. Where a blob stands, what was written becomes a part and the blob one or two more; returns the rest. */
function append(value: JsonValue, text: string, parts: Part[], blobs: JsonBlob[]): string {
  if (typeof value !== 'object' || value === null) return text + JSON.stringify(value)
  if (value instanceof JsonBlob) {
    blobs.push(value)
    parts.push([Buffer.from(`${text}"${value instanceof DataUrl ? value.prefix : ''}`)], ...partsOf(value))
    return '"'
  }
  let rest = text
  let separator = ''
  if (isArray(value)) {
    rest += '['
    for (const item of value) {
      rest = append(item ?? null, rest + separator, parts, blobs)
      separator = ','
    }
    return `${rest}]`
  }
  rest += '{'
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue
    rest = append(item, `${rest}${separator}${JSON.stringify(key)}:`, parts, blobs)
    separator = ','
  }
  return `${rest}}`
}

function partsOf(blob: JsonBlob): readonly Part[] {
  const isBinary = blob.form === 'binary'
  if (blob.spilled !== undefined) {
    if (blob.slices.length > 0) throw new TypeError('a blob is either in memory or on the disk')
    return [{ spilled: blob.spilled, isBinary }]
  }
  if (isBinary) return [{ binary: blob.slices, byteLength: blob.byteLength }]
  return [blob.spaced ? blob.slices.map(withoutWhiteSpace) : blob.slices]
}

function lengthOf(part: Part): number {
  if ('binary' in part) return encodedLength(part.byteLength)
  if ('spilled' in part) return part.isBinary ? encodedLength(part.spilled.byteLength) : part.spilled.byteLength
  return part.reduce((total, slice) => total + slice.length, 0)
}

function chunksOf(parts: readonly Part[]): Iterable<Buffer> | AsyncIterable<Buffer> {
  const inMemory = parts.flatMap((part): InMemory[] => ('spilled' in part ? [] : [part]))
  if (inMemory.length < parts.length) return { [Symbol.asyncIterator]: () => readParts(parts) }
  const ready = inMemory.flatMap((part): (readonly Buffer[])[] => ('binary' in part ? [] : [part]))
  if (ready.length === inMemory.length) return ready.flat()
  return { [Symbol.iterator]: () => encodeParts(inMemory) }
}

function* encodeParts(parts: readonly InMemory[]): Generator<Buffer> {
  for (const part of parts) yield* 'binary' in part ? encodeSlices(part.binary) : part
}

async function* readParts(parts: readonly Part[]): AsyncGenerator<Buffer> {
  for (const part of parts) {
    if (!('spilled' in part)) yield* encodeParts([part])
    else if (part.isBinary) yield* encodeSpilled(part.spilled)
    else yield* part.spilled
  }
}

async function* encodeSpilled(spilled: Spilled): AsyncGenerator<Buffer> {
  const encoder = new Base64Encoder()
  for await (const slice of spilled) yield* encoder.write(slice)
  yield* encoder.end()
}

/** `Array.isArray` does not narrow readonly arrays. */
function isArray(value: object): value is readonly JsonValue[] {
  return Array.isArray(value)
}
