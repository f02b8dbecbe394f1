import { type ImageRequest, type Part, type Picture, promptText, type Turn } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { toDataUri } from '../inline-picture.ts'
import { type Knobs, knobsOf } from './knobs.ts'

/**
 * Keys of `provider.options.openrouter` that are sent on, as OpenRouter's own `provider` object: which of its providers may serve the
 * call, by its slugs. Left out on purpose: `options`, since fonts, super-resolution and the like are billed apart from the picture,
 * at rates that the catalogue does not have.
 */
export const PASS_THROUGH: readonly string[] = ['order', 'only', 'ignore', 'sort', 'allow_fallbacks']

/** Endpoints of a faster service tier, which are only reached by naming them and cost a multiple of the list price. */
const DEARER_TIER = /\/(priority|fast)$/

type JsonObject = Readonly<Record<string, JsonValue>>

interface Post {
  readonly path: '/images' | '/chat/completions'
  readonly body: JsonObject
}

/**
 * Where a request goes and with what body, or, in words, why it cannot be sent. What the caller left out is left out. Not sent: who the
 * caller's own user is, and everything else that only observes.
 */
export function toPost(request: ImageRequest, options: JsonObject, model: string): Result<Post, string> {
  const dearer = ['order', 'only'].find((key) => slugsIn(options[key]).some((slug) => DEARER_TIER.test(slug)))
  if (dearer !== undefined) {
    return err(`provider.options.openrouter.${dearer} names a service tier whose price the catalogue does not have.`)
  }
  if (request.mask !== undefined) {
    return err(`The mask at ${request.mask.field} cannot be sent: OpenRouter has no field for one.`)
  }
  if (request.negativePrompt !== undefined) {
    return err('The negative prompt cannot be sent: OpenRouter has no field for one. Say in the prompt what to avoid.')
  }
  const [turn, ...more] = request.turns
  const knobs = knobsOf(model)
  const isPrompt = turn?.role === 'user' && more.length === 0 && !knobs.chatOnly
  return isPrompt ? toImages(request, turn, options, model, knobs) : toChat(request, options, model, knobs)
}

function slugsIn(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((slug) => typeof slug === 'string') : []
}

/** One prompt and its references. Their places among the words are lost: the Images API has none. */
function toImages(
  request: ImageRequest,
  turn: Turn,
  options: JsonObject,
  model: string,
  knobs: Knobs,
): Result<Post, string> {
  const references = collect(turn.parts.flatMap((part) => (part.type === 'image' ? [toImageUrl(part.picture)] : [])))
  if (!references.ok) return references
  const { n, seed, size, resolution, aspectRatio } = request
  return ok({
    path: '/images',
    body: {
      model,
      prompt: promptText(request),
      ...(n !== undefined && { n }),
      // Pixels are authoritative, and a word beside them could only contradict.
      ...(size !== undefined && { size: `${size.width}x${size.height}` }),
      ...(size === undefined && resolution !== undefined && { resolution }),
      ...(size === undefined && aspectRatio !== undefined && { aspect_ratio: aspectRatio }),
      ...rendering(request, knobs),
      ...(seed !== undefined && { seed }),
      ...(references.value.length > 0 && { input_references: references.value }),
      ...routing(options),
    },
  })
}

/** A conversation. Chat has no `n`: a call for several pictures gives what the model makes of it. */
function toChat(request: ImageRequest, options: JsonObject, model: string, knobs: Knobs): Result<Post, string> {
  const messages = toMessages(request.turns)
  if (!messages.ok) return messages
  const config = imageConfig(request, knobs)
  return ok({
    path: '/chat/completions',
    body: {
      model,
      messages: messages.value,
      modalities: knobs.speaks && request.wantsText !== false ? ['image', 'text'] : ['image'],
      ...(Object.keys(config).length > 0 && { image_config: config }),
      ...(request.seed !== undefined && { seed: request.seed }),
      ...routing(options),
    },
  })
}

/** Both APIs have the same words for how a picture is rendered and encoded. */
function rendering({ quality, format, compression, background }: ImageRequest, knobs: Knobs): JsonObject {
  const isMade = format !== undefined && knobs.formats.includes(format)
  return {
    ...(quality !== undefined && { quality }),
    ...(isMade && { output_format: format }),
    // Where the format is converted here, so is the compression.
    ...(compression !== undefined && (isMade || format === undefined) && { output_compression: compression }),
    ...(background !== undefined && knobs.background && { background }),
  }
}

function imageConfig(request: ImageRequest, knobs: Knobs): JsonObject {
  const { size, resolution, aspectRatio } = request
  return {
    ...(size !== undefined && { size: `${size.width}x${size.height}` }),
    ...(size === undefined && aspectRatio !== undefined && { aspect_ratio: aspectRatio }),
    // Chat calls the smallest tier by another name than the Images API.
    ...(size === undefined && resolution !== undefined && { image_size: resolution === '512' ? '0.5K' : resolution }),
    ...rendering(request, knobs),
  }
}

function routing(options: JsonObject): JsonObject {
  const kept = Object.entries(options).filter(([key]) => PASS_THROUGH.includes(key))
  return kept.length > 0 ? { provider: Object.fromEntries(kept) } : {}
}

/**
 * The conversation in chat's terms. A picture that the model is said to have made goes into the user's next message, which OpenRouter
 * documents beside `images` on the assistant's own: there it would lack the signature it was made with, and Gemini 3 refuses such a turn.
 */
function toMessages(turns: readonly Turn[]): Result<readonly JsonObject[], string> {
  const messages: JsonObject[] = []
  let shown: readonly Part[] = []
  for (const { role, parts } of turns) {
    const words = parts.filter((part) => part.type === 'text' && part.text !== '')
    if (role !== 'user') {
      if (words.length > 0) messages.push({ role, content: textOf(words) })
      shown = [...shown, ...parts.filter((part) => part.type === 'image')]
      continue
    }
    const said = [...shown, ...parts.filter((part) => part.type === 'image' || part.text !== '')]
    shown = []
    const content = collect(
      said.map((part) => (part.type === 'text' ? ok({ type: 'text', text: part.text }) : toImageUrl(part.picture))),
    )
    if (!content.ok) return content
    if (said.length > 0) messages.push({ role, content: said.length === words.length ? textOf(words) : content.value })
  }
  return ok(messages)
}

function textOf(parts: readonly Part[]): string {
  return parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n')
}

function toImageUrl(picture: Picture): Result<JsonObject, string> {
  const url = toDataUri(picture)
  return url.ok ? ok({ type: 'image_url', image_url: { url: url.value } }) : url
}

function collect<T>(results: readonly Result<T, string>[]): Result<readonly T[], string> {
  const failed = results.find((result) => !result.ok)
  return failed ?? ok(results.flatMap((result) => (result.ok ? [result.value] : [])))
}
