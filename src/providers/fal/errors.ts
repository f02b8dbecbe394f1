import type { Clock } from '../../core/clock.ts'
import { type Answer, statusFailure } from '../failure.ts'
import type { UpstreamFailure } from '../provider.ts'
import { type Failed, readFailed } from './wire.ts'

/** Types of the model's own errors that are about what the picture shows. */
const POLICY = /content_policy|safety|nsfw|moderat/i

/** What a request was that was answered with an error: the paid one, or a question after a job that had been accepted. */
type Stage = 'submit' | 'result'

/**
 * What one of fal's errors means for the router.
 *
 * What it cost: the queue refuses for nothing. Of a job that ran, fal says that HTTP 5xx is never charged, and that 422 is where a
 * runner had begun to work (https://docs.fal.ai/faq, read 2026-11-22), which nobody can tell from outside: `unknown`.
 */
export function errorFailure(answer: Answer, stage: Stage, clock: Clock): UpstreamFailure {
  const generic = statusFailure(answer, clock)
  const failed = readFailed(answer.value)
  if (failed === undefined) return generic
  const { status } = answer
  const code = codeOf(failed)
  const base = { ...generic, message: sentenceOf(failed) || generic.message, ...(code !== undefined && { code }) }
  const ranBilled = stage === 'result' ? 'unknown' : 'no'
  if (isOwnTimeout(answer)) return { ...base, kind: 'timeout', billed: 'no' }
  if (status === 499 && code === 'client_cancelled') return { ...base, kind: 'unavailable', billed: ranBilled }
  if (status >= 500) return stage === 'result' ? { ...base, kind: 'unavailable', billed: 'no' } : base
  if (POLICY.test(code ?? '')) return { ...base, kind: 'refused', billed: ranBilled }
  return { ...base, billed: ranBilled }
}

/** The job was not started within the time that we gave it: it never ran. */
function isOwnTimeout({ status, headers }: Answer): boolean {
  return status === 504 && headers['x-fal-request-timeout-type'] === 'user'
}

function codeOf({ detail, error_type: type }: Failed): string | undefined {
  if (type !== undefined || typeof detail === 'string') return type
  // One word about policy outweighs whatever else is wrong.
  return (detail.find((item) => POLICY.test(item.type ?? '')) ?? detail[0])?.type
}

/** `image_size.width: Input should be less than or equal to 14142`. */
function sentenceOf({ detail }: Failed): string {
  if (typeof detail === 'string') return detail.trim()
  return detail
    .map(({ loc, msg = '' }) => {
      const field = loc.filter((step) => step !== 'body').join('.')
      return field === '' ? msg : `${field}: ${msg}`
    })
    .join('; ')
}
