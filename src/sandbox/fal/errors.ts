import type { Refusal } from '../simulator.ts'

/** A model's own complaint about one field of its input. Source: https://docs.fal.ai/documentation/model-apis/errors (read 2026-11-22). */
export interface Complaint {
  readonly loc: readonly (string | number)[]
  readonly msg: string
  readonly type: string
  readonly ctx?: Readonly<Record<string, unknown>>
}

export function complaints(detail: readonly Complaint[]): Refusal {
  return { status: 422, body: { detail } }
}

export function policyViolation(): Refusal {
  const msg = 'The content could not be processed because it contained material flagged by a content checker.'
  return complaints([{ loc: ['body', 'prompt'], msg, type: 'content_policy_violation' }])
}

/** The job was still queued when the time that its sender gave it was over. */
export function startedTooLate(): Refusal {
  return {
    status: 504,
    body: { detail: 'Request timed out', error_type: 'request_timeout' },
    headers: { 'x-fal-request-timeout-type': 'user', 'x-fal-error-type': 'request_timeout' },
  }
}

export function plain(status: number, detail: string): Refusal {
  return { status, body: { detail } }
}

/** What a key in its text asks for: `invalid` and `locked` fail as such keys do at fal; any other key is good. */
export function keyRefusal(authorization: string | undefined): Refusal | undefined {
  const key = /^Key (\S+)$/u.exec(authorization ?? '')?.[1]
  if (key === undefined) return plain(401, 'Authentication is required to access this application.')
  if (key.includes('invalid')) return plain(401, 'Cannot access application. The key is not valid.')
  if (!key.includes('locked')) return undefined
  return plain(403, 'User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.')
}

/** Source: https://docs.fal.ai/documentation/model-apis/request-errors (read 2026-11-22). */
const BY_STATUS: Readonly<Record<number, readonly [type: string, detail: string]>> = {
  400: ['bad_request', 'The request was malformed.'],
  499: ['client_cancelled', 'The request was cancelled by the client.'],
  500: ['runner_server_error', 'The runner encountered an internal server error.'],
  502: ['runner_incomplete_response', 'The runner sent an incomplete response payload.'],
  503: ['runner_scheduling_failure', 'No runner could be allocated to handle the request.'],
  504: ['request_timeout', 'Request timed out'],
}

/** The error that fal sends with this status, for faults asked for by number. */
export function refusalFor(status: number): Refusal {
  if (status === 422) {
    return complaints([{ loc: ['body'], msg: 'The input could not be processed.', type: 'value_error' }])
  }
  const [type, detail] = BY_STATUS[status] ?? [undefined, `Status ${status}.`]
  return { status, body: { detail, ...(type !== undefined && { error_type: type }) } }
}
