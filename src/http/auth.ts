import type { FastifyRequest } from 'fastify'

import type { Principal } from '../accounts/principal.ts'
import { fail, type Failure } from '../core/errors.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Access } from '../core/surface.ts'

/** Finds the key's owner. A failure is the caller's; a throw means that the key could not be looked up at all. */
export type Authenticate = (keyText: string) => Promise<Result<Principal, Failure>>

/** Longer than any key we ever made; refuses the rest without a hash or a query. */
const BEARER = /^Bearer +([\x21-\x7e]{1,256}) *$/i

/**
 * Whether this request may use a route. `access` undefined is a refusal: a route that declares nothing is closed.
 * The Host header and X-Forwarded-* are never read here.
 */
export async function admit(
  request: FastifyRequest,
  access: Access | undefined,
  authenticate: Authenticate,
): Promise<Result<Principal | undefined, Failure>> {
  if (access === 'none') return ok(undefined)
  if (access === undefined) return err(fail('forbidden', 'This route declares no access.'))
  if (request.routeOptions.config.loopback && isDirectLoopback(request)) return ok(undefined)

  const header = request.headers.authorization
  if (header === undefined || header === '') return err(fail('invalid_api_key', 'Missing Authentication header'))
  const keyText = BEARER.exec(header)?.[1]
  if (keyText === undefined) return err(fail('invalid_api_key', 'The Authorization header must be `Bearer <API key>`.'))

  const found = await authenticate(keyText)
  if (!found.ok) return found
  const refusal = mismatch(access, found.value.mode === 'admin')
  return refusal ? err(refusal) : ok(found.value)
}

/** The first wording is OpenRouter's own, on which clients match (https://openrouter.ai/docs/api-reference/errors, read 2026-11-22). */
function mismatch(access: Access, isAdmin: boolean): Failure | undefined {
  if (access === 'admin' && !isAdmin) return fail('forbidden', 'Only management keys can perform this operation')
  if (access === 'key' && isAdmin)
    return fail('forbidden', 'Management keys cannot be used here. Use an ordinary API key.')
  return undefined
}

/** On this machine and not through a proxy on it, which would make the whole world look local. */
function isDirectLoopback(request: FastifyRequest): boolean {
  const address = request.socket.remoteAddress ?? ''
  const isLoopback = address === '::1' || /^(::ffff:)?127\./.test(address)
  const { headers } = request
  return isLoopback && !headers.forwarded && !headers['x-forwarded-for'] && !headers['x-real-ip'] && !headers.via
}
