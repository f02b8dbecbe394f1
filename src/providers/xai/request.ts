import { type ImageRequest, promptText, references } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { toDataUris } from '../inline-picture.ts'

/** Keys of `provider.options.xai` that are sent on: `user` tells xAI's abuse watch one end user from another. */
export const PASS_THROUGH: readonly string[] = ['user']

/** xAI's names of the tiers. */
const RESOLUTIONS: Readonly<Record<string, string>> = { '1K': '1k', '2K': '2k' }

type JsonObject = Readonly<Record<string, JsonValue>>

interface Post {
  readonly path: '/images/generations' | '/images/edits'
  readonly body: JsonObject
}

/**
 * Where a request goes and with what body, or, in words, why it cannot be sent. What the caller left out is left out, with one exception:
 * pictures are asked for as base64, since an address would have to be fetched before it dies, and accounts that keep no data have none.
 */
export function toPost(request: ImageRequest, options: JsonObject, model: string): Result<Post, string> {
  const { n, quality, resolution } = request
  const given = references(request)
  const shape = toShape(request, given.length)
  if (!shape.ok) return shape
  const uris = toDataUris(given)
  if (!uris.ok) return uris
  const images = uris.value.map((url) => ({ url }))
  return ok({
    path: images.length > 0 ? '/images/edits' : '/images/generations',
    body: {
      ...Object.fromEntries(Object.entries(options).filter(([key]) => PASS_THROUGH.includes(key))),
      model,
      prompt: promptText(request),
      ...(n !== undefined && { n }),
      ...shape.value,
      ...(resolution !== undefined && { resolution: RESOLUTIONS[resolution] ?? resolution }),
      // `auto` is our word for leaving it to the provider.
      ...(quality !== undefined && quality !== 'auto' && { quality }),
      ...(images.length > 1 ? { images } : images[0] !== undefined && { image: images[0] }),
      response_format: 'b64_json',
    },
  })
}

/** Ratio and tier, which is all that a shape can be asked for by. */
function toShape(request: ImageRequest, pictures: number): Result<JsonObject, string> {
  const { size, aspectRatio, resolution, background } = request
  if (size !== undefined) return err('size cannot be sent: xAI takes resolution and aspect_ratio, no pixels.')
  if (background === 'transparent') return err('background cannot be transparent: xAI’s pictures are opaque.')
  if (resolution !== undefined && RESOLUTIONS[resolution] === undefined) {
    return err(`resolution ${resolution} cannot be sent: xAI has 1K and 2K.`)
  }
  if (aspectRatio === undefined) return ok({})
  if (pictures !== 1) return ok({ aspect_ratio: aspectRatio })
  // The documents say of one picture that it keeps its own ratio, and that none is to be sent.
  return aspectRatio === 'auto'
    ? ok({})
    : err('aspect_ratio cannot be sent with a single reference: xAI keeps the ratio of that picture.')
}
