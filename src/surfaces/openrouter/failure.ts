import { FAILURES, type Failure, type FailureCode, mayRepeat } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json-blob.ts'

export interface FailureContext {
  readonly requestId: string
  readonly generationId?: string
}

/** OpenRouter's envelope, for every failure under /api/v1. */
export function presentFailure(failure: Failure, context: FailureContext): JsonValue {
  return { error: errorObject(failure, context) }
}

/**
 * `error` itself: `code` is the HTTP status as a whole number, which the official client insists on; the machine word is
 * `metadata.error_type`, and `metadata.code` is ours.
 */
export function errorObject(failure: Failure, { requestId, generationId }: FailureContext) {
  const { status, type, by } = FAILURES[failure.code]
  const { upstream } = failure
  return {
    code: status,
    message:
      failure.code === 'internal' ? `Internal error. Request ${requestId} finds it in the log.` : failure.message,
    metadata: {
      ...details(failure),
      error_type: type,
      code: failure.code,
      by,
      retryable: mayRepeat(failure),
      request_id: requestId,
      ...(generationId !== undefined && { generation_id: generationId }),
      ...(failure.field !== undefined && { field: failure.field }),
      ...LIMIT_SOURCES[failure.code],
      ...(upstream !== undefined && {
        provider_name: upstream.provider,
        ...(upstream.status !== undefined && { provider_status: upstream.status }),
        ...(upstream.code !== undefined && { provider_code: upstream.code }),
        ...(upstream.raw !== undefined && { raw: upstream.raw }),
      }),
    },
    ...availability(failure),
  }
}

/** Extras are small plain data by their contract; whatever is not JSON becomes text here, since an envelope must never throw. */
function details({ details: extras = {} }: Failure): Record<string, JsonValue> {
  return Object.fromEntries(Object.entries(extras).map(([name, value]) => [name, plain(value)]))
}

function plain(value: unknown): JsonValue {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object') return typeof value === 'bigint' ? value.toString() : null
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]))
}

const LIMIT_SOURCES: Partial<Record<FailureCode, Readonly<Record<string, string>>>> = {
  insufficient_credit: { limit_source: 'workspace_credits', remedy_hint: 'Add credits to the workspace.' },
  key_limit_reached: { limit_source: 'api_key_limit', remedy_hint: "Raise the key's limit or wait for its reset." },
}

/** OpenRouter's words for why a model cannot be served. Source: openrouter.ai/docs, error handling, read 2026-08-22. */
const AVAILABILITY: Partial<Record<FailureCode, string>> = {
  model_not_found: 'model_not_found',
  no_endpoints: 'no_endpoints',
  no_simulator: 'no_endpoints',
  price_unconfirmed: 'constraint_filtered',
  model_retired: 'model_deprecated',
  rate_limited: 'capacity_exhausted',
  overloaded: 'temporarily_unavailable',
}

function availability({ code, retryAfterMs, details: extras }: Failure) {
  const word = AVAILABILITY[code]
  if (word === undefined) return {}
  const asked = extras?.['requested_models']
  return {
    availability: {
      code: word,
      retryable: FAILURES[code].retryable,
      requested_models: Array.isArray(asked) ? asked.filter((model) => typeof model === 'string') : [],
      docs_url: `docs/errors.md#${code}`,
      ...(retryAfterMs !== undefined && { retry_after: Math.ceil(retryAfterMs / 1000) }),
    },
  }
}
