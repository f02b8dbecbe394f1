import { z } from 'zod'
import type { Refusal } from '../simulator.ts'
import { invalidRequest } from './errors.ts'
import { ALL_RATIOS } from './model.ts'

/*
 * Requests as OpenRouter takes them. Its clients send any text in an enum and trust the server to refuse it; so the lists are here, and a
 * field that is in none of them is refused, where the original may pass it over: what a test misspells should not look as if it worked.
 * Source: https://openrouter.ai/docs/api-reference, @openrouter/sdk 1.3.19 `models/` (read 2026-11-22).
 */

const Slugs = z.array(z.string())
const ImageUrl = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({ url: z.string(), detail: z.enum(['auto', 'low', 'high', 'original']).optional() }),
})

const SORTS = ['price', 'throughput', 'latency', 'exacto'] as const
const Sort = z.union([
  z.enum(SORTS),
  z.strictObject({ by: z.enum(SORTS).nullish(), partition: z.enum(['model', 'none']).nullish() }),
])

/** What both APIs understand of `provider`. */
const routing = {
  order: Slugs.nullish(),
  only: Slugs.nullish(),
  ignore: Slugs.nullish(),
  sort: Sort.nullish(),
  allow_fallbacks: z.boolean().nullish(),
}
export type Routing = z.output<z.ZodObject<typeof routing>>

/** Both APIs' words for how a picture is rendered. */
const rendering = {
  quality: z.enum(['auto', 'low', 'medium', 'high', 'xhigh', 'max']).optional(),
  output_format: z.enum(['png', 'jpeg', 'webp', 'svg']).optional(),
  background: z.enum(['auto', 'transparent', 'opaque']).optional(),
  output_compression: z.int().min(0).max(100).optional(),
}

const observing = {
  user: z.string().optional(),
  session_id: z.string().max(256).optional(),
  trace: z.record(z.string(), z.unknown()).optional(),
}

const Seed = z.int().nullish()

const ImagesBody = z.strictObject({
  model: z.string(),
  prompt: z.string(),
  n: z.int().min(1).max(10).optional(),
  size: z
    .string()
    .regex(/^(512|[124]K|[1-9]\d{1,4}x[1-9]\d{1,4})$/u)
    .optional(),
  resolution: z.enum(['512', '1K', '2K', '4K']).optional(),
  aspect_ratio: z.enum(ALL_RATIOS).optional(),
  ...rendering,
  seed: Seed,
  input_references: z.array(ImageUrl).max(16).optional(),
  stream: z.boolean().optional(),
  provider: z
    .strictObject({ ...routing, options: z.record(z.string(), z.record(z.string(), z.unknown())).nullish() })
    .nullish(),
  ...observing,
})
export type ImagesBody = z.output<typeof ImagesBody>

const Part = z.discriminatedUnion('type', [z.strictObject({ type: z.literal('text'), text: z.string() }), ImageUrl])
const Content = z.union([z.string(), z.array(Part)])
const Message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'developer', 'user']), content: Content, name: z.string().optional() }),
  z.strictObject({
    role: z.literal('assistant'),
    content: Content.nullish(),
    // The official client sends a picture back without its `type`.
    images: z
      .array(z.strictObject({ ...ImageUrl.shape, type: z.literal('image_url').optional(), index: z.int().optional() }))
      .nullish(),
    reasoning: z.string().nullish(),
    reasoning_details: z.array(z.unknown()).nullish(),
    refusal: z.string().nullish(),
    name: z.string().optional(),
  }),
])
export type Message = z.output<typeof Message>

/** Text parameters: taken, and without effect on a picture. */
const PASSED_OVER = new Set(
  [
    'temperature top_p top_k top_a min_p frequency_penalty presence_penalty repetition_penalty max_tokens',
    'max_completion_tokens logit_bias logprobs top_logprobs stop verbosity reasoning reasoning_effort service_tier',
    'stream_options usage plugins metadata route prompt_cache_key',
  ].flatMap((line) => line.split(' ')),
)

const ChatBody = z.strictObject({
  model: z.string(),
  messages: z.array(Message).min(1),
  modalities: z.array(z.enum(['text', 'image', 'audio'])).optional(),
  image_config: z
    .strictObject({
      ...rendering,
      aspect_ratio: z.enum(ALL_RATIOS).optional(),
      image_size: z.enum(['0.5K', '1K', '2K', '4K']).optional(),
      size: z
        .string()
        .regex(/^[1-9]\d{1,4}x[1-9]\d{1,4}$/u)
        .optional(),
    })
    .optional(),
  seed: Seed,
  stream: z.boolean().optional(),
  provider: z
    .strictObject({
      ...routing,
      require_parameters: z.boolean().nullish(),
      data_collection: z.enum(['allow', 'deny']).nullish(),
      zdr: z.boolean().nullish(),
      max_price: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
    })
    .nullish(),
  ...observing,
})
export type ChatBody = z.output<typeof ChatBody>

export function readImagesBody(json: unknown): ImagesBody | Refusal {
  return read(ImagesBody, json)
}

export function readChatBody(json: unknown): ChatBody | Refusal {
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json)
  const known = isObject ? Object.entries(json).filter(([name]) => !PASSED_OVER.has(name)) : undefined
  return read(ChatBody, known ? Object.fromEntries(known) : json)
}

function read<T>(schema: z.ZodType<T>, json: unknown): T | Refusal {
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`)
  return invalidRequest(`Invalid request parameters: ${problems.join('; ')}`)
}
