import { type ImageRequest, promptText, references, type Tier } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { toDataUris } from '../inline-picture.ts'
import { type ArkModel, arkModel } from './models.ts'

/**
 * Keys of `provider.options.seed` and `provider.options.volcengine` that are sent on. Left out on purpose are those that change how many
 * pictures are made and paid for (`sequential_image_generation`), what they cost (`tools`) and how they arrive (`stream`,
 * `response_format`).
 */
export const PASS_THROUGH = ['guidance_scale', 'optimize_prompt_options', 'watermark'] as const

type JsonObject = Readonly<Record<string, JsonValue | undefined>>

/** References and pictures of one call together. */
const MOST_TOGETHER = 15

/** The body of POST /images/generations. What the model has no field for is an error, in one sentence that names it. */
export function toBody(request: ImageRequest, options: JsonObject, id: string): Result<JsonValue, string> {
  const model = arkModel(id)
  const problem = unsupported(request, model)
  if (problem !== undefined) return err(problem)
  const pictures = toDataUris(references(request))
  if (!pictures.ok) return pictures
  const size = sizeOf(request, model)
  if (!size.ok) return size
  const { n = 1, seed, format } = request
  const [first, ...more] = pictures.value
  return ok({
    model: id,
    prompt: promptText(request),
    ...(first !== undefined && { image: more.length > 0 ? pictures.value : first }),
    ...(size.value !== undefined && { size: size.value }),
    ...(seed !== undefined && { seed }),
    ...((format === 'png' || format === 'jpeg') && model.formats && { output_format: format }),
    ...(n > 1 && {
      sequential_image_generation: 'auto',
      sequential_image_generation_options: { max_images: n },
    }),
    // The picture in the answer itself, not at an address that lasts a day.
    response_format: 'b64_json',
    // Ark writes "AI generated" into the corner unless told not to, and whoever asks for a picture has not asked for that.
    watermark: false,
    ...Object.fromEntries(PASS_THROUGH.flatMap((key) => (key in options ? [[key, options[key]]] : []))),
  })
}

function unsupported(request: ImageRequest, { seeds, groups }: ArkModel): string | undefined {
  const { mask, n = 1, seed, negativePrompt, background, quality } = request
  if (mask !== undefined) return `The picture at ${mask.field} is a mask, and the provider takes none.`
  if (n > 1 && !groups) return `The model makes one picture per call, so n ${n} cannot be sent.`
  const given = references(request).length
  if (n + given > MOST_TOGETHER) {
    return `One call has at most ${MOST_TOGETHER} pictures, references included: with ${given} of those n ${n} is too many.`
  }
  if (seed !== undefined && !seeds) return 'The model has no field for seed.'
  if (negativePrompt !== undefined) return 'The provider has no field for negative_prompt.'
  if (background === 'transparent') return 'The provider makes no transparent background.'
  return quality === undefined ? undefined : 'The provider has no field for quality.'
}

/** Sides in pixels of a square picture of each tier. */
const SIDES: Readonly<Record<Tier, number>> = { '512': 512, '1K': 1024, '2K': 2048, '4K': 4096 }

/** `2048x2048` or `2K`; undefined where the caller left it open. Which of them a model makes it says itself, for nothing. */
function sizeOf(
  { size, aspectRatio, resolution }: Pick<ImageRequest, 'size' | 'aspectRatio' | 'resolution'>,
  { words, side }: ArkModel,
): Result<string | undefined, string> {
  if (size !== undefined) return ok(`${size.width}x${size.height}`)
  if (resolution === '512') return err('The provider has no resolution 512.')
  if (aspectRatio === undefined && (words || resolution === undefined)) return ok(resolution)
  return pixels(aspectRatio ?? '1:1', resolution === undefined ? side : SIDES[resolution])
}

/** The ratio at no more than the area of the square, as 4K is also the most that it takes; sides are multiples of 16. */
function pixels(ratio: string, side: number): Result<string, string> {
  const [across = 1, down = 1] = ratio.split(':').map(Number)
  const stretch = Math.sqrt(across / down)
  const sides = [side * stretch, side / stretch].map((length) => Math.floor(length / 16) * 16)
  return sides.every((length) => length > 0 && Number.isFinite(length))
    ? ok(sides.join('x'))
    : err(`The aspect_ratio ${ratio} is not two numbers with a colon between them.`)
}
