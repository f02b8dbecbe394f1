import type { FastifyRequest } from 'fastify'

import type { CallerFacts } from '../core/ask.ts'
import { randomText } from '../core/ids.ts'
import type { ImageRequest } from '../core/image-request.ts'

/** Bounds what one header may write into a generation's row. */
const LONGEST = 512

/** A caller's own request id: short, printable, and nothing that looks like a key, since it is logged. */
const SANE_ID = /^(?!.*sk-)[\w.:-]{4,64}$/

/** The caller's `X-Request-Id` where it is sane, else a new `req-…`. */
export function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === 'string' && SANE_ID.test(given) ? given : `req-${randomText(20)}`
}

/** What headers and body say about the caller. The body wins over the headers (OpenRouter's rule for `session_id`). */
export function callerOf(request: FastifyRequest, image: ImageRequest): CallerFacts {
  const header = (name: string): string | undefined => {
    const value = request.headers[name]
    return typeof value === 'string' && value !== '' ? value.slice(0, LONGEST) : undefined
  }
  const referer = header('http-referer') ?? header('referer')
  const title = header('x-openrouter-title') ?? header('x-title')
  const origin = header('origin')
  const userAgent = header('user-agent')
  const sessionId = image.sessionId ?? header('x-session-id')?.slice(0, 256)
  return {
    requestId: request.id,
    ...(referer !== undefined && { referer }),
    ...(title !== undefined && { title }),
    ...(origin !== undefined && { origin }),
    ...(userAgent !== undefined && { userAgent }),
    ...(image.user !== undefined && { user: image.user }),
    ...(sessionId !== undefined && { sessionId }),
  }
}
