import { type ImageRequest, promptText, references, type Tier } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { toDataUris } from '../inline-picture.ts'
import { falModel, type FalModel, type PictureEndpoint } from './endpoints.ts'

/**
 * Keys of `provider.options.fal` that are sent on, whatever the model: it refuses what it does not know. Left out on purpose are those
 * that change the price or the number of pictures (`rendering_speed`, `enable_prompt_expansion`, `enable_web_search`, `max_images`) and
 * `sync_mode`, which would take the result out of fal's keeping.
 */
export const PASS_THROUGH = [
  'acceleration',
  'enable_safety_checker',
  'enhance_prompt',
  'expand_prompt',
  'guidance_scale',
  'image_prompt_strength',
  'num_inference_steps',
  'raw',
  'safety_tolerance',
  'strength',
  'style',
  'style_codes',
  'style_preset',
  'thinking_level',
] as const

type JsonObject = Readonly<Record<string, JsonValue | undefined>>

export interface Submission {
  /** Endpoint id without a leading slash: `fal-ai/flux-2-pro/edit`. */
  readonly endpoint: string
  readonly body: JsonValue
}

/**
 * What is put into the queue: the endpoint that fits the pictures, and its input. What the caller left out is left out, and so is what
 * the model has no name for; a picture that cannot be sent is an error, in one sentence.
 */
export function toSubmission(request: ImageRequest, options: JsonObject, id: string): Result<Submission, string> {
  const model = falModel(id)
  const pictures = toPictures(request, model)
  if (!pictures.ok) return pictures
  const { endpoint, fields, isFixed } = pictures.value
  const { n, seed, format, negativePrompt, quality } = request
  if (n !== undefined && n > 1 && !model.counts) return err('The model makes one picture per call.')
  const speed = quality === undefined ? undefined : model.speeds?.[quality]
  return ok({
    endpoint,
    body: {
      ...Object.fromEntries(PASS_THROUGH.flatMap((key) => (key in options ? [[key, options[key]]] : []))),
      prompt: promptText(request),
      ...fields,
      ...(isFixed ? {} : shapeOf(request, model)),
      ...(n !== undefined && model.counts && { num_images: n }),
      ...(seed !== undefined && model.seeds && { seed }),
      ...(format !== undefined && model.formats.includes(format) && { output_format: format }),
      ...(negativePrompt !== undefined && model.negates && { negative_prompt: negativePrompt }),
      ...(speed !== undefined && { rendering_speed: speed }),
    },
  })
}

interface Pictured {
  readonly endpoint: string
  readonly fields: JsonObject
  readonly isFixed: boolean
}

function toPictures(request: ImageRequest, model: FalModel): Result<Pictured, string> {
  const given = references(request)
  const masked = request.mask === undefined ? [] : [request.mask]
  if (given.length === 0 && masked.length === 0) {
    if (model.fromText === undefined) return err('The model edits pictures, and the request has none.')
    return ok({ endpoint: model.fromText, fields: {}, isFixed: false })
  }
  const endpoint = endpointFor(model, given.length, masked.length > 0)
  const [surplus] = endpoint?.field === 'image_url' ? given.slice(1) : []
  if (endpoint === undefined || surplus !== undefined) {
    const picture = surplus ?? masked[0] ?? given[0]
    return err(`The picture at ${picture?.field} is one that the model does not take.`)
  }
  const uris = toDataUris([...given, ...masked])
  if (!uris.ok) return uris
  const sent = uris.value.slice(0, given.length)
  return ok({
    endpoint: endpoint.path,
    fields: {
      [endpoint.field]: endpoint.field === 'image_url' ? sent[0] : sent,
      ...(masked.length > 0 && { mask_url: uris.value.at(-1) }),
    },
    isFixed: endpoint.shape === 'fixed',
  })
}

function endpointFor(model: FalModel, count: number, hasMask: boolean): PictureEndpoint | undefined {
  if (hasMask) return count === 0 ? undefined : model.fromMask
  return count === 1 ? model.fromOne : model.fromMany
}

/** Sides in pixels of a square picture of each tier. */
const SIDES: Readonly<Record<Tier, number>> = { '512': 512, '1K': 1024, '2K': 2048, '4K': 4096 }

/** fal's names of the tiers. */
const RESOLUTIONS: Readonly<Record<Tier, string>> = { '512': '0.5K', '1K': '1K', '2K': '2K', '4K': '4K' }

function shapeOf({ size, aspectRatio, resolution }: ImageRequest, { shape, side = SIDES['1K'] }: FalModel): JsonObject {
  if (shape === 'size') {
    const given = size !== undefined || aspectRatio !== undefined || resolution !== undefined
    return given ? { image_size: size ?? pixels(aspectRatio, resolution === undefined ? side : SIDES[resolution]) } : {}
  }
  return {
    ...(aspectRatio !== undefined && { aspect_ratio: aspectRatio }),
    ...(shape === 'tier' && resolution !== undefined && { resolution: RESOLUTIONS[resolution] }),
  }
}

/** The ratio at no more than the area of its tier, so that no megapixel is paid for that was not asked for; sides are multiples of 16. */
function pixels(ratio: string | undefined, side: number): { readonly width: number; readonly height: number } {
  const [across = 1, down = 1] = (ratio ?? '1:1').split(':').map(Number)
  const stretch = Math.sqrt(across / down)
  const rounded = (length: number) => (Number.isFinite(length) ? Math.max(16, Math.floor(length / 16) * 16) : side)
  return { width: rounded(side * stretch), height: rounded(side / stretch) }
}
