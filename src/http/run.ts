import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ZodError } from 'zod'

import type { Clock } from '../core/clock.ts'
import { isoTime } from '../core/clock.ts'
import { fail, type Failure } from '../core/errors.ts'
import type { JsonValue } from '../core/json-blob.ts'
import type { Delivery } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { GenerateRoute, ParsedGenerate, Surface } from '../core/surface.ts'
import type { Engine, Owner, Started } from '../generations/engine-port.ts'
import type { Answer } from './asks.ts'
import type { Body } from './bodies.ts'
import { callerOf } from './caller.ts'
import type { Failures } from './failures.ts'
import { idempotencyOf } from './idempotency.ts'
import { deadlineOf, type Patience, patienceOf, pollAfterS, preferenceOf } from './prefer.ts'
import type { Send } from './send.ts'
import { IN_PROGRESS, makeStream } from './stream.ts'

interface RunParts {
  readonly engine: Engine
  /** Tells how far a generation is. */
  readonly answer: Answer
  readonly clock: Clock
  readonly send: Send
  readonly failures: Failures
  readonly describe: (error: ZodError, input: unknown) => Failure
  readonly heartbeatMs: number
  readonly onThrow: (error: unknown, request: FastifyRequest) => void
}

/** Between a deadline and the end of the books. */
const CLOSING_MS = 5_000

/**
 * The handler of a route that buys pictures: parse, start, wait, present, send. Only the waiting ends with the caller's connection;
 * the generation goes on, and its id is in `X-Generation-Id` of everything that is answered after admission. A call with the key of an
 * earlier one is answered from that one's generation, by the same presenter.
 */
