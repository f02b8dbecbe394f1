import type { FastifyInstance } from 'fastify'
import type { Socket } from 'node:net'

import { fail, type Failure } from '../core/errors.ts'
import { requestIdOf } from './caller.ts'
import type { Failures } from './failures.ts'

/** What Node says about a connection whose bytes are no request; `rawPacket` is what it was reading. */
export interface ClientError extends Error {
  readonly code?: string
  readonly rawPacket?: unknown
}

/** How long the client may take to read the refusal before its connection is cut. */
const LINGER_MS = 1_000

/**
 * Answers what never became a request, in the envelope of the path it was meant for, and closes the connection: bytes after a
 * framing error belong to nobody. Where an answer has begun on this connection it is broken off instead; two answers in one would
 * be the very smuggling that this prevents.
 */
export function answerClientError(
  app: FastifyInstance,
  failures: Failures,
  error: ClientError,
  socket: Socket,
): Failure | undefined {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return undefined
  }
  if (app.edge.connections.get(socket)?.headersSent) {
    socket.destroySoon()
    return undefined
  }
  const failure = failureOf(error)
  socket.end(failures.rawAnswer(failure, pathIn(error.rawPacket), requestIdOf(undefined)))
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
  return failure
}

function failureOf({ code }: ClientError): Failure {
  if (code === 'HPE_HEADER_OVERFLOW')
    return fail('headers_too_large', 'The request target and the headers together are larger than 16 KiB.')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return fail('request_timeout', 'The request took too long to arrive.')
  return fail('invalid_request', 'The request is not valid HTTP/1.1.')
}

/** The path in a request line, if these bytes begin with one; they may as well be the middle of a body. */
function pathIn(packet: unknown): string {
  if (!Buffer.isBuffer(packet)) return '/'
  return /^[A-Z]{3,10} (\/[\w\-./]*)/.exec(packet.toString('latin1', 0, 256))?.[1] ?? '/'
}
