import { err, ok, type Result } from '../../core/result.ts'
import type { Answer } from '../failure.ts'
import type { Generated, GeneratedImage, UpstreamFailure } from '../provider.ts'
import { billedBy, reported } from './usage.ts'
import { readReply, type Reply } from './wire.ts'

/** The pictures of a 2xx answer, those that moderation left; or why there are none. */
export function readImages(answer: Answer): Result<Generated, UpstreamFailure> {
  const reply = readReply(answer.value)
  const images = (reply?.data ?? []).flatMap(imageOf)
  if (reply !== undefined && images.length > 0) return ok({ images, ...reported(reply.usage) })
  return err({ ...reported(reply?.usage), ...withoutImage(answer, reply) })
}

function imageOf({ b64_json: blob, mime_type: label, respect_moderation: isClean }: Reply['data'][number]) {
  if (blob === undefined || blob.byteLength === 0 || isClean === false) return []
  const image: GeneratedImage = { blob, ...(label !== undefined && { mediaType: label }) }
  return [image]
}

/** A 2xx without a usable picture. A picture was most likely made, and so most likely charged, unless the answer tells its cost. */
function withoutImage({ status, raw }: Answer, reply: Reply | undefined): UpstreamFailure {
  const base = { billed: billedBy(reply?.usage, 'yes'), status, raw }
  const pictures = reply?.data ?? []
  if (pictures.some(({ respect_moderation: isClean }) => isClean === false)) {
    const message = 'xAI’s moderation withheld the picture (respect_moderation: false).'
    return { ...base, kind: 'refused', code: 'respect_moderation', message }
  }
  const reason = reply?.block_reason
  if (reason !== undefined && reason !== '') {
    return { ...base, kind: 'refused', code: 'block_reason', message: `xAI’s moderation refused the prompt: ${reason}` }
  }
  const what = pictures.length > 0 ? 'with a picture that is not base64' : 'without a picture'
  return { ...base, kind: 'no_image', message: `xAI answered ${what}.` }
}
