import { blobText } from './blob-fields.ts'
import { JsonBlob, type JsonValue } from './json-blob.ts'
import { dataUrl } from './json-writer.ts'

/**
 * The same document in its one spelling, for `writeJson`: keys in order at every depth, absent fields gone, every text a string and
 * every picture behind the prefix that it came with. Two documents that mean the same become the same bytes, however they were laid
 * out, escaped or cut into blobs; no picture is copied.
 */
export function canonical(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof JsonBlob) return canonicalBlob(value)
  if (isArray(value)) return value.map((item) => canonical(item ?? null))
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, canonical(item ?? null)]),
  )
}

/** A text blob still has the escapes that it came with; base64 has none, and its prefix stands beside it. */
function canonicalBlob(blob: JsonBlob): JsonValue {
  if (blob.form === 'text') return blobText(blob)
  return blob.mediaType === undefined ? blob : dataUrl(blob, blob.mediaType)
}

/** `Array.isArray` does not narrow readonly arrays. */
function isArray(value: object): value is readonly JsonValue[] {
  return Array.isArray(value)
}
