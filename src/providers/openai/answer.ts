import type { Clock } from '../../core/clock.ts'
import type { JsonBlob } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Answer } from '../failure.ts'
import type { Generated, GeneratedImage, UpstreamFailure } from '../provider.ts'
import { categoriesOf, errorFailure } from './errors.ts'
import { tokensOf } from './usage.ts'
import { type ImageEvent, type ImagesReply, readError, readImagesReply, type Usage } from './wire.ts'

/** The pictures of an answer, or why there are none. Azure has been seen to tell of its filter inside a 200. */
export function readAnswer(answer: Answer, clock: Clock): Result<Generated, UpstreamFailure> {
  const facts = identityOf(answer)
  if (answer.status >= 300) return err({ ...errorFailure(answer, clock), ...facts })
  const reply = readImagesReply(answer.value)
  const images = (reply?.data ?? []).flatMap(({ b64_json: blob }) => imageOf(blob, reply?.output_format))
  const used = counted(reply?.usage, false)
  if (images.length > 0) return ok({ images, ...facts, ...used })
  const isError = readError(answer.value) !== undefined
  return err({ ...(isError ? errorFailure(answer, clock) : withoutImage(answer, reply)), ...facts, ...used })
}

/** The picture with which a stream ends. Its output tokens are documented as those of pictures. */
export function readFinal(answer: Answer, event: ImageEvent): Result<Generated, UpstreamFailure> {
  const images = imageOf(event.b64_json, event.output_format)
  const facts = { ...identityOf(answer), ...counted(event.usage, true) }
  return images.length > 0 ? ok({ images, ...facts }) : err({ ...withoutImage(answer, undefined), ...facts })
}

function imageOf(blob: JsonBlob | undefined, format: string | undefined): readonly GeneratedImage[] {
  if (blob === undefined || blob.byteLength === 0) return []
  return [{ blob, ...(format !== undefined && { mediaType: `image/${format}` }) }]
}

/** A success without a picture. What Azure's filter took out of it is refused; it was made all the same. */
function withoutImage(
  { status, raw }: Answer,
  reply: ImagesReply | undefined,
): Pick<UpstreamFailure, 'kind' | 'billed' | 'status' | 'message' | 'raw'> {
  const found = (reply?.data ?? []).flatMap((item) => [
    ...categoriesOf(item.content_filter_results),
    ...categoriesOf(item.prompt_filter_results),
  ])
  if (found.length > 0) {
    const message = `The picture was taken out by the provider's content filter: ${[...new Set(found)].join(', ')}.`
    return { kind: 'refused', billed: 'yes', status, message, raw }
  }
  return { kind: 'no_image', billed: 'yes', status, message: `The provider answered ${status} without a picture.`, raw }
}

function counted(reported: Usage | undefined, areAllPictures: boolean) {
  const usage = reported && tokensOf(reported, areAllPictures)
  return usage === undefined ? {} : { usage }
}

/** The id by which the provider's support knows the call. */
function identityOf({ headers }: Answer) {
  const id = headers['x-request-id'] ?? headers['apim-request-id']
  return typeof id === 'string' && id !== '' ? { upstreamId: id.slice(0, 200) } : {}
}
