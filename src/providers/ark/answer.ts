import { NO_TOKENS } from '../../core/receipt.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Answer } from '../failure.ts'
import type { Upstream } from '../http.ts'
import type { Call, Generated, GeneratedImage, UpstreamFailure } from '../provider.ts'
import { errorFailure, pictureFailure } from './errors.ts'
import { readReply, type Reply } from './wire.ts'

/** An answer with at least one picture in it, or the address of one. */
export function readAnswer(answer: Answer, { clock }: Call): Result<Reply, UpstreamFailure> {
  const reply = readReply(answer.value)
  if (answer.status < 300 && reply?.data.some(hasPicture)) return ok(reply)
  if (answer.status >= 300 || reply?.error !== undefined) return err(errorFailure(answer, clock))
  const failed = reply?.data.find(({ error }) => error !== undefined)?.error
  if (failed !== undefined) return err(pictureFailure(answer, failed))
  const { status, raw } = answer
  const isFree = reply?.usage?.generated_images === 0
  const message = 'Ark answered without a picture.'
  return err({ kind: 'no_image', billed: isFree ? 'no' : 'yes', status, raw, message })
}

/** Its pictures, those that are only an address downloaded. Some of several may be missing: the others are worth having. */
export async function toGenerated(
  upstream: Upstream,
  call: Call,
  { model, data, usage }: Reply,
): Promise<Result<Generated, UpstreamFailure>> {
  const fetched = await Promise.all(data.filter(hasPicture).map((item) => pictureOf(upstream, call, item)))
  const images = fetched.flatMap((picture) => (picture.ok ? [picture.value] : []))
  const missed = fetched.find((picture) => !picture.ok)
  if (images.length === 0 && missed !== undefined) return missed
  const tokens = usage?.output_tokens
  return ok({
    images,
    ...(model !== undefined && { modelVersion: model }),
    ...(tokens !== undefined && { usage: { ...NO_TOKENS, outputTokens: tokens, outputImageTokens: tokens } }),
  })
}

type Item = Reply['data'][number]

function hasPicture({ b64_json: blob, url }: Item): boolean {
  return (blob !== undefined && blob.byteLength > 0) || (url !== undefined && url !== '')
}

async function pictureOf(
  upstream: Upstream,
  call: Call,
  { b64_json: inline, url = '' }: Item,
): Promise<Result<GeneratedImage, UpstreamFailure>> {
  if (inline !== undefined && inline.byteLength > 0) return ok({ blob: inline })
  const blob = await upstream.download(call, url)
  return blob.ok ? ok({ blob: blob.value }) : blob
}