export function makeRun(parts: RunParts) {
  const { engine, clock, send, failures } = parts
  const stream = makeStream(parts)

  return async (
    surface: Surface,
    route: GenerateRoute,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> => {
    const parsed = parse(route, request.body as Body, parts.describe)
    if (!parsed.ok) return failures.answer(request, reply, parsed.error)
    const preferred = preferenceOf(request.headers['prefer'])
    if (!preferred.ok) return failures.answer(request, reply, preferred.error)
    const owner = await ownerOf(surface, route, request, parsed.value)
    if (!owner.ok) return failures.answer(request, reply, owner.error)

    const left = leaving(reply)
    const started = await engine.start(parsed.value.request, owner.value)
    if (!started.ok) return failures.answer(request, reply, inWordsOf(parsed.value, started.error))

    request.facts.generationId = started.value.id
    request.facts.model = started.value.model
    reply.header('x-generation-id', started.value.id)
    const replayed = started.value.replayed === true
    if (replayed) reply.header('idempotent-replayed', 'true')

    const preference = preferred.value
    const deadlineMs = owner.value.deadlineMs ?? Math.max(0, started.value.deadlineAt - clock.now()) + CLOSING_MS
    const patience = patienceOf(preference, { replayed, deadlineMs })
    const dialect = parsed.value.stream ? route.stream : undefined
    // A stream is an answer that has begun: `wait` has no part in it. Whoever says `respond-async` wants none begun.
    if (dialect !== undefined && preference?.isAsync !== true) {
      const limit = patience?.afterwards === 'conflict' ? timer(patience.ms, left) : undefined
      await stream(dialect, started.value, request, reply, left, limit)
      return reply
    }
    const outcome = await patiently(started.value, patience, left)
    if (outcome === 'left') return reply.hijack()
    if (outcome === 'later') return await later(started.value, patience, preference?.applied, request, reply)
    if (dialect !== undefined) {
      await stream(dialect, started.value, request, reply, left)
      return reply
    }
    if (preference !== undefined && preference.waitMs > 0) reply.header('preference-applied', preference.applied)
    if (!outcome.ok) return failures.answer(request, reply, outcome.error)
    await send.json(reply, 200, route.present(outcome.value))
    return reply
  }

  /** The outcome, or why it was not waited for: the caller `left`, or is to hear of it `later`. */
  async function patiently(
    started: Started,
    patience: Patience | undefined,
    left: AbortSignal,
  ): Promise<Result<Delivery, Failure> | 'left' | 'later'> {
    if (patience?.ms === 0) return 'later'
    const limit = patience && timer(patience.ms, left)
    try {
      return await engine.wait(started.id, limit ?? left)
    } catch (error) {
      if (left.aborted) return 'left'
      if (limit?.aborted) return 'later'
      throw error
    }
  }

  /** Aborts when the time is over, or with `left`. */
  function timer(ms: number, left: AbortSignal): AbortSignal {
    const controller = new AbortController()
    const stop = (): void => controller.abort()
    clock.sleep(ms, left).then(stop, stop)
    return controller.signal
  }

  /** Where the result will be: in a 202, or beside the 409 of a call that only followed another. */
  async function later(
    { id, createdAt }: Started,
    patience: Patience | undefined,
    applied: string | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const self = `/api/v1/generations/${id}`
    const retryAfterS = pollAfterS(createdAt, clock.now())
    reply.header('location', self)
    if (patience?.afterwards === 'conflict')
      return failures.answer(request, reply, { ...IN_PROGRESS, retryAfterMs: retryAfterS * 1000 })

    const { principal } = request.facts
    const polled = principal && (await parts.answer({ ask: 'receipt', id }, principal))
    const { status = 'running', progress = null } = polled?.ok && 'lines' in polled.value ? polled.value : {}
    reply.header('retry-after', String(retryAfterS))
    if (applied !== undefined) reply.header('preference-applied', applied)
    const links = { self, images: `${self}/images` }
    return reply.code(202).send({ id, status, created_at: isoTime(createdAt), progress, links })
  }
}

function parse(
  route: GenerateRoute,
  body: Body,
  describe: (error: ZodError, input: unknown) => Failure,
): Result<ParsedGenerate, Failure> {
  if (body === undefined) return err(fail('invalid_json', 'The body is empty; a JSON object is expected.'))
  if (!body.ok) return body
  const checked = route.body.safeParse(body.value)
  return checked.success ? route.parse(checked.data) : err(describe(checked.error, body.value))
}

/** A refusal of admission with its field named as the caller wrote it. */
function inWordsOf({ fieldNames = {} }: ParsedGenerate, failure: Failure): Failure {
  const field = failure.field === undefined ? undefined : fieldNames[failure.field]
  return field === undefined ? failure : { ...failure, field }
}

async function ownerOf(
  surface: Surface,
  route: GenerateRoute,
  request: FastifyRequest,
  parsed: ParsedGenerate,
): Promise<Result<Owner, Failure>> {
  const { principal } = request.facts
  if (!principal || principal.mode === 'admin') return err(fail('forbidden', 'Pictures need an ordinary API key.'))
  const deadlineMs = deadlineOf(request.headers['x-plantain-deadline'])
  if (!deadlineMs.ok) return deadlineMs
  const idempotency = await idempotencyOf(request, route, documentOf(request.body as Body))
  if (!idempotency.ok) return idempotency
  return ok({
    workspaceId: principal.workspaceId,
    mode: principal.mode,
    keyHash: principal.keyHash,
    caller: callerOf(request, parsed.request),
    surface: `${surface.name}/${route.id}`,
    streamed: parsed.stream && route.stream !== undefined,
    ...(deadlineMs.value !== undefined && { deadlineMs: deadlineMs.value }),
    ...(idempotency.value && { idempotency: idempotency.value }),
  })
}

/** The codec makes nothing but JSON values, blobs among them. */
function documentOf(body: Body): JsonValue {
  return body?.ok ? (body.value as JsonValue) : null
}

/** Aborts when the connection closes before the answer is complete. */
function leaving(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  if (reply.raw.destroyed) controller.abort()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort()
  })
  return controller.signal
}
