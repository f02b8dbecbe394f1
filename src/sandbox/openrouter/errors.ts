import type { Refusal } from '../simulator.ts'

type Facts = Readonly<Record<string, unknown>>

/**
 * A refusal in OpenRouter's own words. The body repeats the status as a number: a word there makes the official client throw.
 * Source: https://openrouter.ai/docs/api-reference/errors (read 2026-11-22).
 */
function refused(code: number, message: string, metadata: Facts, available?: Facts) {
  const error = { code, message, metadata, ...(available && { availability: available }) }
  return { status: code, body: { error, user_id: 'user_sandbox' } }
}

/** 400 for a value that cannot be. */
export function invalidRequest(message: string, type = 'invalid_request', available?: Facts): Refusal {
  return refused(400, message, { error_type: type }, available)
}

export function modelNotFound(model: string): Refusal {
  const available = availability('model_not_found', model)
  return invalidRequest(`${model} is not a valid model ID`, undefined, available)
}

export function wrongEndpoint(model: string, path: string): Refusal {
  const available = { ...availability('wrong_endpoint', model), constraint: { field: 'model', detail: path } }
  return invalidRequest(`${model} is not available at this endpoint. Use ${path} instead.`, undefined, available)
}

/** 404: the model exists, but nobody serves it as it was asked for. */
export function noEndpoints(model: string, message: string, step: string): Refusal {
  const funnel = { routing_funnel: [{ step, endpoint_count: 0 }], failed_routing_step: step }
  return refused(404, message, { error_type: 'not_found', ...funnel }, availability('constraint_filtered', model))
}

function availability(code: string, model: string): Facts {
  return {
    code,
    retryable: false,
    requested_models: [model],
    docs_url: 'https://openrouter.ai/docs/api-reference/errors',
  }
}

/**
 * What a key in its text asks for: `invalid` and `forbidden` fail as such keys do at OpenRouter, `nocredit` and `locked` are of an
 * account without credit, `empty` has spent its own limit; any other key is good.
 * Without a header nobody is asking.
 */
export function keyRefusal(authorization: string | undefined): Refusal | undefined {
  const key = /^Bearer (\S+)$/iu.exec(authorization ?? '')?.[1]
  if (key === undefined) return refusalFor(401, 'Missing Authentication header')
  if (key.includes('invalid')) return refusalFor(401, 'User not found.')
  if (key.includes('forbidden')) {
    return refusalFor(403, 'This key has been restricted by its organisation. Contact your org admin.')
  }
  return /nocredit|locked|empty/u.test(key) ? refusalFor(402) : undefined
}

/** A prompt that moderation stopped before any model saw it. */
export function flagged(reason: string, prompt: string, model: string): Refusal {
  const shown = prompt.length > 100 ? `${prompt.slice(0, 48)}...${prompt.slice(-48)}` : prompt
  const metadata = { reasons: [reason], flagged_input: shown, provider_name: 'OpenAI', model_slug: model }
  return refused(403, `Input was flagged by moderation: ${reason}`, metadata)
}

/** A prompt or picture that the host's own rules stopped, where the answer is an error and not a completion. */
export function refusedByHost(host: string, reason: string): Refusal {
  const raw = `The request was blocked by the safety system: ${reason}`
  const metadata = { error_type: 'content_policy_violation', provider_code: reason, provider_name: host, raw }
  return refused(400, 'Provider returned error', metadata)
}

const BY_STATUS: Readonly<Record<number, readonly [type: string, message: string]>> = {
  400: ['invalid_request', 'Invalid request parameters'],
  401: ['authentication', 'User not found.'],
  402: ['payment_required', 'Insufficient credits. Add more using https://openrouter.ai/settings/credits'],
  403: ['permission_denied', 'Access denied'],
  404: ['not_found', 'Resource not found'],
  408: ['timeout', 'Operation timed out. Please try again later.'],
  413: ['payload_too_large', 'Request payload too large'],
  422: ['unprocessable', 'Invalid argument'],
  429: ['rate_limit_exceeded', 'Rate limit exceeded'],
  500: ['server', 'Internal Server Error'],
  502: ['provider_unavailable', 'Provider returned error'],
  503: ['provider_overloaded', 'Service temporarily unavailable'],
  504: ['timeout', 'Provider timed out'],
  524: ['timeout', 'Request timed out. Please try again later.'],
  529: ['provider_overloaded', 'Provider returned error'],
}

/** What OpenRouter sends with this status, in these words or its usual ones. */
export function refusalFor(code: number, message?: string) {
  const [type, usual] = BY_STATUS[code] ?? [code < 500 ? 'invalid_request' : 'unmapped', `Status ${code}.`]
  // What failed behind OpenRouter is told; what failed at OpenRouter is masked.
  const behind = code === 502 || code === 529 ? { provider_name: 'Sandbox', raw: 'The host failed.' } : {}
  return refused(code, message ?? usual, { error_type: type, ...behind })
}
