import { z } from 'zod'

import { text } from '../../core/blob-fields.ts'
import { fail, type Failure } from '../../core/errors.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { GenerateRoute, ParsedGenerate } from '../../core/surface.ts'
import { dimensions, ratioField, sizeField, tierField, tierFieldNames } from '../dimensions.ts'
import { flag, oneOf, said, shortText, textMap, unheard, wholeNumber } from '../fields.ts'
import { checkLook, LookFields, toLook } from '../look.ts'
import { ProviderPreferences, toRouting } from '../openrouter/provider-preferences.ts'
import { checkPrompt } from '../prompt.ts'
import { imagesStream, presentImages } from './images-answer.ts'

/** DALL-E's words for quality, which older clients still send. `standard` asked for nothing in particular. */
const DALL_E = { standard: undefined, hd: 'high' } as const
const QUALITIES = ['auto', 'low', 'medium', 'high', 'xhigh', 'max', 'standard', 'hd'] as const

export const ImagesBody = z
  .looseObject(
    {
      model: shortText(200).describe('Id or alias of an image model.'),
      prompt: text().describe('What to make.'),
      n: wholeNumber(1, 10).nullish().describe('Pictures wanted, 1 to 10. Default 1.'),
      size: sizeField().nullish().describe('Pixels such as 1536x1024, or auto. Extension: a tier such as 2K.'),
      ...LookFields,
      quality: oneOf(QUALITIES).nullish().describe('`standard` and `hd` are understood as DALL-E meant them.'),
      response_format: oneOf(['b64_json', 'url']).nullish().describe('Only b64_json: pictures come in the answer.'),
      stream: flag().nullish().describe('Server-sent events instead of one JSON document.'),
      partial_images: wholeNumber(0, 3).nullish().describe('Previews come as the provider makes them.'),
      user: shortText(256).nullish().describe("The caller's stable name for its own end user."),
      safety_identifier: shortText(256).nullish().describe("OpenAI's newer name for user."),
      aspect_ratio: ratioField().nullish().describe('Extension: `16:9` …'),
      resolution: tierField().nullish().describe('Extension: resolution tier.'),
      provider: ProviderPreferences.nullish().describe('Extension: which providers may serve the request.'),
      metadata: textMap(16, 64, 512).nullish().describe('Extension: kept with the generation.'),
    },
    { error: 'must be a JSON object' },
  )
  .describe('A prompt and the pictures wanted of it.')
type ImagesBody = z.output<typeof ImagesBody>

/** POST /v1/images/generations. OpenAI's names in, OpenAI's names out. */
export const createImage: GenerateRoute = {
  kind: 'generate',
  id: 'createImage',
  method: 'POST',
  path: '/v1/images/generations',
  summary: 'Make pictures, in the form of OpenAI',
  access: 'key',
  body: ImagesBody,
  parse: parseImages,
  present: presentImages,
  stream: imagesStream,
}

function parseImages(body: ImagesBody): Result<ParsedGenerate, Failure> {
  if (body.response_format === 'url') {
    const message = 'response_format must be b64_json: pictures come in the answer, and no public URL is made of them.'
    return err(fail('invalid_request', message, { field: 'response_format' }))
  }
  const shape = dimensions(
    [
      { field: 'size', value: body.size },
      { field: 'resolution', value: body.resolution },
    ],
    { field: 'aspect_ratio', value: body.aspect_ratio },
  )
  if (!shape.ok) return shape
  const turns = [{ role: 'user', parts: [{ type: 'text', text: body.prompt }] }] as const
  const wrong = checkPrompt(turns, 'prompt') ?? checkLook(body)
  if (wrong !== undefined) return err(wrong)
  const routed = toRouting(body.provider)
  if (!routed.ok) return routed

  const ignored = [...unheard(body, ImagesBody.shape), ...routed.value.ignored]
  const request = {
    model: body.model,
    turns,
    ...shape.value,
    ...toLook({ ...body, quality: qualityOf(body.quality) }),
    ...routed.value.request,
    ...said({
      n: body.n,
      previews: body.partial_images === 0 ? undefined : body.partial_images,
      user: body.safety_identifier ?? body.user,
      metadata: body.metadata,
    }),
    ...(ignored.length > 0 && { ignored }),
  }
  return ok({
    request,
    stream: body.stream === true,
    ...tierFieldNames({ size: body.size, resolution: body.resolution }),
  })
}

function qualityOf(quality: ImagesBody['quality']): string | null | undefined {
  return quality === 'standard' || quality === 'hd' ? DALL_E[quality] : quality
}
