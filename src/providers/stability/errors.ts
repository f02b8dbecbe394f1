import type { Clock } from '../../core/clock.ts'
import { type Answer, statusFailure } from '../failure.ts'
import type { UpstreamFailure } from '../provider.ts'
import { Failed } from './wire.ts'

/**
 * What a refusal of Stability's means for the router. Its own 5xx cost nothing: "you will not be charged for failed generations" stands
 * beside every price; and of a flagged request it says so again. Others' 5xx, an edge's or a proxy's, leave it open.
 * Source: its OpenAPI file, as generated into tryAGI/StabilityAI (read 2026-11-22).
 */
export function errorFailure(answer: Answer, clock: Clock): UpstreamFailure {
  const generic = statusFailure(answer, clock)
  const { id, name, errors, message } = Failed.safeParse(answer.value).data ?? { errors: [] }
  if (name === undefined) return generic
  const words = errors.length > 0 ? errors.join('; ') : (message ?? generic.message)
  const base: UpstreamFailure = {
    ...generic,
    billed: 'no',
    message: words,
    code: name,
    ...(id !== undefined && { upstreamId: id }),
  }
  if (name === 'content_moderation') return { ...base, kind: 'refused' }
  if (base.kind !== 'rate_limited' || base.retryAfterMs !== undefined) return base
  const pause = /timed out for (\d+) seconds/.exec(words)?.[1]
  return pause === undefined ? base : { ...base, retryAfterMs: Number(pause) * 1000 }
}
