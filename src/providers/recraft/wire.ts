import { z } from 'zod'

import { picture } from '../../core/blob-fields.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { lenient, list } from '../lenient.ts'

/**
 * Recraft's answers: only the fields that are read, each as forgiving as a paid answer deserves.
 * Source: https://www.recraft.ai/docs/api-reference/image-inputs-and-results, …/error-handling (read 2026-11-22).
 */

const Text = lenient(z.string())
/** API units: a thousand of them are a dollar. */
const Units = lenient(z.number().min(-1_000_000_000).max(1_000_000_000))

const Reply = z.object({
  /** What the request was charged. */
  credits: Units,
  data: list(z.object({ image_id: Text, b64_json: lenient(picture()), url: Text })),
})
export type Reply = z.infer<typeof Reply>

const Failed = z.object({ code: lenient(z.union([z.string(), z.number().transform(String)])), message: z.string() })

const User = z.object({ credits: Units })

/** Undefined when the body is not an object at all. */
export function readReply(value: JsonValue | undefined): Reply | undefined {
  return Reply.safeParse(value).data
}

/** Undefined for errors that are plain text, as many of Recraft's are. */
export function readFailed(value: JsonValue | undefined): z.infer<typeof Failed> | undefined {
  return Failed.safeParse(value).data
}

/** API units left; undefined when it does not say. */
export function readBalance(value: JsonValue | undefined): number | undefined {
  return User.safeParse(value).data?.credits
}
