import type { ImageRequest, Picture, Turn } from '../../core/image-request.ts'
import type { JsonBlob, JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { type Maker, signatureIn } from './signature.ts'

/**
 * Keys of `provider.options["google-ai-studio"]` that are sent on, by where Gemini wants them. Tools and service tiers are left out
 * on purpose: they are billed apart from tokens, at rates that the catalogue does not have.
 */
const GENERATION_CONFIG_KEYS = [
  'thinkingConfig',
  'temperature',
  'topP',
  'topK',
  'maxOutputTokens',
  'stopSequences',
  'presencePenalty',
  'frequencyPenalty',
  'mediaResolution',
] as const
const TOP_LEVEL_KEYS = ['safetySettings'] as const
export const PASS_THROUGH: readonly string[] = [...GENERATION_CONFIG_KEYS, ...TOP_LEVEL_KEYS]

type JsonObject = Readonly<Record<string, JsonValue>>

/** A picture that cannot be sent, by the name the caller knows it by. */
export interface Unsendable {
  readonly field: string
  readonly reason: string
}

/**
 * The body of `generateContent`. What the caller left out is left out here, with two exceptions: `store: false`, because since
 * 2026-10-26 new paid projects keep requests by default, and `responseModalities`, which says in words what the image models do
 * by default (text and picture); relays and older models answer with text alone when it is missing. `["IMAGE"]` alone is sent only
 * when the caller said that words are of no use: a refusal then comes without its reason.
 */
export function toBody(request: ImageRequest, options: JsonObject, maker: Maker): Result<JsonValue, Unsendable> {
  const contents = toContents(request.turns, maker)
  if (!contents.ok) return contents
  const instructions = request.turns.filter(({ role }) => role === 'system').flatMap(({ parts }) => parts)
  const system = instructions.flatMap((part) => (part.type === 'text' && part.text !== '' ? [{ text: part.text }] : []))
  const { aspectRatio, resolution, seed, wantsText } = request

  return ok({
    contents: contents.value,
    ...(system.length > 0 && { systemInstruction: { parts: system } }),
    generationConfig: {
      ...only(options, GENERATION_CONFIG_KEYS),
      responseModalities: wantsText === false ? ['IMAGE'] : ['TEXT', 'IMAGE'],
      // The one surface where `imageConfig` takes nothing else; `responseFormat.image` is answered with 400 by live models.
      ...((aspectRatio !== undefined || resolution !== undefined) && {
        imageConfig: {
          ...(aspectRatio !== undefined && { aspectRatio }),
          ...(resolution !== undefined && { imageSize: resolution }),
        },
      }),
      ...(seed !== undefined && { seed }),
    },
    ...only(options, TOP_LEVEL_KEYS),
    store: false,
  })
}

type Content = { readonly role: 'user' | 'model'; readonly parts: JsonObject[] }

/**
 * The conversation in Gemini's terms: user first, neighbours of one role merged, last turn the user's.
 *
 * Gemini 3 refuses a model turn whose pictures, or whose first part, lack the signature they were made with. So a model turn is made
 * of the pictures whose signature is known, words behind them, where none is asked for. Everything else the model is said to have
 * made (a picture from another model or key, words without a picture) becomes an ordinary reference or line of the user, which
 * needs no signature.
 */
function toContents(turns: readonly Turn[], maker: Maker): Result<readonly Content[], Unsendable> {
  const contents: Content[] = []
  const add = (role: Content['role'], parts: readonly JsonObject[]) => {
    if (parts.length === 0) return
    const last = contents.at(-1)
    if (last?.role === role) last.parts.push(...parts)
    else contents.push({ role, parts: [...parts] })
  }
  for (const turn of turns) {
    // Nothing precedes it that it could be an answer to, and a conversation has to begin with the user.
    const isAnswer = turn.role === 'assistant' && contents.length > 0
    const signed: JsonObject[] = []
    const unsigned: JsonObject[] = []
    const words: JsonObject[] = []
    for (const part of turn.parts) {
      if (part.type === 'text') {
        if (turn.role === 'system' || part.text === '') continue
        if (turn.role === 'assistant') words.push({ text: part.text })
        else unsigned.push({ text: part.text })
        continue
      }
      const inlineData = toInlineData(part.picture)
      if (!inlineData.ok) return inlineData
      const { mimeType } = inlineData.value
      const thoughtSignature = isAnswer ? signatureIn(part.picture.continuation, maker, mimeType) : undefined
      if (thoughtSignature !== undefined) signed.push({ inlineData: inlineData.value, thoughtSignature })
      else unsigned.push({ inlineData: inlineData.value })
    }
    add('model', signed.length > 0 ? [...signed, ...words] : [])
    add('user', signed.length > 0 ? unsigned : [...words, ...unsigned])
  }
  return ok(contents)
}

type InlineData = { readonly mimeType: string; readonly data: JsonBlob }

function toInlineData({ field, source, facts }: Picture): Result<InlineData, Unsendable> {
  if (source.type === 'url') return err({ field, reason: 'is an address, and this provider is only sent bytes' })
  const mimeType = facts?.mediaType ?? source.blob.mediaType
  if (mimeType === undefined) return err({ field, reason: 'has no known media type' })
  return ok({ mimeType, data: source.blob })
}

function only(options: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(options).filter(([key]) => keys.includes(key)))
}
