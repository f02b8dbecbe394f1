import type { Refusal } from '../simulator.ts'

/** OpenAI's error body. Source: https://platform.openai.com/docs/guides/error-codes (read 2026-11-22). */
export function refusal(
  status: number,
  message: string,
  { type = 'invalid_request_error', param = null, code = null, ...more }: Details = {},
): Refusal {
  return { status, body: { error: { message, type, param, code, ...more } } }
}

interface Details {
  readonly type?: string
  readonly param?: string | null
  readonly code?: string | null
  readonly moderation_details?: unknown
}

export function unknownParameter(param: string): Refusal {
  return refusal(400, `Unknown parameter: '${param}'.`, { param, code: 'unknown_parameter' })
}

export function missingParameter(param: string): Refusal {
  return refusal(400, `Missing required parameter: '${param}'.`, { param, code: 'missing_required_parameter' })
}

export function invalidValue(param: string, why: string): Refusal {
  return refusal(400, `Invalid value for '${param}': ${why}`, { param, code: 'invalid_value' })
}

/** A file that is no picture of the kind that is wanted: by its type an error of the user's, as moderation is. */
export function invalidImage(param: string, why: string): Refusal {
  return refusal(400, why, { type: 'image_generation_user_error', param, code: 'invalid_image_file' })
}

export function modelNotFound(model: string): Refusal {
  return refusal(404, `The model \`${model}\` does not exist or you do not have access to it.`, {
    code: 'model_not_found',
  })
}

/** Moderation before a picture was begun, or of the picture. */
export function moderated(stage: 'input' | 'output', category: string): Refusal {
  const message = `Your request was rejected by the safety system. If you believe this is an error, contact us at help.openai.com. safety_violations=[${category}].`
  return refusal(400, message, {
    type: 'image_generation_user_error',
    code: 'moderation_blocked',
    moderation_details: { categories: [category], moderation_stage: stage },
  })
}

/** What a key in its text asks for: `invalid` is none, `locked` and `empty` have nothing left to spend; any other key is good. */
export function keyRefusal(authorization: string | undefined): Refusal | undefined {
  const key = /^Bearer (\S+)$/u.exec(authorization ?? '')?.[1]
  if (key === undefined) return refusal(401, "You didn't provide an API key.")
  if (key.includes('invalid')) return refusal(401, 'Incorrect API key provided.', { code: 'invalid_api_key' })
  if (!/locked|empty/u.test(key)) return undefined
  const message = 'You exceeded your current quota, please check your plan and billing details.'
  return refusal(429, message, { type: 'insufficient_quota', code: 'insufficient_quota' })
}

const BY_STATUS: Readonly<Record<number, readonly [message: string, type: string, code: string | null]>> = {
  400: ['The request could not be understood.', 'invalid_request_error', null],
  401: ['Incorrect API key provided.', 'invalid_request_error', 'invalid_api_key'],
  403: ['Your organization must be verified to use this model.', 'invalid_request_error', null],
  404: ['The model does not exist or you do not have access to it.', 'invalid_request_error', 'model_not_found'],
  413: ['Request entity too large.', 'invalid_request_error', null],
  429: ['Rate limit reached on images per min. Limit 5.', 'rate_limit_error', 'rate_limit_exceeded'],
  500: ['The server had an error while processing your request.', 'server_error', null],
  503: ['The engine is currently overloaded, please try again later.', 'server_error', null],
}

/** Tells when there is room again, as OpenAI does beside `Retry-After` or without it. */
const LIMITS = {
  'x-ratelimit-limit-images': '5',
  'x-ratelimit-remaining-images': '0',
  'x-ratelimit-reset-images': '12s',
}

/** The error that OpenAI sends with this status, for faults asked for by number. */
export function refusalFor(status: number): Refusal {
  const [message, type, code] = BY_STATUS[status] ?? [`Status ${status}.`, 'api_error', null]
  return { ...refusal(status, message, { type, code }), ...(status === 429 && { headers: LIMITS }) }
}
