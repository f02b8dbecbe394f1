import { z } from 'zod'

import { text } from '../../core/blob-fields.ts'
import type { Failure } from '../../core/errors.ts'
import type { ImageRequest, Part } from '../../core/image-request.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { GenerateRoute, ParsedGenerate } from '../../core/surface.ts'
import { dimensions, ratioField, sizeField, tierField, tierFieldNames } from '../dimensions.ts'
import { flag, said, shortText, textMap, unheard, wholeNumber } from '../fields.ts'
import { checkLook, LookFields, toLook } from '../look.ts'
import { checkPrompt } from '../prompt.ts'
import { imagesStream, presentImages } from './images-answer.ts'
import { ImagePart, toPicture } from './messages.ts'
import { ProviderPreferences, toRouting } from './provider-preferences.ts'
import { ModelFields, toModels } from './wished-models.ts'

export const ImagesBody = z
  .looseObject(
    {
      ...ModelFields,
      prompt: text().describe('What to make. May be empty where references say it all.'),
      n: wholeNumber(1, 10).nullish().describe('Pictures wanted, 1 to 10. Default 1.'),
      size: sizeField().nullish().describe('A tier (`2K`) or pixels (`2048x2048`). Pixels are authoritative.'),
      resolution: tierField().nullish().describe('Resolution tier.'),
      aspect_ratio: ratioField().nullish().describe('`16:9`, `auto` …'),
      ...LookFields,
      input_references: z
        .array(ImagePart, { error: 'must be a list of {"type":"image_url","image_url":{"url":"…"}}' })
        .max(16, { error: 'must be a list of at most 16 pictures' })
        .nullish()
        .describe('Pictures to edit or to follow; models take fewer.'),
      mask: ImagePart.nullish().describe('Extension: transparent where the first reference may be repainted.'),
      stream: flag().nullish().describe('Server-sent events instead of one JSON document.'),
      provider: ProviderPreferences.nullish(),
      user: shortText(256).nullish().describe("The caller's stable name for its own end user."),
      session_id: shortText(256).nullish(),
      metadata: textMap(16, 64, 512).nullish().describe('Extension: kept with the generation.'),
    },
    { error: 'must be a JSON object' },
  )
  .describe('A prompt and the pictures wanted of it.')
export type ImagesBody = z.output<typeof ImagesBody>

export const createImages: GenerateRoute = {
  kind: 'generate',
  id: 'createImages',
  method: 'POST',
  path: '/api/v1/images',
  summary: 'Make pictures',
  access: 'key',
  body: ImagesBody,
  parse: parseImages,
  present: presentImages,
  stream: imagesStream,
}

export function parseImages(body: ImagesBody): Result<ParsedGenerate, Failure> {
  const request = imagesRequest(body)
  if (!request.ok) return request
  return ok({
    request: request.value,
    stream: body.stream === true,
    ...tierFieldNames({ size: body.size, resolution: body.resolution }),
  })
}

export function imagesRequest(body: ImagesBody): Result<ImageRequest, Failure> {
  const models = toModels(body)
  if (!models.ok) return models
  const shape = dimensions(
    [
      { field: 'size', value: body.size },
      { field: 'resolution', value: body.resolution },
    ],
    { field: 'aspect_ratio', value: body.aspect_ratio },
  )
  if (!shape.ok) return shape
  const turns = [{ role: 'user', parts: partsOf(body) }] as const
  const wrong = checkPrompt(turns, 'prompt') ?? checkLook(body)
  if (wrong !== undefined) return err(wrong)
  const routed = toRouting(body.provider)
  if (!routed.ok) return routed

  const ignored = [...unheard(body, ImagesBody.shape), ...routed.value.ignored]
  return ok({
    ...models.value,
    turns,
    ...shape.value,
    ...toLook(body),
    ...routed.value.request,
    ...said({ n: body.n, user: body.user, sessionId: body.session_id, metadata: body.metadata }),
    ...(body.mask && { mask: toPicture(body.mask, 'mask') }),
    ...(ignored.length > 0 && { ignored }),
  })
}

function partsOf({ prompt, input_references: references }: ImagesBody): readonly Part[] {
  const words: readonly Part[] = prompt === '' ? [] : [{ type: 'text', text: prompt }]
  const pictures = (references ?? []).map((reference, index) => toPicture(reference, `input_references.${index}`))
  return [...words, ...pictures.map((picture) => ({ type: 'image', picture }) as const)]
}
