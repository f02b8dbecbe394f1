import { type ImageRequest, promptText, references } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { toDataUris } from '../inline-picture.ts'
import { type DashScopeModel, dashScopeModel, type Form } from './models.ts'
import { sizeOf } from './size.ts'

/**
 * Keys of `provider.options.alibaba` that are sent on among the parameters. Left out on purpose are those that change how many
 * pictures are made and paid for (`enable_sequential`, `enable_interleave`, `max_images`).
 *
 * Nobody who leaves `prompt_extend` or `watermark` out is sent one: rewriting is on by itself with Qwen and Wan, and is what their
 * makers tuned them for; the watermark is off by itself with every model
 * (https://www.alibabacloud.com/help/en/model-studio/qwen-image-api, read 2026-11-22).
 */
export const PASS_THROUGH = [
  'bbox_list',
  'color_palette',
  'enable_thinking',
  'prompt_extend',
  'prompt_extend_mode',
  'thinking_mode',
  'watermark',
] as const

type JsonObject = Readonly<Record<string, JsonValue | undefined>>

export interface Submission {
  readonly path: string
  /** Answered with the id of a task. */
  readonly isTask: boolean
  readonly body: JsonValue
}

const PATHS: Readonly<Record<Form, string>> = {
  messages: '/api/v1/services/aigc/multimodal-generation/generation',
  'message task': '/api/v1/services/aigc/image-generation/generation',
  'prompt task': '/api/v1/services/aigc/text2image/image-synthesis',
  'picture task': '/api/v1/services/aigc/image2image/image-synthesis',
}

/** What is asked of a model, in the form that it wants. What it has no field for is an error, in one sentence that names it. */
export function toSubmission(request: ImageRequest, options: JsonObject, id: string): Result<Submission, string> {
  const model = dashScopeModel(id)
  const problem = unsupported(request, options, model)
  if (problem !== undefined) return err(problem)
  const pictures = toPictures(request, model)
  if (!pictures.ok) return pictures
  const size = sizeOf(request, model.shape)
  if (!size.ok) return size
  const { n, seed, negativePrompt } = request
  const { form } = model
  const negates = negativePrompt !== undefined && { negative_prompt: negativePrompt }
  const isPrompt = form === 'prompt task' || form === 'picture task'
  return ok({
    path: PATHS[form],
    isTask: form !== 'messages',
    body: {
      model: id,
      input: isPrompt
        ? { prompt: promptText(request), ...negates, ...(pictures.value.length > 0 && { images: pictures.value }) }
        : { messages: [{ role: 'user', content: contentOf(promptText(request), pictures.value) }] },
      // Some models refuse a body without parameters, be they none.
      parameters: {
        ...Object.fromEntries(PASS_THROUGH.flatMap((key) => (key in options ? [[key, options[key]]] : []))),
        ...(size.value !== undefined && { size: size.value }),
        ...((n !== undefined || model.manyByDefault) && { n: n ?? 1 }),
        ...(!isPrompt && negates),
        ...(seed !== undefined && { seed }),
      },
    },
  })
}

/** Pictures go before the words about them. */
function contentOf(text: string, pictures: readonly JsonValue[]): JsonValue {
  return [...pictures.map((image) => ({ image })), ...(text === '' ? [] : [{ text }])]
}

function unsupported(
  { mask, n = 1, negativePrompt, background, quality }: ImageRequest,
  options: JsonObject,
  { most, negates, rewritesDearly }: DashScopeModel,
): string | undefined {
  if (mask !== undefined) return `The picture at ${mask.field} is a mask, and the model takes none.`
  if (n > most) return `The model makes at most ${most} pictures per call, so n ${n} cannot be sent.`
  if (negativePrompt !== undefined && !negates) return 'The model has no field for negative_prompt.'
  if (background === 'transparent') return 'The model cannot make a transparent background.'
  if (quality !== undefined) return 'The model has no field for quality.'
  if (options['prompt_extend'] === true && rewritesDearly) {
    return 'prompt_extend doubles the price of this model, which the catalogue does not know.'
  }
  return undefined
}

function toPictures(
  request: ImageRequest,
  { generates, references: most }: DashScopeModel,
): Result<readonly JsonValue[], string> {
  const given = references(request)
  if (given.length === 0 && !generates) return err('The model edits pictures, and the request has none.')
  const surplus = given[most]
  if (surplus !== undefined) return err(`The picture at ${surplus.field} is one more than the model takes.`)
  return toDataUris(given)
}
