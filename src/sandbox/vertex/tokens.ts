import { createPublicKey, verify } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { receive } from '../network-faults.ts'
import { sendRefusal } from '../simulator.ts'
import type { Refusal } from '../simulator.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
const GOOGLE = 'https://oauth2.googleapis.com/token'
const LIFETIME_S = 3599
/** How far a clock may be off. */
const SKEW_S = 300
const BODY_LIMIT = 64 * 1024
/** A service account: the sandbox knows none, so each carries its public key in its name, as base64url of its SPKI. */
const ACCOUNT = /^([\w-]+)\.([\w-]+)@([a-z0-9.:-]+)\.iam\.gserviceaccount\.com$/

export interface Tokens {
  /** `POST /token`. */
  answer(request: IncomingMessage, response: ServerResponse, ownAddress: string): Promise<void>
  /** Whose token this is; undefined when it was never issued. */
  find(token: string): { readonly project: string; readonly isExpired: boolean } | undefined
}

interface Options {
  readonly random: () => number
  /** Epoch milliseconds. */
  readonly now: () => number
}

/**
 * Google's token endpoint, as far as service accounts need it: a signed JWT in, an access token out. Strict about signature, algorithm,
 * audience, scope and times; an account that is called `invalid` does not exist, one called `disabled` is closed. The documents show a
 * form; JSON is taken too, as Google does by many published programs.
 * Source: https://developers.google.com/identity/protocols/oauth2/service-account (read 2026-11-22).
 */
export function makeTokens({ random, now }: Options): Tokens {
  const issued = new Map<string, { readonly project: string; readonly expiresAt: number }>()

  return {
    async answer(request, response, ownAddress) {
      const body = await receive(request, {}, BODY_LIMIT)
      if (body === 'cut') return
      const fields = body === 'too_large' ? {} : fieldsOf(body.toString('utf8'), request.headers['content-type'] ?? '')
      const granted = grant(fields, ownAddress)
      if ('status' in granted) return sendRefusal(response, granted)
      const token = `ya29.c.${Array.from({ length: 6 }, () => random().toString(36).slice(2)).join('')}`
      issued.set(token, { project: granted.project, expiresAt: now() + LIFETIME_S * 1000 })
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
      response.end(JSON.stringify({ access_token: token, expires_in: LIFETIME_S, token_type: 'Bearer' }))
    },
    find(token) {
      const known = issued.get(token)
      return known && { project: known.project, isExpired: known.expiresAt <= now() }
    },
  }

  function grant(fields: Readonly<Record<string, string>>, ownAddress: string): { readonly project: string } | Refusal {
    const { grant_type: kind, assertion, ...rest } = fields
    if (kind !== GRANT) return oauth('unsupported_grant_type', `Invalid grant_type: ${kind ?? ''}`)
    const [stranger] = Object.keys(rest)
    if (stranger !== undefined) {
      return oauth('invalid_request', `Parameter not allowed for this message type: ${stranger}`)
    }
    const [header = '', claims = '', signature = '', ...more] = (assertion ?? '').split('.')
    const { alg, typ, kid } = part(header)
    const { iss, scope, aud, iat, exp, ...others } = part(claims)
    if (alg !== 'RS256' || (typ !== undefined && typ !== 'JWT') || more.length > 0) {
      return oauth('invalid_grant', 'Invalid JWT: Failed audience check or wrong algorithm.')
    }
    const [, name = '', key = '', project = ''] = ACCOUNT.exec(String(iss)) ?? []
    if (key === '' || name.includes('invalid')) return oauth('invalid_grant', 'Invalid grant: account not found')
    if (!isSigned(`${header}.${claims}`, signature, key)) return oauth('invalid_grant', 'Invalid JWT Signature.')
    if (kid !== undefined && kid !== key.slice(-40)) return oauth('invalid_grant', 'Invalid JWT Signature.')
    if (name.includes('disabled')) return oauth('invalid_grant', 'Invalid grant: account is disabled')
    if (aud !== GOOGLE && aud !== ownAddress) return oauth('invalid_grant', 'Invalid JWT: Failed audience check.')
    if (Object.keys(others).length > 0) return oauth('invalid_grant', 'Invalid JWT: unknown claims.')
    if (!isShortLived(iat, exp)) {
      const description =
        'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.'
      return oauth('invalid_grant', description)
    }
    if (scope !== SCOPE) return oauth('invalid_scope', 'Invalid OAuth scope or ID token audience provided.')
    return { project }
  }

  function isShortLived(iat: unknown, exp: unknown): boolean {
    const at = now() / 1000
    const [from, to] = [Number(iat), Number(exp)]
    return to - from <= 3600 && to > at && from <= at + SKEW_S && from >= at - 3600 - SKEW_S
  }
}

function fieldsOf(body: string, type: string): Readonly<Record<string, string>> {
  if (!type.startsWith('application/json')) return Object.fromEntries(new URLSearchParams(body))
  return Object.fromEntries(Object.entries(object(body)).map(([name, value]) => [name, String(value)]))
}

function part(text: string): Readonly<Record<string, unknown>> {
  return object(Buffer.from(text, 'base64url').toString('utf8'))
}

function object(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

function isSigned(text: string, signature: string, key: string): boolean {
  try {
    const publicKey = createPublicKey({ key: Buffer.from(key, 'base64url'), format: 'der', type: 'spki' })
    return verify('RSA-SHA256', Buffer.from(text), publicKey, Buffer.from(signature, 'base64url'))
  } catch {
    return false
  }
}

function oauth(error: string, description: string): Refusal {
  return { status: 400, body: { error, error_description: description } }
}
