import type { Clock } from '../../core/clock.ts'
import { type Answer, statusFailure } from '../failure.ts'
import type { UpstreamFailure } from '../provider.ts'
import { type Failed, readFailed } from './wire.ts'

/** Said with 500 where the request is at fault. */
const OF_THE_REQUEST = /^(Invalid encoded image|Invalid image url|Requests not allowed)/

/**
 * What an error means for the router. Nothing that a machine of one's own does is ever charged; a proxy's word is another matter, and is
 * read by its status alone.
 */
export function errorFailure(answer: Answer, clock: Clock): UpstreamFailure {
  const generic = statusFailure(answer, clock)
  const failed = readFailed(answer.value)
  if (failed === undefined) return generic
  const { status } = answer
  const sentence = sentenceOf(failed)
  const code = codeOf(failed)
  const base = {
    ...generic,
    billed: 'no',
    message: sentence === '' ? generic.message : sentence,
    ...(code && { code }),
  } as const
  if (status === 404 && sentence === 'Not Found') {
    return { ...base, message: 'The web UI has no API there: it has to be started with --api.' }
  }
  if (status === 404 || OF_THE_REQUEST.test(sentence)) return { ...base, kind: 'rejected' }
  return base
}

/** `OutOfMemoryError`, `value_error`; the framework's own name for everything says nothing. */
function codeOf({ error, detail }: Failed): string | undefined {
  if (typeof detail === 'object') return detail[0]?.type
  return error === undefined || error === 'HTTPException' || error.includes(' ') ? undefined : error
}

/** `width: value is not a valid integer`, `CUDA out of memory. Tried to allocate 2.00 GiB.` */
function sentenceOf({ error = '', detail, errors = '' }: Failed): string {
  if (typeof detail === 'string' && detail.trim() !== '') return detail.trim()
  if (typeof detail === 'object') {
    return detail
      .map(({ loc, msg = '' }) => {
        const field = loc.filter((step) => step !== 'body').join('.')
        return field === '' ? msg : `${field}: ${msg}`
      })
      .join('; ')
  }
  return errors.trim() === '' ? error : errors.trim()
}
