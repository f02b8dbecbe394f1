import type { ImageRequest } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import type { Result } from '../../core/result.ts'
import { GENERATION_CONFIG_KEYS, type JsonObject, only, toGenerateContent, TOP_LEVEL_KEYS } from '../google/request.ts'
import type { Maker } from '../google/signature.ts'

/** What may be drawn of people; here alone, and inside `imageConfig`. Source: js-genai 3.1.0, `ImageConfig` (read 2026-11-22). */
const IMAGE_CONFIG_KEYS = ['personGeneration', 'prominentPeople'] as const
/** `labels` sort the operator's bill. */
const OWN_TOP_LEVEL_KEYS = [...TOP_LEVEL_KEYS, 'labels'] as const

/** Keys of `provider.options["google-vertex"]` that are sent on. */
export const PASS_THROUGH: readonly string[] = [...GENERATION_CONFIG_KEYS, ...IMAGE_CONFIG_KEYS, ...OWN_TOP_LEVEL_KEYS]

/** The body for Vertex: AI Studio's without `store`, which it does not know, and with the format, which can be chosen here alone. */
export function toBody(request: ImageRequest, options: JsonObject, maker: Maker): Result<JsonValue, string> {
  const imageOutputOptions = outputOptions(request)
  return toGenerateContent(request, maker, {
    generationConfig: only(options, GENERATION_CONFIG_KEYS),
    imageConfig: { ...only(options, IMAGE_CONFIG_KEYS), ...(imageOutputOptions && { imageOutputOptions }) },
    topLevel: only(options, OWN_TOP_LEVEL_KEYS),
  })
}

/** Anything but PNG and JPEG is converted here, out of what the model makes by itself. */
function outputOptions({ format, compression }: ImageRequest): JsonObject | undefined {
  if (format === 'png') return { mimeType: 'image/png' }
  if (format !== 'jpeg') return undefined
  return { mimeType: 'image/jpeg', ...(compression !== undefined && { compressionQuality: compression }) }
}
