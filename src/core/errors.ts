/** OpenRouter's stable machine words for what went wrong (`error.metadata.error_type`). */
export type ErrorType =
  | 'authentication'
  | 'content_policy_violation'
  | 'image_not_found'
  | 'image_too_large'
  | 'invalid_image'
  | 'invalid_prompt'
  | 'invalid_request'
  | 'not_found'
  | 'payload_too_large'
  | 'payment_required'
  | 'permission_denied'
  | 'precondition_failed'
  | 'provider_overloaded'
  | 'provider_unavailable'
  | 'rate_limit_exceeded'
  | 'server'
  | 'string_too_long'
  | 'timeout'
  | 'unprocessable'
  | 'unsupported_image_format'

interface FailureKind {
  readonly status: number
  readonly type: ErrorType
  /** Who has to act for the same request to succeed. */
  readonly by: 'caller' | 'gateway' | 'provider'
  /** Whether repeating the identical request later can succeed. A deterministic failure is never retryable and never a 5xx. */
  readonly retryable: boolean
  /** What the caller can do about it; docs/errors.md is generated from this. */
  readonly meaning: string
}

/** Every failure a caller can see: its HTTP status and OpenRouter's `error_type`; the other dialects map from here. */
export const FAILURES = {
  invalid_request: {
    status: 400,
    type: 'invalid_request',
    by: 'caller',
    retryable: false,
    meaning:
      'A field is missing, has the wrong type or a value that is not accepted. The message names the field and what would be accepted.',
  },
  invalid_json: {
    status: 400,
    type: 'invalid_request',
    by: 'caller',
    retryable: false,
    meaning:
      'The body is not one JSON document, is cut off, repeats a key, nests too deep, uses a forbidden key or holds a text longer than 128 KiB.',
  },
  invalid_prompt: {
    status: 400,
    type: 'invalid_prompt',
    by: 'caller',
    retryable: false,
    meaning: 'The prompt is missing, empty or not a text.',
  },
  invalid_image: {
    status: 400,
    type: 'invalid_image',
    by: 'caller',
    retryable: false,
    meaning: 'A reference is not a readable picture, or its base64 is damaged.',
  },
  image_too_large: {
    status: 400,
    type: 'image_too_large',
    by: 'caller',
    retryable: false,
    meaning: 'A reference has more bytes or pixels than are accepted.',
  },
  unsupported_image_format: {
    status: 400,
    type: 'unsupported_image_format',
    by: 'caller',
    retryable: false,
    meaning: 'References are PNG, JPEG or WebP, by their bytes and not by their label.',
  },
  unsupported_parameter: {
    status: 400,
    type: 'invalid_request',
    by: 'caller',
    retryable: false,
    meaning: 'The model cannot honour a parameter, and `require_parameters` forbids to go on without it.',
  },
  model_not_found: {
    status: 400,
    type: 'invalid_request',
    by: 'caller',
    retryable: false,
    meaning: 'No model has this id or alias. The message suggests the nearest names.',
  },
  content_refused: {
    status: 400,
    type: 'content_policy_violation',
    by: 'caller',
    retryable: false,
    meaning:
      "The provider's safety rules refused the prompt, a reference or the result. The provider's own reason is in the message.",
  },
  invalid_api_key: {
    status: 401,
    type: 'authentication',
    by: 'caller',
    retryable: false,
    meaning: 'The Authorization header is missing or malformed, or the key is unknown, revoked or expired.',
  },
  insufficient_credit: {
    status: 402,
    type: 'payment_required',
    by: 'caller',
    retryable: false,
    meaning: 'The balance of the workspace does not cover the hold. Nothing was sent to a provider.',
  },
  key_limit_reached: {
    status: 402,
    type: 'payment_required',
    by: 'caller',
    retryable: false,
    meaning: "The key's own spending limit does not cover the hold. Nothing was sent to a provider.",
  },
  forbidden: {
    status: 403,
    type: 'permission_denied',
    by: 'caller',
    retryable: false,
    meaning: 'The key is valid but may not do this: an admin key does not generate, an ordinary key does not manage.',
  },
  not_found: {
    status: 404,
    type: 'not_found',
    by: 'caller',
    retryable: false,
    meaning: 'There is no such route, generation, picture or key for this workspace and mode.',
  },
  image_not_found: {
    status: 404,
    type: 'image_not_found',
    by: 'caller',
    retryable: false,
    meaning: 'The generation exists, but this picture was never made or is no longer kept.',
  },
  no_endpoints: {
    status: 404,
    type: 'not_found',
    by: 'caller',
    retryable: false,
    meaning:
      'No configured provider serves this model as asked. The message names the settings or the filter that would have to change.',
  },
  no_simulator: {
    status: 404,
    type: 'not_found',
    by: 'caller',
    retryable: false,
    meaning:
      'Test keys are served by the sandbox, which does not simulate this model yet. The message names models it does.',
  },
  model_retired: {
    status: 404,
    type: 'not_found',
    by: 'caller',
    retryable: false,
    meaning: 'Every route of this model has been shut down, and the setting forbids to serve its successor instead.',
  },
  price_unconfirmed: {
    status: 404,
    type: 'not_found',
    by: 'caller',
    retryable: false,
    meaning:
      "The model's price is not trustworthy enough to bill live traffic by. The operator confirms it in the catalogue overrides.",
  },
  cancelled: {
    status: 409,
    type: 'precondition_failed',
    by: 'caller',
    retryable: false,
    meaning: 'The generation was cancelled before it cost anything. Nothing was charged.',
  },
  too_late: {
    status: 409,
    type: 'precondition_failed',
    by: 'caller',
    retryable: false,
    meaning: 'The generation cannot be cancelled any more: its call was sent and goes on, or it has ended already.',
  },
  idempotency_in_progress: {
    status: 409,
    type: 'precondition_failed',
    by: 'caller',
    retryable: true,
    meaning:
      'An earlier call with the same Idempotency-Key still runs, and the time to wait for it is over. The same call again, after Retry-After, gets its answer and buys nothing.',
  },
  idempotency_key_reused: {
    status: 422,
    type: 'unprocessable',
    by: 'caller',
    retryable: false,
    meaning: 'The Idempotency-Key was used for another request on this route. Nothing was started.',
  },
  method_not_allowed: {
    status: 405,
    type: 'invalid_request',
    by: 'caller',
    retryable: false,
    meaning: 'The path exists, but not with this HTTP method.',
  },
  timeout: {
    status: 408,
    type: 'timeout',
    by: 'provider',
    retryable: false,
    meaning:
      'The deadline passed after the request was sent. The outcome upstream is unknown, nothing was charged; repeating it may cost the operator twice.',
  },
  payload_too_large: {
    status: 413,
    type: 'payload_too_large',
    by: 'caller',
    retryable: false,
    meaning: 'The body is larger than 32 MiB.',
  },
  unsupported_media_type: {
    status: 415,
    type: 'invalid_request',
    by: 'caller',
    retryable: false,
    meaning: 'The Content-Type of the request body is not accepted on this route.',
  },
  provider_rejected: {
    status: 400,
    type: 'invalid_request',
    by: 'caller',
    retryable: false,
    meaning: 'The provider itself called the request invalid. Its message is passed on; nothing was charged.',
  },
  repeated_failure: {
    status: 400,
    type: 'invalid_request',
    by: 'caller',
    retryable: false,
    meaning:
      'The identical request has failed three times within ten minutes after it was sent. It was not sent again; nothing was charged.',
  },
  request_timeout: {
    status: 408,
    type: 'timeout',
    by: 'caller',
    retryable: true,
    meaning: 'The headers or the body of the request arrived too slowly. Nothing was started.',
  },
  range_not_satisfiable: {
    status: 416,
    type: 'invalid_request',
    by: 'caller',
    retryable: false,
    meaning: 'The Range header asks for bytes beyond the end of the picture.',
  },
  image_not_decodable: {
    status: 422,
    type: 'unprocessable',
    by: 'caller',
    retryable: false,
    meaning:
      'A reference looks like a picture, but its pixels cannot be had: they are damaged, or take too long or too much memory to decode.',
  },
  headers_too_large: {
    status: 431,
    type: 'invalid_request',
    by: 'caller',
    retryable: false,
    meaning: 'The request target and the headers together are larger than 16 KiB.',
  },
  rate_limited: {
    status: 429,
    type: 'rate_limit_exceeded',
    by: 'provider',
    retryable: true,
    meaning: 'The provider allows no more calls right now. Retry-After says when, if the provider said so.',
  },
  internal: {
    status: 500,
    type: 'server',
    by: 'gateway',
    retryable: true,
    meaning: 'A defect or a lost database. The request id finds the cause in the log; nothing was charged.',
  },
  upstream_failed: {
    status: 502,
    type: 'provider_unavailable',
    by: 'provider',
    retryable: true,
    meaning: 'The provider failed, or its answer held no usable picture. Nothing was charged.',
  },
  provider_unconfigured: {
    status: 502,
    type: 'provider_unavailable',
    by: 'gateway',
    retryable: false,
    meaning: "The provider refuses the operator's own credentials. The operator has to mend them; nothing was charged.",
  },
  overloaded: {
    status: 503,
    type: 'provider_overloaded',
    by: 'gateway',
    retryable: true,
    meaning: 'The gateway cannot take more work right now, or is stopping. Retry-After says when to come back.',
  },
  storage_full: {
    status: 507,
    type: 'provider_overloaded',
    by: 'gateway',
    retryable: true,
    meaning: 'The disk for pictures is full or read-only. Refused before anything was sent to a provider.',
  },
} as const satisfies Record<string, FailureKind>

