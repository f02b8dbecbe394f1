import type { Refusal } from '../simulator.ts'

/** One complaint about the body, as FastAPI writes it. */
export interface Complaint {
  readonly loc: readonly (string | number)[]
  readonly msg: string
  readonly type: string
}

export function complaints(detail: readonly Complaint[]): Refusal {
  return { status: 422, body: { detail } }
}

export function plain(status: number, detail: string): Refusal {
  return { status, body: { detail } }
}

/** What a key in its text asks for: `invalid` is unknown, `locked` and `empty` have no credit; any other key is good. */
export function keyRefusal(key: string | string[] | undefined): Refusal | undefined {
  if (typeof key !== 'string' || key.includes('invalid'))
    return plain(403, 'Not authenticated - Invalid Authentication')
  return isEmpty(key) ? plain(402, 'Insufficient credits. Please add credits to your account.') : undefined
}

export function isEmpty(key: string | string[] | undefined): boolean {
  return typeof key === 'string' && /locked|empty/.test(key)
}

/** Source: https://docs.bfl.ai/api_integration/errors and the vendor's own notes on limits (read 2026-11-22). */
const BY_STATUS: Readonly<Record<number, unknown>> = {
  400: { detail: 'There was an issue with the format or content of the request.' },
  401: { detail: 'Not authenticated - Invalid Authentication' },
  402: { detail: 'Insufficient credits. Please add credits to your account.' },
  403: { detail: 'The key does not have permission to access this resource.' },
  413: { detail: 'Request Entity Too Large' },
  422: { detail: [{ loc: ['body', 'prompt'], msg: 'Input should be a valid string', type: 'string_type' }] },
  429: { detail: 'Rate limit exceeded: 24 active tasks.' },
  500: { detail: 'An unexpected error occurred.' },
  503: { detail: 'The service is temporarily unavailable.' },
}

/** The error that the API sends with this status, for faults asked for by number. */
export function refusalFor(status: number): Refusal {
  return { status, body: BY_STATUS[status] ?? { detail: `Status ${status}.` } }
}
