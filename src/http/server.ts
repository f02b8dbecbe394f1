import cors from '@fastify/cors'
import fastify, {
  type FastifyError,
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Logger } from 'pino'
import type { ZodError } from 'zod'

import type { Clock } from '../core/clock.ts'
import { fail, type Failure } from '../core/errors.ts'
import { REQUEST_LIMITS, type JsonLimits } from '../core/json-limits.ts'
import type { PictureMemory } from '../core/picture-memory.ts'
import type { Result } from '../core/result.ts'
import type { Route, Surface } from '../core/surface.ts'
import type { Engine } from '../generations/engine-port.ts'
import { makeAsks, type Answer } from './asks.ts'
import { admit, type Authenticate } from './auth.ts'
import { mountBodies } from './bodies.ts'
import { requestIdOf } from './caller.ts'
import { answerClientError, type ClientError } from './client-errors.ts'
import { makeFailures } from './failures.ts'
import { logRequest, logThrow, routeOf } from './logs.ts'
import type { HttpMetrics } from './metrics.ts'
import { makePictures, type FindPicture } from './pictures.ts'
import { makeRun } from './run.ts'
import { makeSend } from './send.ts'
import { SERVER_SETTINGS, serverOptions, type ServerSettings } from './settings.ts'
import { originForm, suspicion } from './strictness.ts'
import { mountSystem } from './system.ts'

export interface HttpParts {
  readonly surfaces: readonly Surface[]
  readonly engine: Engine
  /** Finds the owner of a key. Throws where it cannot look; that is a 503, never a 401. */
  readonly authenticate: Authenticate
  readonly answer: Answer
  readonly picture: FindPicture
  /** Turns a schema's complaint into a failure that names the field in the caller's words. */
  readonly describe: (error: ZodError, input: unknown) => Failure
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: HttpMetrics
  /** Whether new work can be taken; the error says what is missing, in words for an operator. */
  readonly ready: () => Promise<Result<void, string>>
  /** Told the token of every call of POST /hooks/{token}, which is there only with this. */
  readonly onHook?: (token: string) => void
  readonly version: string
  readonly settings?: Partial<ServerSettings>
  readonly limits?: JsonLimits
  /** Counts the references of requests, and takes them out of memory once that is full. */
  readonly memory?: PictureMemory
}

/** The HTTP edge: mounts the tables of the surfaces, knows keys, headers, bodies and streams, and nothing about pictures or money. */
export function makeServer(parts: HttpParts): FastifyInstance {
  const { surfaces, clock, logger, metrics } = parts
  const settings = { ...SERVER_SETTINGS, ...parts.settings }
  const onThrow = (error: unknown, request: FastifyRequest): void => logThrow(logger, error, request)
  const send = makeSend({
    isStopping: () => app.edge.stopping,
    writeIdleMs: settings.writeIdleMs,
    onBroken: (error, reply) => onThrow(error, reply.request),
  })
  const failures = makeFailures({ surfaces, send, logger })

  const options: FastifyHttpOptions<Server> = {
    ...serverOptions(settings),
    genReqId: ({ headers }) => requestIdOf(headers['x-request-id']),
    rewriteUrl: ({ url = '/', headers }) => originForm(url, headers.host),
    frameworkErrors: (error, request, reply) => {
      begin(request, reply)
      void failures.answer(request, reply, failures.fromThrow(error, request))
    },
    clientErrorHandler: (error: ClientError, socket: Socket) => {
      const failure = answerClientError(app, failures, error, socket)
      if (failure) logger.info({ failure: failure.code, cause: error.code }, 'unreadable request')
    },
  }
  const app: FastifyInstance = fastify(options)
  app.decorate('edge', { stopping: false, connections: new Map(), routes: [] })
  app.decorateRequest('facts')
  watchConnections(app, metrics)
  app.server.maxConnections = settings.maxConnections

  app.addHook('onRoute', ({ method, url, config }) => {
    // The one route that we do not write ourselves: @fastify/cors answers preflights with it.
    const access = method === 'OPTIONS' && url === '*' ? 'none' : config?.access
    if (access === undefined) throw new Error(`The route ${String(method)} ${url} declares no access.`)
    for (const name of [method].flat()) app.edge.routes.push({ method: name, path: url, access })
  })

  app.addHook('onRequest', (request, reply, done) => {
    begin(request, reply)
    const refusal = suspicion(request.raw, request.originalUrl)
    if (refusal) {
      reply.header('connection', 'close')
      void failures.answer(request, reply, refusal)
    } else done()
  })
  void app.register(cors, CORS)
  app.after(() => {
    app.addHook('onRequest', async (request, reply) => {
      const refusal = await refuse(request, reply)
      return refusal ? failures.answer(request, reply, refusal) : undefined
    })
    mountBodies(app, parts.limits ?? REQUEST_LIMITS, parts.memory)
    mountSurfaces(app, parts, makeHandlers())
    const picture = makePictures({ picture: parts.picture, failures, clock })
    const dialect = failures.surfaceOf('/api/v1/generations')
    app.route({
      // HEAD by name: the one Fastify would add overwrites the content-length.
      method: ['GET', 'HEAD'],
      url: '/api/v1/generations/:id/images/:index',
      config: { access: 'key', surface: dialect },
      handler: picture,
    })
    mountSystem(app, { ...parts, failures })
  })
  app.setNotFoundHandler((request, reply) => failures.answer(request, reply, fail('not_found', NO_ROUTE)))
  app.setErrorHandler((error: FastifyError, request, reply) =>
    failures.answer(request, reply, failures.fromThrow(error, request)),
  )
  return app

  /** What every request gets before anything can refuse it: facts, an id in the answer, and a line in the log when it is over. */
  function begin(request: FastifyRequest, reply: FastifyReply): void {
    const surface = request.routeOptions.config?.surface ?? failures.surfaceOf(pathOf(request))
    request.facts = { startedAt: clock.monotonic(), surface }
    reply.header('x-request-id', request.id)
    if (app.edge.stopping) reply.header('connection', 'close')
    reply.raw.once('close', () => {
      const ms = clock.monotonic() - request.facts.startedAt
      const status = reply.raw.writableFinished ? reply.raw.statusCode : 499
      metrics.observe(request.method, routeOf(request), status, ms / 1000)
      logRequest(logger, request, status, ms)
    })
  }

  /** Why a request may not reach its handler. Nothing here reads the body, and an unknown path never reaches the key store. */
  async function refuse(request: FastifyRequest, reply: FastifyReply): Promise<Failure | undefined> {
    if (request.is404) return unrouted(app, request)
    const { access, generates } = request.routeOptions.config
    try {
      const admitted = await admit(request, request.method === 'OPTIONS' ? 'none' : access, parts.authenticate)
      if (!admitted.ok) return admitted.error
      if (admitted.value) request.facts.principal = admitted.value
    } catch (error) {
      onThrow(error, request)
      return fail('overloaded', 'API keys cannot be checked right now.', { retryAfterMs: 2_000 })
    }
    if (!generates || !app.edge.stopping) return undefined
    reply.header('connection', 'close')
    return fail('overloaded', 'The gateway is stopping.', { retryAfterMs: 5_000 })
  }

  function makeHandlers(): Handlers {
    const { engine, answer, describe } = parts
    const run = makeRun({ engine, answer, clock, send, failures, describe, heartbeatMs: settings.heartbeatMs, onThrow })
    const ask = makeAsks({ answer, clock, describe, failures })
    return (surface, route) =>
      route.kind === 'generate'
        ? (request, reply) => run(surface, route, request, reply)
        : (request, reply) => ask(route, request, reply)
  }
}

