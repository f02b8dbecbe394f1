import { FORMATS } from '../core/image-request.ts'
import { JsonBlob } from '../core/json-blob.ts'
import { ok, type Result } from '../core/result.ts'
import type { Cleaned, InspectedPicture } from './assets.ts'
import { decodedSlices } from './blob-bytes.ts'
import type { Decoder } from './decoding/decoder.ts'
import { ANSWER_LIMITS, REFERENCE_LIMITS, refuse, type PictureLimits, type UnusablePicture } from './usable.ts'

interface Parts {
  readonly decoder: Decoder
  /** Looks at bytes that were made here. */
  inspect(blob: JsonBlob, limits: PictureLimits): Promise<Result<InspectedPicture, UnusablePicture>>
}

/**
 * Decodes an inspected picture and encodes it again in its own format: what comes of it is pixels and nothing else. The original's
 * temporary file is gone afterwards, whatever happened. At quality 95 a JPEG may weigh more than callers may send.
 */
export function makeClean({ decoder, inspect }: Parts) {
  return async (original: InspectedPicture, blob: JsonBlob): Promise<Result<Cleaned, UnusablePicture>> => {
    const { mediaType, bytes } = original.facts
    const format = FORMATS.find((name) => mediaType === `image/${name}`)
    const limits = { ...REFERENCE_LIMITS, mediaTypes: [mediaType], maxBytes: ANSWER_LIMITS.maxBytes }
    try {
      if (format === undefined) return refuse('not_decodable', `Pictures of type ${mediaType} are not decoded.`)
      const { maxPixels, maxBytes } = limits
      const source = { byteLength: bytes, slices: decodedSlices(blob) }
      const made = await decoder.run({ kind: 'clean', format, maxPixels, maxBytes }, source)
      if (!made.ok) return refuse('not_decodable', made.error)

      const cleaned = new JsonBlob('binary', made.value, mediaType)
      const picture = await inspect(cleaned, limits)
      return picture.ok ? ok({ picture: picture.value, blob: cleaned }) : refuse('not_decodable', picture.error.message)
    } finally {
      original.discard()
    }
  }
}
