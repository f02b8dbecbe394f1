import { JsonBlob } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Answer } from '../failure.ts'
import type { Call, Generated, UpstreamFailure } from '../provider.ts'
import { errorFailure } from './errors.ts'
import { Finished } from './wire.ts'

/** The picture, or why there is none. A picture that was blurred is of no use to anybody, but was made, and is charged. */
export function readAnswer(answer: Answer, { clock }: Call): Result<Generated, UpstreamFailure> {
  if (answer.status >= 300) return err(errorFailure(answer, clock))
  const { image, finish_reason: reason } = Finished.safeParse(answer.value).data ?? {}
  const upstreamId = requestId(answer)
  const base = {
    billed: 'yes',
    status: answer.status,
    raw: answer.raw,
    ...(reason !== undefined && { code: reason }),
    ...(upstreamId !== undefined && { upstreamId }),
  } as const
  if (reason === 'CONTENT_FILTERED') {
    return err({ ...base, kind: 'refused', message: 'Stability’s rules found the picture unfit, and it came blurred.' })
  }
  const blob = typeof image === 'string' ? shortPicture(image) : image
  if (blob === undefined || blob.form === 'text') {
    const why = reason === undefined ? '' : ` (${reason})`
    return err({ ...base, kind: 'no_image', message: `Stability answered without a picture${why}.` })
  }
  const mediaType = typeOf(answer)
  return ok({
    images: [{ blob, ...(mediaType !== undefined && { mediaType }) }],
    ...(upstreamId !== undefined && { upstreamId }),
    ...(reason !== undefined && { nativeFinishReason: reason }),
  })
}

/** One that the reader took for a text, as short as it is. */
function shortPicture(image: string): JsonBlob | undefined {
  return /^[A-Za-z0-9+/=_-]+$/.test(image) ? new JsonBlob('base64', [Buffer.from(image)]) : undefined
}

/** `application/json; type=image/png` */
function typeOf({ headers }: Answer): string | undefined {
  return /;\s*type="?(image\/[a-z]+)/.exec(headers['content-type'] ?? '')?.[1]
}

function requestId({ headers }: Answer): string | undefined {
  const id = headers['x-request-id']
  return typeof id === 'string' && id !== '' ? id.slice(0, 200) : undefined
}
