import type { Format } from '../core/image-request.ts'
import { JsonBlob } from '../core/json-blob.ts'
import { err, ok } from '../core/result.ts'
import type { Assets, KeptPicture } from './assets.ts'
import { decodedSlices } from './blob-bytes.ts'
import type { Decoder } from './decoding/decoder.ts'
import { ANSWER_LIMITS } from './usable.ts'

interface Parts extends Pick<Assets, 'keep' | 'read'> {
  readonly decoder: Decoder
}

/** Makes one format of another. GIF and SVG answers stay what they are: the decoder has no reader for them. */
export function makeConvert({ decoder, keep, read }: Parts): Assets['convert'] {
  return async (source, format, compression) => {
    const stored = source instanceof JsonBlob ? source : await storedBlob(source, read)
    if (stored === undefined) return err('The picture is not kept, so it cannot be converted.')
    const slices = await Array.fromAsync(decodedSlices(stored))
    const byteLength = slices.reduce((total, { length }) => total + length, 0)
    const made = await decoder.run(jobOf(format, compression), { byteLength, slices })
    if (!made.ok) return err(`The picture could not be converted to ${format}: ${made.error}`)
    const blob = new JsonBlob('binary', made.value, `image/${format}`)
    const result = await keep(blob, 'tolerant')
    return result.ok ? ok({ blob, kept: result.value }) : err(result.error.message)
  }
}

async function storedBlob(source: KeptPicture, read: Assets['read']): Promise<JsonBlob | undefined> {
  const { mediaType, inline } = source
  return read({ ...source, media_type: mediaType, inline: inline ?? null })
}

function jobOf(format: Format, compression: number | undefined) {
  const { maxPixels, maxBytes } = ANSWER_LIMITS
  return { kind: 'convert' as const, format, compression, maxPixels, maxBytes }
}
