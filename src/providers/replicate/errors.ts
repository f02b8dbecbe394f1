import type { Clock } from '../../core/clock.ts'
import { type Answer, statusFailure } from '../failure.ts'
import type { UpstreamFailure } from '../provider.ts'
import { readFailed } from './wire.ts'

/** A version that is gone, or a model that is none: not what the caller can mend. */
const VERSION = /version|permitted|model does not exist/i

/**
 * What one of the API's errors means for the router: a request that was not accepted costs nothing.
 * Source: https://replicate.com/docs/reference/http (read 2026-11-22).
 */
export function errorFailure(answer: Answer, clock: Clock): UpstreamFailure {
  const generic = statusFailure(answer, clock)
  const failed = readFailed(answer.value)
  if (failed === undefined) return generic
  const { title, detail = title ?? '', retry_after: seconds } = failed
  const wait = generic.retryAfterMs ?? (seconds === undefined ? toldIn(detail) : seconds * 1000)
  const told = {
    ...generic,
    message: detail.trim() || generic.message,
    ...(title !== undefined && { code: title }),
    ...(wait !== undefined && { retryAfterMs: wait }),
  }
  const isGone = answer.status === 422 && VERSION.test(`${title} ${detail}`)
  return isGone ? { ...told, kind: 'unavailable' } : told
}

/** `Request was throttled. Expected available in 7 seconds.` */
function toldIn(detail: string): number | undefined {
  const seconds = /available in (\d{1,5}) second/.exec(detail)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}
