import { randomBytes } from 'node:crypto'

import type { Refusal } from '../simulator.ts'

/** Source: https://www.volcengine.com/docs/82379/1299023 (read 2026-11-22). */
export interface Trouble {
  readonly code: string
  readonly message: string
}

const TYPES: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  429: 'TooManyRequests',
}

export function refusalOf(status: number, { code, message }: Trouble, param = ''): Refusal {
  const type = TYPES[status] ?? 'InternalServerError'
  return { status, body: { error: { code, message: `${message} Request id: ${requestId()}`, param, type } } }
}

export function invalid(param: string, why: string): Refusal {
  const message = `The parameter \`${param}\` specified in the request is not valid: ${why}.`
  return refusalOf(400, { code: 'InvalidParameter', message }, param)
}

export function missing(param: string): Refusal {
  const message = `The request failed because it is missing \`${param}\` parameter.`
  return refusalOf(400, { code: 'MissingParameter', message }, param)
}

export function modelNotFound(id: string): Refusal {
  const message = `The model or endpoint ${id} does not exist or you do not have access to it.`
  return refusalOf(404, { code: 'InvalidEndpointOrModel.NotFound', message })
}

/** What its rules forbid, by the name of the fault. */
export const REFUSALS: Readonly<Record<string, Trouble>> = {
  text: sensitive('InputText', 'input text'),
  image: sensitive('InputImage', 'input image'),
  output: sensitive('OutputImage', 'output image'),
}

function sensitive(place: string, words: string): Trouble {
  return {
    code: `${place}SensitiveContentDetected`,
    message: `The request failed because the ${words} may contain sensitive information.`,
  }
}

const BY_STATUS: Readonly<Record<number, Trouble>> = {
  400: { code: 'InvalidParameter', message: 'One or more parameters specified in the request are not valid.' },
  401: { code: 'AuthenticationError', message: 'The API key in the request is missing or invalid.' },
  403: { code: 'AccessDenied', message: 'The request failed because you do not have access to the resource.' },
  404: { code: 'InvalidEndpointOrModel.NotFound', message: 'The model or endpoint does not exist.' },
  413: { code: 'InvalidParameter', message: 'The request body is larger than 64 MB.' },
  429: { code: 'ModelAccountIpmRateLimitExceeded', message: 'The Images Per Minute (IPM) limit has been exceeded.' },
}

export function refusalFor(status: number): Refusal {
  const internal = { code: 'InternalServiceError', message: 'The service encountered an unexpected internal error.' }
  return refusalOf(status, BY_STATUS[status] ?? internal)
}

/** What a key in its text asks for: `invalid` fails as such keys do, `locked` and `empty` are of accounts in debt; any other is good. */
export function keyRefusal(authorization: string | undefined, isPaid: boolean): Refusal | undefined {
  const key = /^Bearer (\S+)$/u.exec(authorization ?? '')?.[1]
  if (key === undefined || key.includes('invalid')) return refusalFor(401)
  if (!isPaid || !/locked|empty/u.test(key)) return undefined
  const message = 'The request failed because your account has an overdue balance.'
  return refusalOf(403, { code: 'AccountOverdueError', message })
}

function requestId(): string {
  return `0217${randomBytes(24).toString('hex')}`
}
