import type { Clock } from '../../core/clock.ts'
import { type Answer, statusFailure } from '../failure.ts'
import type { UpstreamFailure } from '../provider.ts'
import { type ErrorBody, readReply } from './wire.ts'

/**
 * Codes that their statuses do not tell apart. The rest is what its status says.
 * Source: https://www.volcengine.com/docs/82379/1299023, whose English twin is ModelArk's (read 2026-11-22).
 */
const KINDS: readonly (readonly [code: RegExp, kind: UpstreamFailure['kind']])[] = [
  // Of the words, a reference or the picture itself; `.PolicyViolation` and others follow.
  [/(SensitiveContentDetected|RiskDetection|PolicyViolation|PrivacyInformation)/, 'refused'],
  // The model was not switched on for this account, or its own spending limit is used up.
  [/^(ModelNotOpen|ServiceNotOpen|SetLimitExceeded)/, 'unauthorized'],
  [/^(ContentSecurityDetectionError|InvalidEndpoint\.ClosedEndpoint)/, 'unavailable'],
]

/**
 * What an answer that is an error means for the router. Only pictures that were made are charged (the page of the API, under
 * `usage.generated_images`), so whatever Ark itself tells was free; a page of something in front of it stays as open as its status.
 */
export function errorFailure(answer: Answer, clock: Clock): UpstreamFailure {
  const generic = statusFailure(answer, clock)
  const error = readReply(answer.value)?.error
  return error === undefined ? generic : told(generic, error)
}

/** The same for a picture of an answer that is good as such. */
export function pictureFailure({ status, raw }: Answer, error: ErrorBody): UpstreamFailure {
  const message = 'Ark made no picture, and does not say why.'
  return told({ kind: 'unavailable', billed: 'no', status, raw, message }, error)
}

function told(generic: UpstreamFailure, { code, message = '' }: ErrorBody): UpstreamFailure {
  const kind = KINDS.find(([pattern]) => pattern.test(code ?? ''))?.[1] ?? generic.kind
  const words = message.trim()
  return {
    ...generic,
    kind,
    billed: 'no',
    message: words === '' ? generic.message : words,
    ...(code !== undefined && { code }),
  }
}
