import { JsonBlob } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { type Answer, unusableAnswer } from '../failure.ts'
import type { Generated, UpstreamFailure } from '../provider.ts'
import type { Post } from './request.ts'
import { type Info, readAnswered } from './wire.ts'

/** The pictures of an answer, without what an extension put behind them. */
export function readGenerated(answer: Answer, { checkpoint, count }: Post): Result<Generated, UpstreamFailure> {
  const answered = readAnswered(answer.value)
  const pictures = (answered?.images ?? []).slice(0, count).flatMap((text) => pictureOf(text) ?? [])
  if (pictures.length === 0) return err(unusableAnswer(answer.status, 'there is no picture in it', answer.raw))
  const { sd_model_name: name, sd_model_hash: hash } = answered?.info ?? {}
  if (answered?.info !== undefined && !isOf(answered.info, checkpoint)) {
    return err({
      kind: 'unavailable',
      billed: 'no',
      status: answer.status,
      code: 'not_installed',
      message: `The machine has no checkpoint ${checkpoint}: it made the picture with ${name}.`,
      raw: answer.raw,
    })
  }
  const version = name === undefined || hash === undefined ? name : `${name} [${hash}]`
  return ok({ images: pictures.map((blob) => ({ blob })), ...(version !== undefined && { modelVersion: version }) })
}

/** Base64, bare or in a data URI; short ones come as texts. Undefined when there is nothing in it. */
export function pictureOf(text: string | JsonBlob): JsonBlob | undefined {
  if (text instanceof JsonBlob) return text.form === 'base64' ? text : undefined
  const [, mediaType, data = ''] = /^(?:data:([^;,]*);base64,)?(.*)$/s.exec(text) ?? []
  return data === '' ? undefined : new JsonBlob('base64', [Buffer.from(data)], mediaType)
}

/**
 * Whether the checkpoint that was used is the one that was asked for. It may have been asked for by name, file, title or hash; who does
 * not say what was used is believed.
 */
function isOf({ sd_model_name: name, sd_model_hash: hash = '' }: Info, checkpoint: string): boolean {
  if (name === undefined) return true
  const isHash = /^[\da-f]{8,}$/i.test(checkpoint) && (checkpoint.startsWith(hash) || hash.startsWith(checkpoint))
  return stemOf(name) === stemOf(checkpoint) || (hash !== '' && isHash)
}

/** `sd_xl_base_1.0` of `SDXL/sd_xl_base_1.0.safetensors [31e35c80fc]`. */
function stemOf(text: string): string {
  const file = text.replace(/ \[[\da-f]+\]$/i, '').replace(/^.*[/\\]/, '')
  return file.replace(/\.(safetensors|ckpt|gguf|pt|pth|sft)$/i, '').toLowerCase()
}
