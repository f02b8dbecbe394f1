import type { Refusal } from '../simulator.ts'

/** What a submission is answered. Source: SubmitResultVO and ReturnCode of both proxies (read 2026-11-22). */
export interface Submitted {
  readonly code: number
  readonly description: string
  readonly result?: string
  readonly properties?: Readonly<Record<string, unknown>>
}

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  1: 'Submit success',
  3: 'No available account instance',
  4: 'Validation error',
  9: 'Submission failed, please try again later',
  21: 'The task exists already',
  23: 'The queue is full, please try again later',
  24: 'May contain sensitive words',
}

export function submitted(code: number, more: Partial<Submitted> = {}): Submitted {
  return { code, description: DESCRIPTIONS[code] ?? `Code ${code}`, ...more }
}

/** Refusals come with 200, but for a task that nobody knows. */
export function refused(code: number, description?: string): Refusal {
  return { status: 200, body: submitted(code, description === undefined ? {} : { description }) }
}

export function unknownTask(): Refusal {
  const description = 'The related task does not exist or has expired'
  return { status: 404, body: submitted(3, { description }) }
}

/** What a secret in its text asks for; the proxy's answer to a wrong one has no body. */
export function secretRefusal(secret: string | string[] | undefined): Refusal | undefined {
  const text = String(secret ?? '')
  if (text === '' || text.includes('invalid')) return { status: 401, body: undefined }
  if (text.includes('locked') || text.includes('empty')) return refused(3)
  return undefined
}

/** For faults asked for by number: the proxy itself, or what stands before it. */
export function refusalFor(status: number): Refusal {
  if (status === 401 || status === 403) return { status, body: undefined }
  if (status === 429) return { status, body: { code: 23, description: 'Too many requests' } }
  return {
    status,
    body: { timestamp: '2026-11-22T00:00:00.000+00:00', status, error: `Status ${status}`, path: '/mj' },
  }
}
