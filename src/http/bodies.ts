import type { FastifyInstance } from 'fastify'
import type { IncomingMessage } from 'node:http'

import { fail, type Failure } from '../core/errors.ts'
import { readJson } from '../core/json-blobs.ts'
import type { JsonLimits } from '../core/json-limits.ts'
import type { PictureMemory } from '../core/picture-memory.ts'
import { err, ok, type Result } from '../core/result.ts'

/** What `request.body` is on every route: the parsed value, the refusal of the parser, or undefined where no body was sent. */
export type Body = Result<unknown, Failure> | undefined

/**
 * Makes json-blobs the only parser. Fastify does not enforce its own limit on a stream parser, so the bounds are the codec's, and
 * a Content-Length that promises more is refused before a byte of the body is read.
 */
export function mountBodies(app: FastifyInstance, limits: JsonLimits, memory: PictureMemory | undefined): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(/^application\/json(?:\s*;|$)/i, (_request: unknown, payload: IncomingMessage) =>
    read(payload, limits, memory),
  )
}

async function read(
  payload: IncomingMessage,
  limits: JsonLimits,
  memory: PictureMemory | undefined,
): Promise<Result<unknown, Failure>> {
  const { headers } = payload
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity')
    return err(fail('unsupported_media_type', 'The body must be sent without a Content-Encoding.'))
  if (!isUtf8(headers['content-type'] ?? ''))
    return err(fail('unsupported_media_type', 'The body must be JSON in UTF-8.'))
  if (Number(headers['content-length'] ?? 0) > limits.maxBytes)
    return err(fail('payload_too_large', `The body is larger than ${limits.maxBytes / 1024 / 1024} MiB.`))

  // After a refusal the rest must stay readable: send.ts reads and drops it, so that the sender gets to see the refusal.
  const source: AsyncIterable<Buffer> = { [Symbol.asyncIterator]: () => payload.iterator({ destroyOnReturn: false }) }
  const parsed = await readJson(source, { limits, mode: 'request', ...(memory && { memory }) })
  if (parsed.ok) return ok(parsed.value.value)
  const { code, message, field } = parsed.error
  return err(fail(code, message, field === undefined ? {} : { field }))
}

function isUtf8(contentType: string): boolean {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1]
  return charset === undefined || /^utf-?8$/i.test(charset)
}
