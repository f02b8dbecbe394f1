import type { IncomingMessage } from 'node:http'

import { fail, type Failure } from '../core/errors.ts'
import { isGatewayFetch } from '../outbound/loop-header.ts'

/** Names that would reach an object's prototype if anybody ever used them as plain keys. */
const POISONED = new Set(['__proto__', 'constructor', 'prototype'])

/** Headers whose repetition two HTTP parsers may read differently. */
const ONCE = new Set(['host', 'authorization', 'content-length', 'transfer-encoding', 'content-type'])

/**
 * What Node's strict parser lets through and a second parser in front of us may read differently: two Hosts, none, an absolute
 * target for another host, an unknown transfer coding. Such a request is refused and its connection closed, before routing counts.
 */
export function suspicion(request: IncomingMessage, target: string): Failure | undefined {
  const seen = new Set<string>()
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = (request.rawHeaders[index] ?? '').toLowerCase()
    if (POISONED.has(name)) return fail('invalid_request', 'A header has a forbidden name.')
    if (ONCE.has(name) && seen.has(name)) return fail('invalid_request', `The header ${name} is given more than once.`)
    seen.add(name)
  }
  return loop(request) ?? suspiciousFraming(request) ?? suspiciousTarget(request, target)
}

/** The path and query of an absolute target that names our own host (RFC 9112, 3.2.2); every other target as it is. */
export function originForm(target: string, host: string | undefined): string {
  const absolute = splitAbsolute(target)
  if (!absolute || absolute.host.toLowerCase() !== host?.toLowerCase()) return target
  return absolute.rest.startsWith('/') ? absolute.rest : `/${absolute.rest}`
}

/** A reference by URL, or a delivery, that leads back to a gateway would make it fetch from itself without end. */
function loop({ headers }: IncomingMessage): Failure | undefined {
  return isGatewayFetch(headers) ? fail('invalid_request', 'A gateway does not fetch from a gateway.') : undefined
}

function suspiciousFraming(request: IncomingMessage): Failure | undefined {
  const { headers, httpVersionMajor, httpVersionMinor } = request
  if (httpVersionMajor !== 1) return fail('invalid_request', 'The HTTP version must be 1.1 or 1.0.')
  const isHttp11 = httpVersionMinor === 1
  if (isHttp11 && !headers.host) return fail('invalid_request', 'The Host header is missing.')

  const coding = headers['transfer-encoding']
  if (coding !== undefined && (!isHttp11 || coding.toLowerCase() !== 'chunked'))
    return fail('invalid_request', 'Transfer-Encoding must be `chunked`, over HTTP/1.1.')
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue')
    return fail('invalid_request', 'Expect must be `100-continue`.')
  return undefined
}

function suspiciousTarget({ headers, method }: IncomingMessage, target: string): Failure | undefined {
  if (target.startsWith('/')) return poisonedQuery(target)
  if (target === '*' && method === 'OPTIONS') return undefined
  if (splitAbsolute(target)?.host.toLowerCase() !== headers.host?.toLowerCase())
    return fail('invalid_request', 'The request target and the Host header do not agree.')
  return poisonedQuery(target)
}

function poisonedQuery(target: string): Failure | undefined {
  const start = target.indexOf('?')
  if (start < 0) return undefined
  for (const name of new URLSearchParams(target.slice(start + 1)).keys())
    if (name.split(/[.[\]]/).some((part) => POISONED.has(part)))
      return fail('invalid_request', 'A query parameter has a forbidden name.')
  return undefined
}

function splitAbsolute(target: string): { host: string; rest: string } | undefined {
  const found = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target)
  return found ? { host: found[1] ?? '', rest: found[2] ?? '' } : undefined
}
