import { STATUS_CODES } from 'node:http'

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'

import { fail, FAILURES, type Failure, mayRepeat } from '../core/errors.ts'
import type { Surface } from '../core/surface.ts'
import { DatabaseAway } from '../db/database.ts'
import { logThrow } from './logs.ts'
import type { Send } from './send.ts'

export type Failures = ReturnType<typeof makeFailures>

/** The only place where an error body is made: every failure, ours or Fastify's, in the envelope of the path's dialect. */
export function makeFailures({ surfaces, send, logger }: { surfaces: readonly Surface[]; send: Send; logger: Logger }) {
  return {
    /** Answers with a failure, whatever state the request's body is in. */
    answer(request: FastifyRequest, reply: FastifyReply, failure: Failure): FastifyReply {
      request.facts.failure = failure.code
      const { surface, generationId } = request.facts
      const text = envelope(surface, failure, request.id, generationId)
      for (const [name, value] of Object.entries(failureHeaders(failure))) reply.header(name, value)
      reply.header('content-type', 'application/json; charset=utf-8')
      const { status } = FAILURES[failure.code]
      return isStillArriving(request) ? send.refuse(reply, status, text) : reply.code(status).send(text)
    },

    /** A whole HTTP answer for a connection on which no request could be read. */
    rawAnswer(failure: Failure, path: string, requestId: string): string {
      const { status } = FAILURES[failure.code]
      const text = envelope(surfaceOf(surfaces, path), failure, requestId, undefined)
      const headers = {
        'content-type': 'application/json; charset=utf-8',
        'content-length': String(Buffer.byteLength(text)),
        connection: 'close',
        'x-request-id': requestId,
        ...failureHeaders(failure),
      }
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
      return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', text].join('\r\n')
    },

    /** A throw that nobody could act on, or a refusal of Fastify's own. Only the first kind is logged as an error. */
    fromThrow(error: FastifyError, request: FastifyRequest): Failure {
      switch (error.code) {
        case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
          return fail('unsupported_media_type', 'The Content-Type of the body must be application/json.')
        case 'FST_ERR_CTP_BODY_TOO_LARGE':
          return fail('payload_too_large', 'The body is too large.')
        case 'FST_ERR_BAD_URL':
          return fail('invalid_request', 'The request target is not a valid URL path.')
        default:
      }
      if (error.code?.startsWith('FST_ERR_CTP'))
        return fail('invalid_request', 'The body of the request cannot be read.')
      if (!request.raw.destroyed || request.raw.complete) logThrow(logger, error, request)
      if (error instanceof DatabaseAway)
        return fail('overloaded', 'The database does not answer right now.', { retryAfterMs: 2_000 })
      return fail('internal', 'Something went wrong here. The request id finds the cause in the log.')
    },

    surfaceOf: (path: string): Surface => surfaceOf(surfaces, path),
  }
}

/**
 * Who failed and whether to try again, on every failure of every dialect, since not every envelope has room for it. OpenAI's and
 * OpenRouter's clients repeat 408, 409, 429 and 5xx unless `x-should-retry` forbids it; after a paid call it does.
 */
export function failureHeaders(failure: Failure): Record<string, string> {
  const { status, by } = FAILURES[failure.code]
  const isRepeatable = mayRepeat(failure)
  const clientsRepeat = status === 408 || status === 409 || status === 429 || status >= 500
  const retryAfterMs = failure.retryAfterMs ?? (failure.sent && status === 502 ? 60_000 : undefined)
  return {
    'x-error-by': by,
    'x-error-retryable': String(isRepeatable),
    ...(clientsRepeat && !isRepeatable && { 'x-should-retry': 'false' }),
    ...(retryAfterMs !== undefined && { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }),
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    ...(Array.isArray(failure.details?.['allow']) && { allow: failure.details['allow'].join(', ') }),
  }
}

/** The dialect that owns a path; the first one in the list owns what belongs to nobody. */
export function surfaceOf(surfaces: readonly Surface[], path: string): Surface {
  const fallback = surfaces.find(({ name }) => name === 'openrouter') ?? surfaces[0]
  if (!fallback) throw new Error('A server needs at least one surface.')
  return surfaces.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`)) ?? fallback
}

function envelope(surface: Surface, failure: Failure, requestId: string, generationId: string | undefined): string {
  try {
    return JSON.stringify(surface.presentFailure(failure, { requestId, ...(generationId && { generationId }) }))
  } catch {
    // A defect in a dialect must not turn a refusal into silence.
    return JSON.stringify({ error: { code: FAILURES[failure.code].status, message: failure.message } })
  }
}

/** Whether bytes of the body are still to come; then the connection cannot be used for another request. */
function isStillArriving({ raw }: FastifyRequest): boolean {
  const length = raw.headers['content-length']
  return (
    !raw.complete &&
    !raw.readableEnded &&
    (raw.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0'))
  )
}
