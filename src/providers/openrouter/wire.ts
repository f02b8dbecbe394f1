import { z } from 'zod'

import { picture } from '../../core/blob-fields.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { lenient, list } from '../lenient.ts'

/**
 * OpenRouter's answers: only the fields that are read, each as forgiving as a paid answer deserves. A field of an unexpected form counts
 * as absent; nothing here can make a picture unreadable. Sources: https://openrouter.ai/docs/api-reference, @openrouter/sdk 1.3.19
 * `models/` (read 2026-11-22).
 */

/** Short values come as strings, long ones as blobs; which of the two says nothing about the field. */
const LongText = lenient(z.union([z.string(), z.instanceof(JsonBlob)]))
const Text = lenient(z.string())
const Count = lenient(z.number().int().nonnegative())
/** Dollars as a JSON number; the bound keeps it where a double still tells nano-dollars apart. */
const Dollars = lenient(z.number().nonnegative().max(1_000_000))
/** Undefined for what cannot be base64, an address among it. */
const Picture = lenient(picture())

/** Both APIs name tokens as chat does. */
const Usage = z.object({
  prompt_tokens: Count,
  completion_tokens: Count,
  completion_tokens_details: lenient(z.object({ image_tokens: Count, reasoning_tokens: Count })),
  /** What OpenRouter takes, authoritative. */
  cost: Dollars,
  /** Whether the operator's own key at the provider was used; the provider's price is then not in `cost`. */
  is_byok: lenient(z.boolean()),
  cost_details: lenient(z.object({ upstream_inference_cost: Dollars })),
})
export type Usage = z.infer<typeof Usage>

const ErrorBody = z.object({
  /** The HTTP status, as a number; some pages show a word. */
  code: lenient(z.number().int()),
  message: Text,
  metadata: lenient(
    z.object({
      error_type: Text,
      /** The provider's own code. */
      provider_code: lenient(z.union([z.string(), z.number().transform(String)])),
      provider_name: Text,
      /** The provider's own body or text. */
      raw: Text,
      /** What moderation flagged the prompt for. */
      reasons: list(z.string()),
      flagged_input: Text,
      /** What a guardrail found in the prompt. */
      patterns: list(z.string()),
    }),
  ),
  availability: lenient(z.object({ code: Text, retry_after: lenient(z.number().nonnegative()) })),
})
export type ErrorBody = z.infer<typeof ErrorBody>

const ImagesReply = z.object({
  data: list(z.object({ b64_json: Picture, media_type: Text })),
  usage: lenient(Usage),
})
export type ImagesReply = z.infer<typeof ImagesReply>

const Choice = z.object({
  finish_reason: Text,
  /** The provider's own word, where safety reasons survive: `IMAGE_SAFETY`. */
  native_finish_reason: Text,
  message: lenient(
    z.object({
      content: LongText,
      refusal: Text,
      images: list(z.object({ image_url: lenient(z.object({ url: Picture })) })),
    }),
  ),
  error: lenient(ErrorBody),
})

const ChatReply = z.object({ id: Text, model: Text, choices: list(Choice), usage: lenient(Usage) })
export type ChatReply = z.infer<typeof ChatReply>

const Failed = z.object({ error: ErrorBody })

/** Undefined when the body is not an object at all. */
export function readImagesReply(value: JsonValue | undefined): ImagesReply | undefined {
  return ImagesReply.safeParse(value).data
}

/** Undefined when the body is not an object at all. */
export function readChatReply(value: JsonValue | undefined): ChatReply | undefined {
  return ChatReply.safeParse(value).data
}

/** The `error` of a body, whatever its HTTP status; undefined where there is none. */
export function readError(value: JsonValue | undefined): ErrorBody | undefined {
  return Failed.safeParse(value).data?.error
}
