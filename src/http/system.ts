import type { FastifyInstance } from 'fastify'

import { fail } from '../core/errors.ts'
import type { Result } from '../core/result.ts'
import type { Surface } from '../core/surface.ts'
import type { Failures } from './failures.ts'
import type { HttpMetrics } from './metrics.ts'
import { openApi } from './openapi.ts'

interface SystemParts {
  readonly surfaces: readonly Surface[]
  readonly metrics: HttpMetrics
  readonly failures: Failures
  /** Whether new work can be taken; the error says what is missing, in words for an operator. */
  readonly ready: () => Promise<Result<void, string>>
  readonly onHook?: (token: string) => void
  readonly version: string
}

/** The routes that are nobody's dialect: alive, ready, numbers and the description of the API. */
export function mountSystem(app: FastifyInstance, parts: SystemParts): void {
  const { surfaces, metrics, failures, ready, version, onHook } = parts
  app.get('/health', { config: { access: 'none' } }, () => ({ status: 'ok' }))

  app.get('/ready', { config: { access: 'none' } }, async (request, reply) => {
    const state = app.edge.stopping ? { ok: false as const, error: 'The gateway is stopping.' } : await ready()
    if (state.ok) return { status: 'ready' }
    return failures.answer(request, reply, fail('overloaded', state.error, { retryAfterMs: 5_000 }))
  })

  app.get('/metrics', { config: { access: 'admin', loopback: true } }, async (_request, reply) => {
    reply.header('content-type', metrics.registry.contentType)
    return metrics.registry.metrics()
  })

  if (onHook) mountHooks(app, onHook)

  let document: string | undefined
  app.get('/openapi.json', { config: { access: 'none' } }, (_request, reply) => {
    document ??= JSON.stringify(openApi(surfaces, version))
    reply.header('content-type', 'application/json; charset=utf-8').send(document)
  })
}

/** Answered before the body is read, and always the same: nobody learns which tokens there are, and nothing that was sent is looked at. */
function mountHooks(app: FastifyInstance, onHook: (token: string) => void): void {
  app.post<{ Params: { token: string } }>('/hooks/:token', {
    config: { access: 'none' },
    onRequest: async ({ params }, reply) => {
      onHook(params.token)
      return await reply.header('connection', 'close').code(204).send()
    },
    handler: () => undefined,
  })
}
