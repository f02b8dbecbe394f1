import type { Refusal } from '../simulator.ts'

/** Errors have a sentence, and some a reason for machines. Source: the errors of each endpoint (read 2026-11-22). */
export function refused(status: number, error: string, reason?: string): Refusal {
  return { status, body: { error, ...(reason !== undefined && { reject_reason: reason }) } }
}

export function invalid(field: string, says: string): Refusal {
  return refused(400, `Invalid input: ${field}: ${says}`)
}

export const UNSAFE = 'Prompt failed the safety check'

/** What a key in its text asks for. */
export function keyRefusal(key: string | string[] | undefined): Refusal | undefined {
  const text = String(key ?? '')
  if (text === '' || text.includes('invalid')) return refusalFor(401)
  return text.includes('locked') || text.includes('empty') ? refusalFor(402) : undefined
}

/** For faults that are asked for by number. */
export function refusalFor(status: number): Refusal {
  switch (status) {
    case 401:
      return refused(status, 'Invalid API key')
    case 402:
      return refused(status, 'The balance does not cover the request', 'insufficient_funds')
    case 404:
      return refused(status, 'Not found')
    case 413:
      return refused(status, 'The request is too large')
    case 422:
      return refused(status, UNSAFE)
    case 429:
      return refused(status, 'Too many requests in flight', 'inflight_limit')
    default:
      return refused(status, `Status ${status}`)
  }
}
