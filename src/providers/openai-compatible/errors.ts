import type { Clock } from '../../core/clock.ts'
import { type Answer, statusFailure } from '../failure.ts'
import type { UpstreamFailure } from '../provider.ts'
import type { Quirks } from './quirks.ts'
import { type Failed, readFailed } from './wire.ts'

/** Words, in a code or in a sentence, for what the picture was going to show. */
const POLICY = /moderation|content[_ ]policy|content[_ ]filter|nsfw|safety (system|checker|filter)|safety_violation/i
/** Of an account, not of a moment: waiting does not help. */
const EMPTY = /insufficient_quota|billing_hard_limit|insufficient (credit|balance|funds)|payment required/i
/** The server has another model loaded, or none of this name: vLLM-Omni's words, OpenAI's, LocalAI's. */
const OTHER_MODEL = /model mismatch|model_not_found|model.{0,200}(does not exist|not found)|could not load model/i

/**
 * What an error of such a server means for the router. None of their documents charges for one; a hosted one's 5xx stays open all the
 * same, as behind it the model may have run. A machine of the operator's own charges for nothing.
 */
export function errorFailure(answer: Answer, { isOwn }: Quirks, clock: Clock): UpstreamFailure {
  const generic = statusFailure(answer, clock)
  const failed = readFailed(answer.value)
  if (failed === undefined) return generic
  const { message, code } = failed
  const base: UpstreamFailure = {
    ...generic,
    ...(isOwn && { billed: 'no' as const }),
    message: message.trim() || generic.message,
    ...(code !== undefined && { code }),
  }
  return { ...base, ...meantBy(answer.status, failed) }
}

function meantBy(status: number, { message, code = '' }: Failed): Partial<UpstreamFailure> {
  const says = (words: RegExp) => words.test(code) || words.test(message)
  if (says(OTHER_MODEL)) return { kind: 'unavailable', billed: 'no' }
  if (status >= 500) return {}
  if (says(POLICY)) return { kind: 'refused', billed: 'no' }
  return says(EMPTY) ? { kind: 'unauthorized', billed: 'no' } : {}
}