export type FailureCode = keyof typeof FAILURES

/** One failure on its way to a caller. `presentFailure` of a surface gives it that dialect's envelope. */
export interface Failure {
  readonly code: FailureCode
  /** A whole sentence: what is wrong and what would be accepted. Never holds prompts, keys or stack traces. */
  readonly message: string
  /** The offending field as the caller wrote it, dotted: `image_config.aspect_ratio`, `messages.0.content.1.image_url.url`. */
  readonly field?: string
  readonly retryAfterMs?: number
  /** A paid call had left before this failure: the edge tells clients not to repeat the request by themselves. */
  readonly sent?: boolean
  /** What the provider said, where one was involved. */
  readonly upstream?: {
    readonly provider: string
    readonly status?: number
    readonly code?: string
    readonly raw?: string
  }
  /** Wire-ready extras for the envelope's metadata, snake_case. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** A failure in one expression: `fail('invalid_request', 'n must be …', { field: 'n' })`. */
export function fail(code: FailureCode, message: string, more: Omit<Failure, 'code' | 'message'> = {}): Failure {
  return { code, message, ...more }
}

/** Whether a client may repeat the request by itself: never once a paid call has left, whatever the code says. */
export function mayRepeat({ code, sent }: Failure): boolean {
  return FAILURES[code].retryable && sent !== true
}