type Handlers = (
  surface: Surface,
  route: Route,
) => (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

const NO_ROUTE = 'There is no such route.'

const METHODS = ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'] as const

/** Any origin, since a key is needed and a cookie never counts; requested headers are echoed, which allows `x-stainless-*` and all others. */
const CORS = {
  origin: '*',
  methods: [...METHODS],
  exposedHeaders: [
    'X-Generation-Id',
    'X-Request-Id',
    'Location',
    'Retry-After',
    'Preference-Applied',
    'Idempotent-Replayed',
    'X-Error-By',
    'X-Error-Retryable',
    'X-Should-Retry',
    'ETag',
    'Content-Range',
  ],
  maxAge: 86_400,
  strictPreflight: false,
}

function mountSurfaces(app: FastifyInstance, { surfaces }: HttpParts, handlers: Handlers): void {
  for (const surface of surfaces)
    for (const route of surface.routes)
      app.route({
        method: route.method,
        url: route.path,
        config: { access: route.access, surface, generates: route.kind === 'generate' },
        handler: handlers(surface, route),
      })
}

/** 405 where the path exists with another method, else 404. */
function unrouted(app: FastifyInstance, request: FastifyRequest): Failure {
  const url = pathOf(request)
  const allow = METHODS.filter((method) => app.findRoute({ method, url }) !== null)
  if (allow.length === 0) return fail('not_found', NO_ROUTE)
  return fail('method_not_allowed', `This path answers to ${allow.join(', ')}.`, { details: { allow } })
}

function pathOf(request: FastifyRequest): string {
  return request.url.split(/[?#]/, 1)[0] ?? '/'
}

/** Knows every connection and what it is working on: stop.ts closes the unused ones, client-errors.ts never writes into an answer. */
function watchConnections(app: FastifyInstance, metrics: HttpMetrics): void {
  const { server, edge } = app
  server.on('connection', (socket: Socket) => {
    edge.connections.set(socket, undefined)
    socket.once('close', () => edge.connections.delete(socket))
  })
  server.on('drop', () => metrics.dropped())
  server.prependListener('request', ({ socket }: IncomingMessage, response) => {
    edge.connections.set(socket, response)
    response.once('close', () => {
      if (edge.connections.get(socket) === response) edge.connections.set(socket, undefined)
      if (edge.stopping) server.closeIdleConnections()
    })
  })
  // An unknown expectation is a request like any other until strictness.ts refuses it; Node would answer without a body.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
}
