import type { Clock } from '../../core/clock.ts'
import { type Answer, statusFailure } from '../failure.ts'
import type { UpstreamFailure } from '../provider.ts'
import { billedBy, reported } from './usage.ts'
import { type Failed, readFailed } from './wire.ts'

/**
 * What one of xAI's errors means for the router. Its statuses say less than its words: a bad key is a 400, an empty account a 403 or a
 * 429, and both 400 and 403 can be a refusal (bodies in public bug reports, read 2026-11-22).
 *
 * What a refusal cost: a picture that was made and then withheld is charged, and its error carries the cost. A prompt that is stopped
 * before can cost a fee of its own (https://docs.x.ai/docs/models, "usage guidelines violation fee"), of which the error says
 * nothing: `unknown`.
 */
export function errorFailure(answer: Answer, clock: Clock): UpstreamFailure {
  const generic = statusFailure(answer, clock)
  const failed = readFailed(answer.value)
  if (failed === undefined) return generic
  const { message, code, usage } = failed
  const base = {
    ...generic,
    ...reported(usage),
    message: message.trim() || generic.message,
    ...(code !== undefined && { code }),
  }
  if (isAboutMoney(failed)) return { ...base, kind: 'unauthorized', billed: 'no' }
  if (answer.status === 400 && /\bAPI key\b/i.test(message)) return { ...base, kind: 'unauthorized', billed: 'no' }
  if (isRefusal(answer.status, failed)) return { ...base, kind: 'refused', billed: billedBy(usage, 'unknown') }
  return { ...base, billed: billedBy(usage, generic.billed) }
}

/** An account without credit is told so with 403, and with 429 as if waiting helped. */
function isAboutMoney({ message }: Failed): boolean {
  return /used all available credits|spending limit/i.test(message)
}

function isRefusal(status: number, { message, code = '' }: Failed): boolean {
  if (status !== 400 && status !== 403) return false
  return /content-moderated|moderation/i.test(code) || /content moderation|usage guidelines|SAFETY_CHECK/i.test(message)
}
