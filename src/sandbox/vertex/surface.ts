import { invalidArgument, refusalFor } from '../gemini/errors.ts'
import type { Refusal } from '../gemini/errors.ts'
import { HARM_CATEGORIES, int32, message, oneOf, requestOf, text } from '../gemini/schema.ts'
import type { GenerateBody } from '../gemini/schema.ts'
import type { Surface } from '../gemini/surface.ts'

const PEOPLE = ['PERSON_GENERATION_UNSPECIFIED', 'ALLOW_ALL', 'ALLOW_ADULT', 'ALLOW_NONE']
const PROMINENT = ['PROMINENT_PEOPLE_UNSPECIFIED', 'ALLOW_PROMINENT_PEOPLE', 'BLOCK_PROMINENT_PEOPLE']
const FORMATS = ['image/png', 'image/jpeg'] as const

/**
 * What Vertex AI has of its own: the format of the picture and what it may show of people, more safety categories, no `store`, and PNG
 * where nothing is said. Source: js-genai 3.1.0, the converters for Vertex (read 2026-11-22).
 */
export const VERTEX: Surface = {
  simulator: 'google-vertex',
  request: requestOf({
    imageConfig: {
      personGeneration: oneOf('ImageConfig.PersonGeneration', PEOPLE),
      prominentPeople: oneOf('ImageConfig.ProminentPeople', PROMINENT),
      imageOutputOptions: message({ mimeType: text, compressionQuality: int32 }),
    },
    harmCategories: [
      ...HARM_CATEGORIES,
      ...['HATE', 'DANGEROUS_CONTENT', 'HARASSMENT', 'SEXUALLY_EXPLICIT'].map((name) => `IMAGE_${name}`),
    ],
    topLevel: {},
  }),
  needsRoles: true,
  check: checkOutput,
  mimeTypeOf: (_, body) => FORMATS.find((format) => format === outputOf(body)?.mimeType) ?? 'image/png',
  trafficOf: () => ({ trafficType: 'ON_DEMAND' }),
  refusalFor(status, model, retryAfter) {
    // Shared capacity: nothing says when there will be some.
    return status === 429 ? EXHAUSTED : refusalFor(status, model, retryAfter)
  },
}

const EXHAUSTED = {
  code: 429,
  status: 'RESOURCE_EXHAUSTED',
  message:
    'Resource exhausted. Please try again later. Please refer to https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.',
}

function outputOf({ generationConfig }: GenerateBody) {
  return generationConfig?.imageConfig?.imageOutputOptions
}

function checkOutput(body: GenerateBody): Refusal | undefined {
  const { mimeType, compressionQuality: quality } = outputOf(body) ?? {}
  if (mimeType !== undefined && !FORMATS.some((format) => format === mimeType)) {
    return invalidArgument(`Unsupported output mime type: ${mimeType}. Supported values are: ${FORMATS.join(', ')}.`)
  }
  if (quality === undefined) return undefined
  if (mimeType !== 'image/jpeg') return invalidArgument('compression_quality is only supported for image/jpeg.')
  return quality >= 0 && quality <= 100
    ? undefined
    : invalidArgument('compression_quality must be in the range [0, 100].')
}
