import { createHash } from 'node:crypto'
import type { Refusal } from '../simulator.ts'

/** Stability's refusals all have one shape. Source: its OpenAPI file, as generated into tryAGI/StabilityAI (read 2026-11-22). */
function refusal(status: number, name: string, ...errors: readonly string[]): Refusal {
  const id = createHash('sha256').update(`${name} ${errors.join()}`).digest('hex').slice(0, 32)
  return { status, body: { id, name, errors } }
}

/** `some-field: is required`, each complaint by itself. */
export function badRequest(...complaints: readonly string[]): Refusal {
  return refusal(400, 'bad_request', ...complaints)
}

export function notFound(): Refusal {
  return refusal(404, 'not_found', 'The requested resource could not be found.')
}

export function flagged(): Refusal {
  const words =
    'Your request was flagged by our content moderation system, as a result your request was denied and you were not charged.'
  return refusal(403, 'content_moderation', words)
}

export function foreignLanguage(): Refusal {
  return refusal(422, 'invalid_language', 'English is the only supported language for this service.')
}

/** What a key in its text asks for: `invalid` is none, `locked` and `empty` are of an account without credits; any other is good. */
export function keyRefusal(authorization: string | undefined): Refusal | undefined {
  const key = /^Bearer (\S+)$/u.exec(authorization ?? '')?.[1]
  if (key === undefined || key.includes('invalid')) {
    return refusal(401, 'unauthorized', 'authorization: is missing or invalid')
  }
  return isWithoutCredit(authorization) ? refusalFor(402) : undefined
}

export function isWithoutCredit(authorization: string | undefined): boolean {
  return /locked|empty/u.test(authorization ?? '')
}

const BY_STATUS: Readonly<Record<number, readonly [name: string, error: string]>> = {
  400: ['bad_request', 'prompt: is required'],
  401: ['unauthorized', 'authorization: is missing or invalid'],
  402: [
    'payment_required',
    'You lack sufficient credits to make this request. Please purchase more credits at https://platform.stability.ai/account/credits and try again.',
  ],
  404: ['not_found', 'The requested resource could not be found.'],
  413: ['payload_too_large', 'body: payloads cannot be larger than 10MiB in size'],
  429: [
    'rate_limit_exceeded',
    'You have exceeded the rate limit of 150 requests within a 10 second period, and have been timed out for 60 seconds.',
  ],
  500: ['internal_error', 'An unexpected server error has occurred, please try again later.'],
}

/** The error that Stability sends with this status, for faults asked for by number. */
export function refusalFor(status: number): Refusal {
  if (status === 403) return flagged()
  if (status === 422) return foreignLanguage()
  const [name, error] = BY_STATUS[status] ?? [status < 500 ? 'bad_request' : 'internal_error', `Status ${status}.`]
  return refusal(status, name, error)
}
