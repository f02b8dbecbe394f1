import { Base64Decoder } from '../core/base64.ts'
import { JsonBlob } from '../core/json-blob.ts'
import { spendTurn } from '../core/turn.ts'

/** A blob's bytes, decoded tolerantly, a piece at a time and within the turn's budget. Ends early where the base64 is damaged. */
export async function* decodedSlices(blob: JsonBlob): AsyncGenerator<Buffer> {
  const decoder = blob.form === 'binary' ? undefined : new Base64Decoder('tolerant')
  for await (const slice of rawSlices(blob)) {
    if (decoder === undefined) yield slice
    else {
      const decoded = decoder.write(slice)
      if (!decoded.ok) return
      yield* decoded.value
    }
    await spendTurn(slice.length)
  }
  const last = decoder?.end()
  if (last?.ok === true) yield* last.value
}

/** A picture of so many bytes whose base64 needs mending, as its bytes, decoded while they are read: what is made of them is canonical. */
export function mended(blob: JsonBlob, byteLength: number): JsonBlob {
  const spilled = { byteLength, [Symbol.asyncIterator]: () => decodedSlices(blob) }
  return blob.form === 'binary'
    ? blob
    : new JsonBlob('binary', [], blob.mediaType, undefined, { spilled, hold: blob.hold })
}

/** A blob's slices as they are, from memory or from where they were moved. */
export async function* rawSlices(blob: JsonBlob): AsyncGenerator<Buffer> {
  if (blob.spilled !== undefined) yield* blob.spilled
  yield* blob.slices
}
