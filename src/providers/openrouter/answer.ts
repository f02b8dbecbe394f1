import { blobText } from '../../core/blob-fields.ts'
import type { Clock } from '../../core/clock.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Answer } from '../failure.ts'
import type { Generated, GeneratedImage, UpstreamFailure } from '../provider.ts'
import { generationId, inbodyFailure, sentence } from './errors.ts'
import { billedBy, costOf, tokensOf } from './usage.ts'
import { type ChatReply, readChatReply, readImagesReply, type Usage } from './wire.ts'

/** The pictures of a 2xx answer of the Images API, or why there are none. */
export function readImages(answer: Answer): Result<Generated, UpstreamFailure> {
  const reply = readImagesReply(answer.value)
  const images = (reply?.data ?? []).flatMap(({ b64_json: blob, media_type: label }) => imageOf(blob, label))
  const facts = { ...identityOf(answer), ...counted(reply?.usage) }
  if (images.length > 0) return ok({ images, ...facts, ...paid(reply?.usage) })
  return err({
    ...facts,
    kind: 'no_image',
    // A call that gave nothing is documented as a 502 that costs nothing, so this one is outside the documents.
    billed: billedBy(reply?.usage, 'unknown'),
    status: answer.status,
    message: sentence(nothingIn(reply?.data ?? [])),
    raw: answer.raw,
  })
}

/** The pictures of a 2xx answer of chat completions, or why there are none. */
export function readChat(answer: Answer, clock: Clock): Result<Generated, UpstreamFailure> {
  const reply = readChatReply(answer.value)
  const choice = reply?.choices[0]
  const pictures = (reply?.choices ?? []).flatMap(({ message }) => message?.images ?? [])
  const images = pictures.flatMap(({ image_url: at }) => imageOf(at?.url, at?.url?.mediaType))
  const facts = { ...identityOf(answer, reply), ...counted(reply?.usage) }
  if (images.length === 0) {
    return err({ ...facts, ...(brokenOff(answer, reply, clock) ?? withoutImage(answer, reply, pictures)) })
  }
  const text = textOf(choice?.message?.content)
  const reason = choice?.native_finish_reason ?? choice?.finish_reason
  return ok({
    images,
    ...facts,
    ...paid(reply?.usage),
    ...(text !== '' && { text }),
    ...(reason !== undefined && { nativeFinishReason: reason }),
  })
}

function imageOf(blob: JsonBlob | undefined, label: string | undefined): readonly GeneratedImage[] {
  if (blob === undefined || blob.byteLength === 0) return []
  // Labels are often wrong, so only one that names another medium altogether is believed.
  if (label !== undefined && /^(audio|video|text)\//i.test(label)) return []
  return [{ blob, ...(label !== undefined && { mediaType: label }) }]
}

/** The longest text that is worth being one. */
const MAX_TEXT_BYTES = 256 * 1024

function textOf(content: string | JsonBlob | undefined): string {
  if (!(content instanceof JsonBlob)) return content ?? ''
  return content.byteLength > MAX_TEXT_BYTES || content.spilled !== undefined ? '' : blobText(content)
}

function identityOf(answer: Answer, reply?: ChatReply) {
  const upstreamId = generationId(answer) ?? reply?.id
  return {
    ...(upstreamId !== undefined && { upstreamId }),
    ...(reply?.model !== undefined && { modelVersion: reply.model }),
  }
}

function counted(reported: Usage | undefined) {
  const usage = reported && tokensOf(reported)
  return usage === undefined ? {} : { usage }
}

function paid(reported: Usage | undefined) {
  const cost = reported && costOf(reported)
  return cost === undefined ? {} : { cost }
}

/** A completion that failed on its way: not billed where its finish reason says so, whatever the error was. */
function brokenOff(answer: Answer, reply: ChatReply | undefined, clock: Clock): UpstreamFailure | undefined {
  const choice = reply?.choices[0]
  if (choice?.error === undefined) return undefined
  const failure = inbodyFailure(choice.error, answer, clock)
  return choice.finish_reason === 'error' ? { ...failure, billed: billedBy(reply?.usage, 'no') } : failure
}

/** Finish reasons, OpenRouter's or the provider's own, that mean safety rules. */
const POLICY = new Set([
  'content_filter',
  'refusal',
  'safety',
  'image_safety',
  'prohibited_content',
  'image_prohibited_content',
  'blocklist',
  'spii',
  'recitation',
  'image_recitation',
  'model_armor',
  'moderation_blocked',
])

/**
 * A 2xx of chat without a usable picture. What it cost is what its usage says. Where that is missing: finish reason `error` and an
 * answer without any token are not billed, words with `stop` are
 * (https://openrouter.ai/docs/features/zero-completion-insurance, read 2026-11-22); after a block nothing is documented.
 */
function withoutImage(
  answer: Answer,
  reply: ChatReply | undefined,
  pictures: readonly unknown[],
): Omit<UpstreamFailure, 'usage' | 'upstreamId' | 'modelVersion'> {
  const choice = reply?.choices[0]
  const { finish_reason: finish, native_finish_reason: native, message } = choice ?? {}
  const code = native ?? finish
  const refusal = message?.refusal
  const base = { status: answer.status, raw: answer.raw, ...(code !== undefined && { code }) }
  const because = refusal ?? textOf(message?.content)
  if (refusal !== undefined || [finish, native].some((reason) => POLICY.has(reason?.toLowerCase() ?? ''))) {
    return {
      ...base,
      kind: 'refused',
      billed: billedBy(reply?.usage, 'unknown'),
      message: sentence(`The provider's rules refused the picture${code === undefined ? '' : ` (${code})`}`, because),
    }
  }
  const isFree = finish === 'error' || (finish === undefined && (reply?.usage?.completion_tokens ?? 0) === 0)
  const otherwise = isFree ? 'no' : finish === undefined ? 'unknown' : 'yes'
  return {
    ...base,
    kind: finish === 'error' ? 'unavailable' : 'no_image',
    billed: billedBy(reply?.usage, otherwise),
    message: sentence(nothingIn(pictures), because),
  }
}

function nothingIn(pictures: readonly unknown[]): string {
  return pictures.length > 0
    ? 'OpenRouter answered with a picture that is not base64'
    : 'OpenRouter answered without a picture'
}
