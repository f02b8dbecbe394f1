import { blobText } from '../../core/blob-fields.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Answer } from '../failure.ts'
import type { Call, Generated, GeneratedImage, UpstreamFailure } from '../provider.ts'
import { errorFailure } from './errors.ts'
import { type Maker, toContinuation } from './signature.ts'
import { usageOf } from './usage.ts'
import { type GenerateContentResponse, type Part, readResponse, readStatus } from './wire.ts'

/** What came back from `generateContent`: an error may come inside a 200. */
export function readAnswer(answer: Answer, call: Call): Result<Generated, UpstreamFailure> {
  const isError = answer.status >= 300 || readStatus(answer.value) !== undefined
  return isError ? err(errorFailure(answer, call.clock)) : readGenerated(answer, call)
}

/** `candidates.0.content.parts.1.inlineData.data`, in either spelling. */
export function isPicture(path: readonly (string | number)[]): boolean {
  const parent = path.at(-2)
  return path.at(-1) === 'data' && (parent === 'inlineData' || parent === 'inline_data')
}

/**
 * The pictures of a 2xx answer, or why there are none.
 * Rules learned from live answers: pictures stand anywhere among the parts, drafts carry no flag and are billed, and the only final
 * picture has been seen inside a part flagged `thought`.
 */
function readGenerated(answer: Answer, maker: Maker): Result<Generated, UpstreamFailure> {
  const response = readResponse(answer.value)
  if (response === undefined) return err(noImage(answer))
  const parts = response.candidates.flatMap(({ content }) => content?.parts ?? [])
  const all = parts.flatMap((part) => imageOf(part, maker) ?? [])
  const spoken = all.filter(({ isThought }) => !isThought)
  const images = (spoken.length > 0 ? spoken : all).map(({ image }) => image)
  if (images.length === 0) return err(noImage(answer, response))

  const text = textOf(parts)
  const usage = response.usageMetadata && usageOf(response.usageMetadata, true)
  const finishReason = response.candidates[0]?.finishReason
  return ok({
    images,
    ...(text !== '' && { text }),
    ...(usage && { usage }),
    ...identityOf(response),
    ...(finishReason !== undefined && { nativeFinishReason: finishReason }),
  })
}

function imageOf(part: Part, maker: Maker): { image: GeneratedImage; isThought: boolean } | undefined {
  const { mimeType, data } = part.inlineData ?? {}
  if (data === undefined || data === '') return undefined
  // Labels are often wrong, so only one that names another medium altogether is believed.
  if (mimeType !== undefined && /^(audio|video|text)\//i.test(mimeType)) return undefined
  const blob = typeof data === 'string' ? new JsonBlob(formOf(data), [Buffer.from(data)], mimeType) : data
  if (blob.form === 'text') return undefined
  const signature = plainText(part.thoughtSignature)
  const image = {
    blob,
    ...(mimeType !== undefined && { mediaType: mimeType }),
    ...(signature !== undefined && { continuation: toContinuation(maker, mimeType, signature) }),
  }
  return { image, isThought: part.thought === true }
}

/** What the reader finds out about long strings; a picture may be too small for it to have looked. */
function formOf(data: string): JsonBlob['form'] {
  return /^[A-Za-z0-9+/=_-]+$/.test(data) ? 'base64' : 'text'
}

/** What was said aloud, as one text. */
function textOf(parts: readonly Part[]): string {
  return parts.flatMap((part) => (part.thought === true ? [] : (plainText(part.text) ?? []))).join('')
}

/** The longest string that is worth being one. */
const MAX_TEXT_BYTES = 256 * 1024

/** A long string as text; undefined when absent, or longer than any text we take. */
function plainText(value: string | JsonBlob | undefined): string | undefined {
  if (!(value instanceof JsonBlob)) return value
  return value.byteLength > MAX_TEXT_BYTES || value.spilled !== undefined ? undefined : blobText(value)
}

function identityOf({ responseId, modelVersion }: GenerateContentResponse) {
  return {
    ...(responseId !== undefined && { upstreamId: responseId }),
    ...(modelVersion !== undefined && { modelVersion }),
  }
}

const POLICY = new Set([
  'SAFETY',
  'IMAGE_SAFETY',
  'PROHIBITED_CONTENT',
  'IMAGE_PROHIBITED_CONTENT',
  'BLOCKLIST',
  'SPII',
  'RECITATION',
  'MODEL_ARMOR',
  'JAILBREAK',
])
/** The request's own limits: the same request fails the same way everywhere. */
const LIMITS = new Map([
  ['MAX_TOKENS', 'The answer reached its limit of tokens before a picture was made'],
  ['LANGUAGE', 'Google does not support the language of the prompt'],
])
const QUOTE_CHARACTERS = 500

/**
 * A 2xx without a usable picture.
 *
 * What it cost, by what is documented: a prompt that is blocked was never given to the model, so `no`. A blocked picture is not
 * charged for its output, but prompt and thoughts can be, so `unknown`. An answer that reports output, or has a picture that cannot
 * be read, is charged for it, so `yes`.
 */
function noImage(answer: Answer, response?: GenerateContentResponse): UpstreamFailure {
  const usage = response?.usageMetadata && usageOf(response.usageMetadata, false)
  const candidate = response?.candidates[0]
  const parts = candidate?.content?.parts ?? []
  const code = candidate?.finishReason
  const because = candidate?.finishMessage ?? textOf(parts)
  const isDamaged = parts.some(({ inlineData }) => inlineData?.data !== undefined)
  const spent = isDamaged || (usage?.outputTokens ?? 0) > 0 ? 'yes' : 'unknown'
  const base = {
    status: answer.status,
    raw: answer.raw,
    ...(response && identityOf(response)),
    ...(usage && { usage }),
    ...(code !== undefined && { code }),
  }
  if (response?.promptFeedback !== undefined && candidate === undefined) {
    const { blockReason = 'BLOCKED', blockReasonMessage } = response.promptFeedback
    const message = sentence(`Google's rules refused the prompt (${blockReason})`, blockReasonMessage)
    return { ...base, kind: 'refused', billed: 'no', code: blockReason, message }
  }
  if (code !== undefined && POLICY.has(code)) {
    return {
      ...base,
      kind: 'refused',
      billed: 'unknown',
      message: sentence(`Google's rules refused the picture (${code})`, because),
    }
  }
  const limit = LIMITS.get(code ?? '')
  if (limit !== undefined)
    return { ...base, kind: 'rejected', billed: spent, message: sentence(`${limit} (${code})`, because) }
  const what = isDamaged ? 'Google answered with a picture that is not base64' : 'Google answered without a picture'
  return {
    ...base,
    kind: 'no_image',
    billed: spent,
    message: sentence(code === undefined ? what : `${what} (${code})`, because),
  }
}

/** The provider's own words behind ours, cut to a length that a caller's screen can bear. */
function sentence(what: string, because = ''): string {
  const words = because.replace(/\s+/g, ' ').trim()
  if (words === '') return `${what}.`
  return `${what}: ${words.length > QUOTE_CHARACTERS ? `${words.slice(0, QUOTE_CHARACTERS)}…` : words}`
}
