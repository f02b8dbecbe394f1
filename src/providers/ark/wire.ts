import { z } from 'zod'

import { picture } from '../../core/blob-fields.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { lenient, list } from '../lenient.ts'

/**
 * Ark's answers: only the fields that are read, each as forgiving as a paid answer deserves.
 * Sources: https://docs.byteplus.com/en/docs/ModelArk/1666945, https://www.volcengine.com/docs/82379/1541523 (read 2026-11-22).
 */

const Text = lenient(z.string())
const Count = lenient(z.number().int().nonnegative())

const ErrorBody = z.object({ code: Text, message: Text })
export type ErrorBody = z.infer<typeof ErrorBody>

const Reply = z.object({
  model: Text,
  /** A picture each, or why there is none. */
  data: list(z.object({ b64_json: lenient(picture()), url: Text, error: lenient(ErrorBody) })),
  /** `generated_images` is what is charged. */
  usage: lenient(z.object({ generated_images: Count, output_tokens: Count })),
  error: lenient(ErrorBody),
})
export type Reply = z.infer<typeof Reply>

/** Undefined when the body is not an object at all. */
export function readReply(value: JsonValue | undefined): Reply | undefined {
  return Reply.safeParse(value).data
}
