import { z } from 'zod'

import { picture } from '../../core/blob-fields.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { lenient, list } from '../lenient.ts'

/**
 * What these servers answer: only the fields that are read, those of all of them together, each as forgiving as a paid answer deserves.
 * Sources: those of hosted.ts and self-hosted.ts (read 2026-11-22).
 */

const Text = lenient(z.string())
const Count = lenient(z.number().int().nonnegative())
/** Dollars as a JSON number; the bound keeps it where a double still tells nano-dollars apart. */
const Dollars = lenient(z.number().nonnegative().max(1_000_000))
/** Undefined for what cannot be base64. */
const Picture = lenient(picture())

const Usage = z.object({
  input_tokens: Count,
  input_tokens_details: lenient(z.object({ text_tokens: Count, image_tokens: Count })),
  output_tokens: Count,
  output_tokens_details: lenient(z.object({ text_tokens: Count, image_tokens: Count })),
})
export type Usage = z.infer<typeof Usage>

const Reply = z.object({
  id: Text,
  /** DeepInfra's name for it. */
  request_id: Text,
  model: Text,
  data: list(
    z.object({
      b64_json: Picture,
      /** An address, absolute or on the server itself; a data URL, short or long. */
      url: lenient(z.union([z.string(), z.instanceof(JsonBlob)])),
    }),
  ),
  /** DeepInfra's own API: data URLs, one for each picture. */
  images: z.array(Picture).catch([]),
  /** One for each picture; true: it is not to be shown. */
  nsfw_content_detected: z.array(lenient(z.boolean())).catch([]),
  inference_status: lenient(z.object({ cost: Dollars })),
  usage: lenient(Usage),
})
export type Reply = z.infer<typeof Reply>

/**
 * `error` as OpenAI has it, or a bare sentence (sd-server); `detail` as FastAPI has it, a sentence or a list (vLLM, SGLang), or with an
 * `error` inside (DeepInfra); `message` beside a word (sd-server once more).
 */
const Failed = z.object({
  error: lenient(
    z.union([
      z.string(),
      z.object({
        message: Text,
        type: Text,
        code: lenient(z.union([z.string(), z.number().transform(String)])),
      }),
    ]),
  ),
  detail: lenient(
    z.union([
      z.string(),
      z.array(z.object({ loc: list(z.union([z.string(), z.number()])), msg: Text, type: Text })),
      z.object({ error: Text }),
    ]),
  ),
  message: Text,
})

/** What went wrong in one shape, whichever the server's own is. */
export interface Failed {
  readonly message: string
  readonly code: string | undefined
}

const Models = z.union([
  z.object({ data: z.array(z.object({ id: z.string() })) }).transform(({ data }) => data),
  // Together's is a list by itself.
  z.array(z.object({ id: z.string() })),
])

/** Undefined when the body is not an object at all. */
export function readReply(value: JsonValue | undefined): Reply | undefined {
  return Reply.safeParse(value).data
}

/** Undefined when the body says nothing of the kind. */
export function readFailed(value: JsonValue | undefined): Failed | undefined {
  const { error, detail, message } = Failed.safeParse(value).data ?? {}
  if (typeof error === 'string') return { message: [error, message].filter(Boolean).join(': '), code: undefined }
  if (error !== undefined) return { message: error.message ?? '', code: error.code ?? error.type }
  if (typeof detail === 'string') return { message: detail, code: undefined }
  if (Array.isArray(detail)) return { message: detail.map(complaint).join('; '), code: detail[0]?.type }
  if (detail !== undefined) return { message: detail.error ?? '', code: undefined }
  return message === undefined ? undefined : { message, code: undefined }
}

/** `size: Input should be a valid string`. */
function complaint({
  loc,
  msg = '',
}: {
  readonly loc: readonly (string | number)[]
  readonly msg?: string | undefined
}) {
  const field = loc.filter((step) => step !== 'body').join('.')
  return field === '' ? msg : `${field}: ${msg}`
}

/** Ids of models that the server lists; undefined when it lists none. */
export function readModels(value: JsonValue | undefined): readonly string[] | undefined {
  return Models.safeParse(value).data?.map(({ id }) => id)
}
