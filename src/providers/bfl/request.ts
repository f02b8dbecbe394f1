import { type ImageRequest, type Picture, promptText, references, type Tier } from '../../core/image-request.ts'
import type { JsonBlob, JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Call } from '../provider.ts'
import { toStencil } from '../mask.ts'
import { bflModel, type BflModel } from './models.ts'

/**
 * Keys of `provider.options.black-forest-labs` that are sent on, whatever the model: it refuses what it does not know. Left out are
 * `image_prompt`, which would be a picture that nobody has looked at, and the fields of webhooks.
 */
export const PASS_THROUGH = [
  'disable_pup',
  'grounding',
  'guidance',
  'prompt_upsampling',
  'raw',
  'safety_tolerance',
  'steps',
] as const

type JsonObject = Readonly<Record<string, JsonValue | undefined>>

/** The body of a submission. What the caller left out is left out; what the model has no field for is an error, in one sentence. */
export async function toBody(
  request: ImageRequest,
  options: JsonObject,
  { model: id, pixels }: Pick<Call, 'model' | 'pixels'>,
): Promise<Result<JsonValue, string>> {
  const model = bflModel(id)
  const unsayable = beyond(request, model)
  if (unsayable !== undefined) return err(`${unsayable} cannot be sent: ${id} has no field for it.`)
  const pictures = toPictures(request, model, id)
  if (!pictures.ok) return pictures
  const stencil = request.mask === undefined ? undefined : await toStencil(request.mask, 'white', pixels)
  if (stencil !== undefined && !stencil.ok) return stencil
  const { seed, format } = request
  const hasFormat = model.formats.some((name) => name === format)
  return ok({
    ...Object.fromEntries(PASS_THROUGH.flatMap((key) => (key in options ? [[key, options[key]]] : []))),
    prompt: promptText(request),
    ...pictures.value,
    ...(stencil && { mask: stencil.value }),
    ...shapeOf(request, model),
    ...(seed !== undefined && { seed }),
    ...(format !== undefined && hasFormat && { output_format: format }),
  })
}

/** FLUX 3's names of the tiers. Its smallest, `768sq`, is none that a caller can name. */
const RESOLUTIONS: Readonly<Partial<Record<Tier, string>>> = { '1K': '1k', '2K': '2k', '4K': '4k' }

/** The first field that would change the picture and that the model has no way to be told, as the caller knows it. */
function beyond(request: ImageRequest, { shape, seeds }: BflModel): string | undefined {
  const { n = 1, size, aspectRatio, resolution, seed, negativePrompt } = request
  if (n > 1) return 'n'
  if (negativePrompt !== undefined) return 'negative_prompt'
  if (seed !== undefined && !seeds) return 'seed'
  if (size !== undefined && shape !== 'pixels') return 'size'
  if (aspectRatio !== undefined && shape === 'picture') return 'aspect_ratio'
  if (resolution === undefined || (shape === 'tier' && RESOLUTIONS[resolution] !== undefined)) return undefined
  return 'resolution'
}

function toPictures(
  { mask, ...request }: ImageRequest,
  { pictures, most, masks = false }: BflModel,
  id: string,
): Result<JsonObject, string> {
  const given = references(request)
  const surplus = given[most] ?? (masks ? undefined : mask)
  if (surplus !== undefined) return err(`The picture at ${surplus.field} is one more than ${id} takes.`)
  const sent: JsonBlob[] = []
  for (const picture of given) {
    const blob = toBlob(picture)
    if (!blob.ok) return blob
    sent.push(blob.value)
  }
  return ok(named(sent, pictures))
}

/** Base64 without a prefix is what the API wants. */
function toBlob({ field, source }: Picture): Result<JsonBlob, string> {
  return source.type === 'inline'
    ? ok(source.blob)
    : err(`The picture at ${field} is an address, and this provider is only sent bytes.`)
}

function named(sent: readonly JsonBlob[], how: BflModel['pictures']): JsonObject {
  if (sent.length === 0) return {}
  if (how === 'list') return { images: sent }
  const name = how === 'single' ? 'image' : 'input_image'
  return Object.fromEntries(sent.map((blob, index) => [index === 0 ? name : `${name}_${index + 1}`, blob]))
}

function shapeOf({ size, aspectRatio, resolution }: ImageRequest, model: BflModel): JsonObject {
  if (model.shape === 'pixels') return size ?? (aspectRatio === undefined ? {} : pixelsOf(aspectRatio, model))
  return {
    ...(aspectRatio !== undefined && { aspect_ratio: aspectRatio }),
    ...(resolution !== undefined && { resolution: RESOLUTIONS[resolution] }),
  }
}

/** Side in pixels of the square picture that a ratio without a size is about. */
const USUAL_SIDE = 1024

/** The ratio at no more than the usual area, so that no megapixel is paid for that was not asked for. */
function pixelsOf(ratio: string, { step, longest }: BflModel): { readonly width: number; readonly height: number } {
  const [across = 1, down = 1] = ratio.split(':').map(Number)
  const stretch = Math.sqrt(across / down)
  const side = Math.min(USUAL_SIDE, longest * Math.min(stretch, 1 / stretch))
  const inSteps = (length: number) => Math.max(step, Math.floor(length / step) * step)
  return Number.isFinite(stretch) && stretch > 0
    ? { width: inSteps(side * stretch), height: inSteps(side / stretch) }
    : { width: USUAL_SIDE, height: USUAL_SIDE }
}
