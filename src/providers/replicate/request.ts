import { type ImageRequest, type Picture, promptText, references, type Tier } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { dataUrl } from '../../core/json-blobs.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { toDataUri, toDataUris } from '../inline-picture.ts'
import { toStencil } from '../mask.ts'
import type { Call } from '../provider.ts'
import { replicateModel, type ReplicateModel } from './models.ts'
import { shapeOf } from './shape.ts'

/**
 * Keys of `provider.options.replicate` that are put into the input, whatever the model: it refuses what it does not know. Left out are
 * those that change the price or the number of pictures (`max_images`, `sequential_image_generation`, `num_outputs`, `resolution`), and
 * weights or pictures that nobody has looked at.
 */
export const PASS_THROUGH = [
  'cfg',
  'disable_safety_checker',
  'enhance_prompt',
  'go_fast',
  'guidance',
  'guidance_scale',
  'image_reference_weight',
  'magic_prompt_option',
  'megapixels',
  'num_inference_steps',
  'output_quality',
  'prompt_optimizer',
  'prompt_strength',
  'prompt_upsampling',
  'raw',
  'safety_tolerance',
  'steps',
  'strength',
  'style_type',
  'turbo',
] as const

type JsonObject = Readonly<Record<string, JsonValue | undefined>>

/**
 * The input of a prediction. What the caller left out is left out, but for one thing: FLUX.2 makes a square of whatever it edits, unless
 * it is told to keep the shape. What the model has no field for is an error, in one sentence.
 */
export async function toInput(
  request: ImageRequest,
  options: JsonObject,
  call: Pick<Call, 'model' | 'pixels'>,
): Promise<Result<JsonValue, string>> {
  const model = replicateModel(call.model)
  const unsayable = beyond(request, model)
  if (unsayable !== undefined) return err(`${unsayable} cannot be sent: ${call.model} has no field for it.`)
  const pictures = await toPictures(request, model, call)
  if (!pictures.ok) return pictures
  const { n, seed, format, compression, negativePrompt } = request
  const named = format === undefined || format === 'svg' ? undefined : model.formats[format]
  return ok({
    ...Object.fromEntries(PASS_THROUGH.flatMap((key) => (key in options ? [[key, options[key]]] : []))),
    prompt: promptText(request),
    ...pictures.value,
    ...shapeOf(request, model),
    ...(n !== undefined && model.count !== undefined && { [model.count]: n }),
    ...(seed !== undefined && { seed }),
    ...(negativePrompt !== undefined && { negative_prompt: negativePrompt }),
    ...(named !== undefined && { output_format: named }),
    ...(compression !== undefined && model.compresses && { output_quality: compression }),
  })
}

/** The first field that would change the picture and that the model has no way to be told, as the caller knows it. */
function beyond(request: ImageRequest, model: ReplicateModel): string | undefined {
  const { n = 1, size, aspectRatio, resolution, seed, negativePrompt } = request
  const { shape, custom, pictures, most = 1 } = model
  if (n > most) return 'n'
  if (seed !== undefined && model.seeds !== true) return 'seed'
  if (negativePrompt !== undefined && model.negates !== true) return 'negative_prompt'
  if (size !== undefined && shape !== 'pixels' && shape !== 'text' && custom === undefined) return 'size'
  const keepsShape = shape === 'picture' || (pictures?.keepShape === true && references(request).length > 0)
  if (aspectRatio !== undefined && keepsShape) return 'aspect_ratio'
  return resolution === undefined || tiersOf(model).includes(resolution) ? undefined : 'resolution'
}

/** Models without a field for tiers make about a megapixel. */
function tiersOf({ shape, tiers }: ReplicateModel): readonly Tier[] {
  return tiers?.of ?? (shape === 'picture' ? [] : ['1K'])
}

async function toPictures(
  { mask, ...request }: ImageRequest,
  { pictures, mask: marked }: ReplicateModel,
  { model: id, pixels }: Pick<Call, 'model' | 'pixels'>,
): Promise<Result<JsonObject, string>> {
  const given = references(request)
  const [first] = given
  const surplus = given[pictures?.most ?? 0] ?? (marked === undefined ? mask : undefined)
  if (surplus !== undefined) return err(`The picture at ${surplus.field} is one more than ${id} takes.`)
  if (first === undefined || pictures === undefined) {
    return mask === undefined ? ok({}) : err(`The mask at ${mask.field} cannot be sent without a picture.`)
  }
  if (pictures.onlyMasked && mask === undefined) {
    return err(`The picture at ${first.field} cannot be sent without a mask: ${id} repaints parts of one.`)
  }
  const sent = toDataUris(given)
  if (!sent.ok) return sent
  const fields = { [pictures.field]: pictures.isList ? sent.value : sent.value[0] }
  if (mask === undefined || marked === undefined) return ok(fields)
  const uri = await toMask(mask, marked, pixels)
  return uri.ok ? ok({ ...fields, mask: uri.value }) : uri
}

async function toMask(
  mask: Picture,
  marked: 'black' | 'white',
  pixels: Call['pixels'],
): Promise<Result<JsonValue, string>> {
  if (pixels === undefined) return toDataUri(mask)
  const stencil = await toStencil(mask, marked, pixels)
  return stencil.ok ? ok(dataUrl(stencil.value, 'image/png')) : stencil
}
