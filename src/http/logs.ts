import type { FastifyRequest } from 'fastify'
import type { Logger } from 'pino'

/**
 * One line per request, by allow-list: what is named here is all that is ever written. No header, query value, prompt, picture or
 * error message comes near it; the model is the catalogue's id and the route is the pattern.
 */
export function logRequest(logger: Logger, request: FastifyRequest, status: number, ms: number): void {
  const { principal, generationId, model, failure, surface } = request.facts
  logger.info(
    {
      request: request.id,
      method: request.method,
      route: routeOf(request),
      surface: surface.name,
      status,
      ms: Math.round(ms * 10) / 10,
      ...(generationId && { generation: generationId }),
      ...(model && { model }),
      ...(principal && { key: principal.label, workspace: principal.workspaceId, mode: principal.mode }),
      ...(failure && { failure }),
    },
    'request',
  )
}

/** A throw, by its kind and its place. Messages quote whatever went wrong, prompts included, so they stay out. */
export function logThrow(logger: Logger, error: unknown, request?: FastifyRequest): void {
  logger.error(
    {
      ...(request && { request: request.id, route: routeOf(request) }),
      ...(request?.facts?.generationId && { generation: request.facts.generationId }),
      error: describeThrow(error),
    },
    'unexpected error',
  )
}

/** The route's pattern; a path that matched none is the caller's own text and is not told. */
export function routeOf(request: FastifyRequest): string {
  return request.is404 ? '(none)' : (request.routeOptions.url ?? '(none)')
}

function describeThrow(error: unknown): { name: string; code?: string; frames: readonly string[] } {
  if (!(error instanceof Error)) return { name: typeof error, frames: [] }
  const code =
    'code' in error && typeof error.code === 'string' && /^\w{1,64}$/.test(error.code) ? error.code : undefined
  return { name: error.constructor.name, ...(code && { code }), frames: framesOf(error) }
}

/** The stack's lines of places. The message stands before them, may span lines and may look like a frame itself: cut it off first. */
function framesOf({ stack = '', message }: Error): readonly string[] {
  const end = stack.indexOf(message)
  const below = end < 0 ? stack : stack.slice(end + message.length)
  return below
    .split('\n')
    .filter((line) => /^\s+at .{1,300}:\d+:\d+\)?$/.test(line))
    .slice(0, 12)
    .map((line) => line.trim())
}
