import { z } from 'zod'

import { picture } from '../../core/blob-fields.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { lenient, list } from '../lenient.ts'

/**
 * xAI's answers: only the fields that are read, each as forgiving as a paid answer deserves. Sources: the OpenAPI document behind
 * https://docs.x.ai/developers/rest-api-reference, @ai-sdk/xai 5.0.12 for `respect_moderation` (read 2026-11-22).
 */

const Text = lenient(z.string())

const Usage = lenient(
  z.object({
    /** Ten thousand millionths of a dollar. The bound keeps it where a double still counts by one. */
    cost_in_usd_ticks: lenient(z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)),
  }),
)
export type Usage = z.infer<typeof Usage>

const Reply = z.object({
  data: list(
    z.object({
      /** Undefined for what cannot be base64. */
      b64_json: lenient(picture()),
      mime_type: Text,
      /** False: what stands in the picture's place is a placeholder, or nothing. */
      respect_moderation: lenient(z.boolean()),
    }),
  ),
  /** Why nothing was made; a relay's description of the answer has it, xAI's own does not. */
  block_reason: Text,
  usage: Usage,
})
export type Reply = z.infer<typeof Reply>

/** `{ code, error }` at most endpoints, `{ error: { message, code } }` where OpenAI's clients are expected, `{ error }` at others. */
const Failed = z.object({
  error: z.union([z.string(), z.object({ message: z.string(), code: lenient(z.string()) })]),
  code: Text,
  usage: Usage,
})

export interface Failed {
  readonly message: string
  readonly code: string | undefined
  readonly usage: Usage
}

const Key = z.object({
  name: Text,
  team_blocked: lenient(z.boolean()),
  api_key_blocked: lenient(z.boolean()),
  api_key_disabled: lenient(z.boolean()),
})
export type Key = z.infer<typeof Key>

/** Undefined when the body is not an object at all. */
export function readReply(value: JsonValue | undefined): Reply | undefined {
  return Reply.safeParse(value).data
}

/** The error of a body in one of its forms; undefined where there is none. */
export function readFailed(value: JsonValue | undefined): Failed | undefined {
  const { data } = Failed.safeParse(value)
  if (data === undefined) return undefined
  const { error, code, usage } = data
  return typeof error === 'string'
    ? { message: error, code, usage }
    : { message: error.message, code: code ?? error.code, usage }
}

export function readKey(value: JsonValue | undefined): Key | undefined {
  return Key.safeParse(value).data
}
