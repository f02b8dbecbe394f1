import { randomUUID } from 'node:crypto'

import type { Refusal } from '../simulator.ts'

/** DashScope's one shape of an error. Source: https://www.alibabacloud.com/help/en/model-studio/error-code (read 2026-11-22). */
export interface Trouble {
  readonly code: string
  readonly message: string
}

export function refusalOf(status: number, { code, message }: Trouble): Refusal {
  return { status, body: { code, message, request_id: randomUUID() } }
}

export function invalid(message: string): Refusal {
  return refusalOf(400, { code: 'InvalidParameter', message })
}

/** What its rules forbid, by the name of the fault. */
export const REFUSALS: Readonly<Record<string, Trouble>> = {
  input: { code: 'DataInspectionFailed', message: 'Input data may contain inappropriate content.' },
  output: { code: 'DataInspectionFailed', message: 'Output data may contain inappropriate content.' },
  ip: { code: 'IPInfringementSuspect', message: 'Input data is suspected of being involved in IP infringement.' },
}

const BY_STATUS: Readonly<Record<number, Trouble>> = {
  400: { code: 'InvalidParameter', message: 'Required parameter(s) missing or invalid, please check the request.' },
  401: { code: 'InvalidApiKey', message: 'Invalid API-key provided.' },
  403: { code: 'AccessDenied', message: 'Access denied.' },
  404: { code: 'ModelNotFound', message: 'Model not exist.' },
  413: { code: 'InvalidParameter', message: 'The request body is too large.' },
  429: { code: 'Throttling.RateQuota', message: 'Requests rate limit exceeded, please try again later.' },
  500: { code: 'InternalError', message: 'An internal error has occured, please try again later.' },
  503: { code: 'ServiceUnavailable', message: 'The service is busy, please try again later.' },
}

export function troubleFor(status: number): Trouble {
  return BY_STATUS[status] ?? { code: 'InternalError', message: `Status ${status}.` }
}

export function refusalFor(status: number): Refusal {
  return refusalOf(status, troubleFor(status))
}

/** A model that works by tasks alone, or by none, asked the other way. */
export function wrongWay(asked: 'synchronous' | 'asynchronous'): Refusal {
  return refusalOf(403, { code: 'AccessDenied', message: `current user api does not support ${asked} calls.` })
}

/** What a key in its text asks for: `invalid` fails as such keys do, `locked` and `empty` are of accounts in arrears; any other is good. */
export function keyRefusal(authorization: string | undefined, isPaid: boolean): Refusal | undefined {
  const key = /^Bearer (\S+)$/u.exec(authorization ?? '')?.[1]
  if (key === undefined) return refusalOf(401, { code: 'InvalidApiKey', message: 'No API-key provided.' })
  if (key.includes('invalid')) return refusalFor(401)
  if (!isPaid || !/locked|empty/u.test(key)) return undefined
  const message = 'Access denied, please make sure your account is in good standing.'
  return refusalOf(400, { code: 'Arrearage', message })
}
