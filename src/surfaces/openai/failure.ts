import { FAILURES, type Failure, type FailureCode } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json-blob.ts'

/** OpenAI's envelope: four fields, all of them always there, `code` a word. Source: platform.openai.com/docs/guides/error-codes. */
export function presentFailure(failure: Failure, context: { readonly requestId: string }): JsonValue {
  return { error: errorObject(failure, context) }
}

export function errorObject(failure: Failure, { requestId }: { readonly requestId: string }) {
  const { status } = FAILURES[failure.code]
  const { type, code } = NAMES[failure.code] ?? { type: typeOf(status), code: failure.code }
  const message =
    failure.code === 'internal' ? `Internal error. Request ${requestId} finds it in the log.` : failure.message
  return { message, type, param: failure.field ?? null, code }
}

/** Where OpenAI has words of its own, clients match on them. */
const NAMES: Partial<Record<FailureCode, { readonly type: string; readonly code: string }>> = {
  content_refused: { type: 'image_generation_user_error', code: 'moderation_blocked' },
  insufficient_credit: { type: 'insufficient_quota', code: 'insufficient_quota' },
  invalid_request: { type: 'invalid_request_error', code: 'invalid_value' },
  key_limit_reached: { type: 'insufficient_quota', code: 'insufficient_quota' },
  model_retired: { type: 'invalid_request_error', code: 'model_not_found' },
  rate_limited: { type: 'requests', code: 'rate_limit_exceeded' },
  unsupported_parameter: { type: 'invalid_request_error', code: 'unsupported_parameter' },
}

function typeOf(status: number): string {
  return status < 500 ? 'invalid_request_error' : 'server_error'
}
