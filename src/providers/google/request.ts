import type { ImageRequest, Picture, Turn } from '../../core/image-request.ts'
import type { JsonBlob, JsonValue } from '../../core/json-blob.ts'
import { ok, type Result } from '../../core/result.ts'
import { inlinePicture } from '../inline-picture.ts'
import { type Maker, signatureIn } from './signature.ts'

/**
 * Keys of a caller's options that are sent on, by where Gemini wants them, on every surface that Google serves it by. Tools and service
 * tiers are left out on purpose: they are billed apart from tokens, at rates that the catalogue does not have.
 */
export const GENERATION_CONFIG_KEYS = [
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
export const TOP_LEVEL_KEYS = ['safetySettings'] as const
export const PASS_THROUGH: readonly string[] = [...GENERATION_CONFIG_KEYS, ...TOP_LEVEL_KEYS]

export type JsonObject = Readonly<Record<string, JsonValue>>

/**
 * The body for AI Studio. `store: false`, because since 2026-10-26 new paid projects keep requests by default. Its `imageConfig` takes
 * nothing but ratio and size; `responseFormat.image` is answered with 400 by live models.
 */
export function toBody(request: ImageRequest, options: JsonObject, maker: Maker): Result<JsonValue, string> {
  return toGenerateContent(request, maker, {
    generationConfig: only(options, GENERATION_CONFIG_KEYS),
    imageConfig: {},
    topLevel: { ...only(options, TOP_LEVEL_KEYS), store: false },
  })
}

/** What one of Google's surfaces is sent beside what all of them are. */
interface OwnFields {
  readonly generationConfig: JsonObject
  readonly imageConfig: JsonObject
  readonly topLevel: JsonObject
}

/**
 * The body of `generateContent`. What the caller left out is left out here, but for `responseModalities`, which says in words what the
 * image models do by default (text and picture); relays and older models answer with text alone when it is missing. `["IMAGE"]` alone
 * is sent only when the caller said that words are of no use: a refusal then comes without its reason.
 */
export function toGenerateContent(request: ImageRequest, maker: Maker, own: OwnFields): Result<JsonValue, string> {
  const contents = toContents(request.turns, maker)
  if (!contents.ok) return contents
  const instructions = request.turns.filter(({ role }) => role === 'system').flatMap(({ parts }) => parts)
  const system = instructions.flatMap((part) => (part.type === 'text' && part.text !== '' ? [{ text: part.text }] : []))
  const { aspectRatio, resolution, seed, wantsText } = request
  const imageConfig = {
    ...own.imageConfig,
    ...(aspectRatio !== undefined && { aspectRatio }),
    ...(resolution !== undefined && { imageSize: resolution }),
  }
  return ok({
    contents: contents.value,
    ...(system.length > 0 && { systemInstruction: { parts: system } }),
    generationConfig: {
      ...own.generationConfig,
      responseModalities: wantsText === false ? ['IMAGE'] : ['TEXT', 'IMAGE'],
      ...(Object.keys(imageConfig).length > 0 && { imageConfig }),
      ...(seed !== undefined && { seed }),
    },
    ...own.topLevel,
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
function toContents(turns: readonly Turn[], maker: Maker): Result<readonly Content[], string> {
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

function toInlineData(picture: Picture): Result<InlineData, string> {
  const sent = inlinePicture(picture)
  return sent.ok ? ok({ mimeType: sent.value.mediaType, data: sent.value.blob }) : sent
}

/** Of a caller's options those that have one of these names. */
export function only(options: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(options).filter(([key]) => keys.includes(key)))
}
