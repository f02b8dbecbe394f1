import { type ImageRequest, type Picture, promptText, references } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { FormPart } from '../form.ts'
import { filePart, inlinePicture } from '../inline-picture.ts'
import { toStencil } from '../mask.ts'
import type { Call } from '../provider.ts'

/** Keys of `provider.options.recraft` that are sent on. None of them changes the price. */
export const PASS_THROUGH: readonly string[] = [
  'style',
  'substyle',
  'style_id',
  'controls',
  'text_layout',
  'strength',
  'block_nsfw',
]

/** How far an edit may go from its picture, 0 to 1, where the caller does not say: the field is required. */
const USUAL_STRENGTH = 0.5

type Fields = Readonly<Record<string, JsonValue>>

export type Post = { readonly path: string } & ({ readonly body: Fields } | { readonly form: readonly FormPart[] })

/** From words, from one picture, or from a picture with a mask. What the caller left out is left out; what cannot be sent is an error. */
export async function toPost(
  request: ImageRequest,
  options: Fields,
  { model, pixels }: Pick<Call, 'model' | 'pixels'>,
): Promise<Result<Post, string>> {
  const [picture, surplus] = references(request)
  if (surplus !== undefined) return err(`${surplus.field} cannot be sent: Recraft takes one picture.`)
  const passed = Object.fromEntries(PASS_THROUGH.flatMap((key) => entryOf(options, key)))
  const fields: Fields = { ...passed, model, prompt: promptText(request), ...steering(request, model) }
  if (picture === undefined) {
    if (request.mask !== undefined)
      return err(`${request.mask.field} cannot be sent without the picture that it lies over.`)
    const { strength: _, ...rest } = fields
    return ok({ path: '/images/generations', body: { ...rest, ...shapeOf(request) } })
  }
  const unsaid = beyondEdits(request, options)
  if (unsaid !== undefined) return err(`${unsaid} cannot be sent with a picture: Recraft has no field for it there.`)
  return await toForm(picture, request, fields, pixels)
}

function entryOf(options: Fields, key: string): readonly (readonly [string, JsonValue])[] {
  const value = options[key]
  return value === undefined ? [] : [[key, value]]
}

/** In base64, so that no second host has to be asked. Vector models have no choice of encoding. */
function steering({ n, seed, negativePrompt, format }: ImageRequest, model: string): Fields {
  const isRaster = !model.endsWith('_vector')
  return {
    ...(n !== undefined && { n }),
    ...(seed !== undefined && { random_seed: seed }),
    ...(negativePrompt !== undefined && { negative_prompt: negativePrompt }),
    ...(isRaster && (format === 'png' || format === 'webp') && { image_format: format }),
    response_format: 'b64_json',
  }
}

/** Pixels or a ratio, under one name. A tier is what the model has of its own. */
function shapeOf({ size, aspectRatio }: ImageRequest): Fields {
  if (size !== undefined) return { size: `${size.width}x${size.height}` }
  return aspectRatio === undefined || aspectRatio === 'auto' ? {} : { size: aspectRatio }
}

/** What only a picture from words can be told: an edit has the size of its picture, and a form has flat fields only, as Recraft says. */
function beyondEdits({ size, aspectRatio }: ImageRequest, options: Fields): string | undefined {
  if (size !== undefined) return 'size'
  if (aspectRatio !== undefined && aspectRatio !== 'auto') return 'aspect_ratio'
  const nested = Object.entries(options).find(([key, value]) => PASS_THROUGH.includes(key) && typeof value === 'object')
  return nested === undefined ? undefined : `provider.options.recraft.${nested[0]}`
}

async function toForm(
  picture: Picture,
  request: ImageRequest,
  fields: Fields,
  pixels: Call['pixels'],
): Promise<Result<Post, string>> {
  const { strength = USUAL_STRENGTH, ...flat } = fields
  const sent = inlinePicture(picture)
  if (!sent.ok) return sent
  const image = filePart('image', 'image', sent.value)
  const { mask } = request
  if (mask === undefined) {
    return ok({ path: '/images/imageToImage', form: [...textsOf({ ...flat, strength }), image] })
  }
  const stencil = await toStencil(mask, 'white', pixels)
  if (!stencil.ok) return stencil
  const file = filePart('mask', 'mask', { blob: stencil.value, mediaType: 'image/png' })
  return ok({ path: '/images/inpaint', form: [...textsOf(flat), image, file] })
}

function textsOf(fields: Fields): readonly FormPart[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    typeof value === 'object' ? [] : [{ name, value: String(value) }],
  )
}
