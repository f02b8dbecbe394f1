import { type ImageRequest, type Picture, promptText, references } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { FormPart } from '../form.ts'
import { filePart, inlinePicture } from '../inline-picture.ts'
import type { Call } from '../provider.ts'
import { type Endpoint, endpointOf, sizeAt2K } from './endpoints.ts'

/** None of them changes the price. */
export const PASS_THROUGH: readonly string[] = [
  'magic_prompt',
  'style_type',
  'style_preset',
  'style_codes',
  'color_palette',
  'image_weight',
  'enable_copyright_detection',
  'private',
]

type Fields = Readonly<Record<string, JsonValue>>

export type Post = { readonly path: string } & ({ readonly body: Fields } | { readonly form: readonly FormPart[] })

/**
 * From words, from a picture, or from a picture with a mask, as a job that is asked after: a connection that breaks then loses nothing
 * that was paid for. What the caller left out is left out; what has no place is an error, in a sentence.
 */
export async function toPost(
  request: ImageRequest,
  options: Fields,
  { model, pixels, hook }: Pick<Call, 'model' | 'pixels' | 'hook'>,
): Promise<Result<Post, string>> {
  const pictures = references(request)
  const endpoint = endpointOf(model, { pictures: pictures.length, mask: request.mask !== undefined })
  if (!endpoint.ok) return endpoint
  const { path } = endpoint.value
  const fields = toFields(request, options, endpoint.value)
  if (!fields.ok) return fields
  const all: Fields = { ...fields.value, async: true, ...hookOf(hook) }
  if (pictures.length === 0) return ok({ path, body: all })
  const files = await toFiles(request, pictures, endpoint.value, pixels)
  return files.ok ? ok({ path, form: [...textsOf(all), ...files.value] }) : files
}

/** Ideogram calls only what the world can reach by TLS, and refuses requests that name something else. */
function hookOf(hook: Call['hook']): Fields {
  return hook?.url.startsWith('https:') === true ? { webhook_url: hook.url } : {}
}

function toFields(request: ImageRequest, options: Fields, endpoint: Endpoint): Result<Fields, string> {
  const { n, seed, quality, negativePrompt } = request
  const field = unknownField(request, options, endpoint)
  if (field !== undefined) return err(`${field} cannot be sent: ${endpoint.path} has no field for it.`)
  const shape = toShape(request, endpoint)
  if (!shape.ok) return shape
  const word = quality === undefined ? undefined : qualityWord(quality, endpoint)
  if (quality !== undefined && word === undefined) return err(`quality cannot be ${quality} here.`)
  const passed = Object.fromEntries(PASS_THROUGH.flatMap((key) => entryOf(options, key)))
  return ok({
    ...passed,
    prompt: promptText(request),
    ...(n !== undefined && { num_images: n }),
    ...(word !== undefined && { [endpoint.qualityField]: word }),
    ...(seed !== undefined && { seed }),
    ...(negativePrompt !== undefined && { negative_prompt: negativePrompt }),
    ...shape.value,
  })
}

/** Earlier models are told how fast they are to be; their words, and those that callers have for it. */
const SPEEDS: Readonly<Record<string, string>> = {
  low: 'turbo',
  medium: 'default',
  high: 'quality',
  turbo: 'turbo',
  default: 'default',
  quality: 'quality',
}

function qualityWord(quality: string, { qualityField }: Endpoint): string | undefined {
  if (qualityField === 'quality') return quality
  return Object.hasOwn(SPEEDS, quality) ? SPEEDS[quality] : undefined
}

function entryOf(options: Fields, key: string): readonly (readonly [string, JsonValue])[] {
  const value = options[key]
  return value === undefined ? [] : [[key, value]]
}

/** The first thing that the caller said and the endpoint cannot be told. */
function unknownField(request: ImageRequest, options: Fields, endpoint: Endpoint): string | undefined {
  const { seed, negativePrompt, background, format, size, aspectRatio } = request
  const isKept = endpoint.shape === 'kept'
  if (seed !== undefined && !endpoint.takesSeed) return 'seed'
  if (negativePrompt !== undefined && !endpoint.takesNegativePrompt) return 'negative_prompt'
  if (background === 'transparent') return 'background'
  if (format === 'svg') return 'output_format'
  if (isKept && size !== undefined) return 'size'
  if (isKept && aspectRatio !== undefined && aspectRatio !== 'auto') return 'aspect_ratio'
  const option = PASS_THROUGH.find((key) => options[key] !== undefined && !endpoint.options.includes(key))
  return option && `provider.options.ideogram.${option}`
}

/** Pixels, or a ratio: by its name where there is one, else as the pixels that it has. A tier is what the model makes by itself. */
function toShape(request: ImageRequest, { shape, sizeField, path }: Endpoint): Result<Fields, string> {
  const { size, aspectRatio, resolution } = request
  const tier = shape === 'ratio' ? '1K' : '2K'
  if (resolution !== undefined && (shape === 'kept' || resolution !== tier))
    return err(`resolution cannot be sent: ${path} has no field for it.`)
  if (size !== undefined) return ok({ [sizeField]: `${size.width}x${size.height}` })
  if (aspectRatio === undefined || aspectRatio === 'auto') return ok({})
  if (shape === 'ratio') return ok({ aspect_ratio: aspectRatio.replace(':', 'x') })
  const pixels = sizeAt2K(aspectRatio)
  return pixels === undefined ? err(`aspect_ratio cannot be ${aspectRatio} here.`) : ok({ [sizeField]: pixels })
}

async function toFiles(
  { mask }: ImageRequest,
  [image, ...beside]: readonly Picture[],
  { mostBeside }: Endpoint,
  pixels: Call['pixels'],
): Promise<Result<readonly FormPart[], string>> {
  const surplus = beside[mostBeside]
  if (surplus !== undefined) return err(`${surplus.field} cannot be sent: it is one picture too many.`)
  const blackened = mask === undefined ? ok([]) : await blackMask(mask, pixels)
  if (!blackened.ok) return blackened
  const all: readonly (readonly [string, Picture])[] = [
    ...(image === undefined ? [] : [['image', image] as const]),
    ...blackened.value.map((picture) => ['mask', picture] as const),
    ...beside.map((picture) => ['reference_images', picture] as const),
  ]
  const files: FormPart[] = []
  for (const [name, picture] of all) {
    const sent = inlinePicture(picture)
    if (!sent.ok) return sent
    files.push(filePart(name, name, sent.value))
  }
  return ok(files)
}

/** Black is what is repainted. Source: https://developer.ideogram.ai/ideogram-api/masked-edits (read 2026-11-22). */
async function blackMask(mask: Picture, pixels: Call['pixels']): Promise<Result<readonly Picture[], string>> {
  const { source, field } = mask
  if (source.type === 'url' || pixels === undefined) return ok([mask])
  const stencil = await pixels.stencil(source.blob, 'black')
  if (!stencil.ok) return err(`The mask at ${field} cannot be used: ${stencil.error}`)
  return ok([{ field, source: { type: 'inline', blob: stencil.value } }])
}

/** Lists as fields of the same name, objects as JSON. */
function textsOf(fields: Fields): readonly FormPart[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((each) => ({
      name,
      value: typeof each === 'object' ? JSON.stringify(each) : String(each),
    })),
  )
}
