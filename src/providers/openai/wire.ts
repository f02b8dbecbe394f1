import { z } from 'zod'

import { picture } from '../../core/blob-fields.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { lenient, list } from '../lenient.ts'

/**
 * Answers of the Images API: only the fields that are read, each as forgiving as a paid answer deserves. Sources: openai-node 7.57.0
 * `resources/images.ts`, the OpenAPI file of 2026-08-21; Azure's own error fields: https://learn.microsoft.com/azure/ai-services/openai
 * (all read 2026-11-22).
 */

const Text = lenient(z.string())
const Count = lenient(z.number().int().nonnegative())
/** Undefined for what cannot be base64. */
const Picture = lenient(picture())

const Usage = z.object({
  input_tokens: Count,
  input_tokens_details: lenient(z.object({ text_tokens: Count, image_tokens: Count })),
  output_tokens: Count,
  /** Absent from events and from older answers. */
  output_tokens_details: lenient(z.object({ image_tokens: Count, text_tokens: Count })),
})
export type Usage = z.infer<typeof Usage>

/** Azure: by category, whether its filter took the picture or the prompt out. */
const Filtered = lenient(z.record(z.string(), lenient(z.object({ filtered: lenient(z.boolean()) }))))
export type Filtered = z.infer<typeof Filtered>

const ImagesReply = z.object({
  data: list(z.object({ b64_json: Picture, content_filter_results: Filtered, prompt_filter_results: Filtered })),
  /** Of all pictures: `webp`. */
  output_format: Text,
  usage: lenient(Usage),
})
export type ImagesReply = z.infer<typeof ImagesReply>

const ImageEvent = z.object({
  /** `image_generation.partial_image`, `image_edit.completed` … */
  type: Text,
  b64_json: Picture,
  partial_image_index: Count,
  output_format: Text,
  usage: lenient(Usage),
})
export type ImageEvent = z.infer<typeof ImageEvent>

const ErrorCode = lenient(z.union([z.string(), z.number().transform(String)]))
/** Azure's second opinion, in either spelling. */
const InnerError = lenient(z.object({ code: Text, content_filter_results: Filtered, content_filter_result: Filtered }))

const ErrorBody = z.object({
  message: Text,
  type: Text,
  code: ErrorCode,
  moderation_details: lenient(z.object({ categories: list(z.string()), moderation_stage: Text })),
  inner_error: InnerError,
  innererror: InnerError,
})
export type ErrorBody = z.infer<typeof ErrorBody>

/** `{"error": {…}}`; Azure's front door also says `{"statusCode": 401, "message": "…"}`, and an event may be the error itself. */
const Failed = z.union([
  z.object({ error: ErrorBody }).transform(({ error }) => error),
  z.object({ error: z.string() }).transform(({ error }) => ErrorBody.parse({ message: error })),
  z
    .object({ type: z.literal('error'), message: z.string() })
    .loose()
    .transform(({ type: _, ...error }) => ErrorBody.parse(error)),
  z.object({ statusCode: z.number(), message: z.string() }).transform((error) => ErrorBody.parse(error)),
])

/** Undefined when the body is not an object at all. */
export function readImagesReply(value: JsonValue | undefined): ImagesReply | undefined {
  return ImagesReply.safeParse(value).data
}

/** Undefined when the data is not an object at all. */
export function readImageEvent(value: JsonValue | undefined): ImageEvent | undefined {
  return ImageEvent.safeParse(value).data
}

/** The error that a body or an event tells of, whatever its HTTP status; undefined where it tells of none. */
export function readError(value: JsonValue | undefined): ErrorBody | undefined {
  return Failed.safeParse(value).data
}
