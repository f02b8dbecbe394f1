import type { Refusal } from '../simulator.ts'

/** One complaint about a body. */
export interface Complaint {
  /** Dotted: `input.seed`. */
  readonly field: string
  readonly says: string
}

/** What a body is refused with: every complaint on a line of its own, and once more as data. */
export function complaints(found: readonly Complaint[]): Refusal {
  const detail = found.map(({ field, says }) => `- ${field}: ${says}\n`).join('')
  const fields = found.map(({ field, says }) => ({ type: 'invalid', field, description: says }))
  return { status: 422, body: { title: 'Input validation failed', detail, status: 422, invalid_fields: fields } }
}

export function problem(status: number, title: string, detail: string): Refusal {
  return { status, body: { title, detail, status } }
}

export const NOT_FOUND: Refusal = problem(404, 'Not found', 'The requested resource could not be found.')

/** What a token in its text asks for: `invalid` is unknown, `locked` and `empty` have no credit; any other token is good. */
export function tokenRefusal(authorization: string | undefined): Refusal | undefined {
  const [, token] = /^Bearer (\S+)$/.exec(authorization ?? '') ?? []
  if (token === undefined || token.includes('invalid')) return refusalFor(401)
  return /locked|empty/.test(token) ? refusalFor(402) : undefined
}

/** Source: https://replicate.com/docs/reference/http and bodies quoted in issues of Replicate's clients (read 2026-11-22). */
const BY_STATUS: Readonly<Record<number, readonly [title: string, detail: string]>> = {
  400: ['Bad request', 'The request body is not valid JSON.'],
  401: ['Unauthenticated', 'You did not pass a valid authentication token'],
  402: [
    'Insufficient credit',
    'You have insufficient credit to run this model. Go to your billing page to purchase credit.',
  ],
  413: ['Request entity too large', 'The request body is too large.'],
  422: ['Input validation failed', '- input: prompt is required\n'],
  429: ['Too many requests', 'Request was throttled. Expected available in 3 seconds.'],
  500: ['Internal server error', 'An unexpected error occurred.'],
  503: ['Service unavailable', 'The service is temporarily unavailable.'],
}

/** The error that the API sends with this status, for faults asked for by number. */
export function refusalFor(status: number): Refusal {
  const [title, detail] = BY_STATUS[status] ?? ['Error', `Status ${status}.`]
  return problem(status, title, detail)
}
