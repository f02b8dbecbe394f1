import type { Clock } from '../../core/clock.ts'
import { type Answer, statusFailure } from '../failure.ts'
import type { UpstreamFailure } from '../provider.ts'
import { type Failed, readFailed } from './wire.ts'

const POLICY = /moderat|content[ _]policy|safety/i

/**
 * What one of the API's errors means for the router. It charges for pictures that are `Ready` and for nothing else
 * (https://help.bfl.ai/articles/4212278032-my-prompt-is-getting-moderated, read 2026-11-22); of a 5xx to a submission nobody can know
 * whether the task was taken all the same.
 */
export function errorFailure(answer: Answer, clock: Clock): UpstreamFailure {
  const generic = statusFailure(answer, clock)
  const failed = readFailed(answer.value)
  if (failed === undefined) return generic
  const message = sentenceOf(failed) || generic.message
  const code = codeOf(failed)
  const wait = generic.retryAfterMs ?? (failed.retry_after === undefined ? undefined : failed.retry_after * 1000)
  const told = {
    ...generic,
    message,
    ...(code !== undefined && { code }),
    ...(wait !== undefined && { retryAfterMs: wait }),
  }
  const isRefused = generic.kind === 'rejected' && POLICY.test(`${message} ${code ?? ''}`)
  return isRefused ? { ...told, kind: 'refused' } : told
}

function codeOf({ detail, error }: Failed): string | undefined {
  return Array.isArray(detail) ? detail[0]?.type : error
}

/** `width: Input should be greater than or equal to 64`. */
function sentenceOf({ detail, message, error = '' }: Failed): string {
  if (typeof detail === 'string') return detail.trim()
  if (!Array.isArray(detail)) return detail?.message ?? detail?.error ?? message ?? error
  return detail
    .map(({ loc, msg = '' }) => {
      const field = loc.filter((step) => step !== 'body').join('.')
      return field === '' ? msg : `${field}: ${msg}`
    })
    .join('; ')
}
