import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ZodError } from 'zod'

import type { Clock } from '../core/clock.ts'
import { isoTime } from '../core/clock.ts'
import { fail, type Failure } from '../core/errors.ts'
import type { Delivery } from '../core/receipt.ts'
import { err, type Result } from '../core/result.ts'
import type { GenerateRoute, ParsedGenerate, Surface } from '../core/surface.ts'
import type { Engine, Owner, Started } from '../generations/engine-port.ts'
import type { Body } from './bodies.ts'
import { callerOf } from './caller.ts'
import type { Failures } from './failures.ts'
import { preferenceOf, type Preference } from './prefer.ts'
import type { Send } from './send.ts'
import { makeStream } from './stream.ts'

interface RunParts {
  readonly engine: Engine
  readonly clock: Clock
  readonly send: Send
  readonly failures: Failures
  readonly describe: (error: ZodError, input: unknown) => Failure
  readonly heartbeatMs: number
  readonly onThrow: (error: unknown, request: FastifyRequest) => void
}

/**
 * The handler of a route that buys pictures: parse, start, wait, present, send. Only the waiting ends with the caller's connection;
 * the generation goes on, and its id is in `X-Generation-Id` of everything that is answered after admission.
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

    const owner = ownerOf(surface, route, request, parsed.value)
    if (!owner.ok) return failures.answer(request, reply, owner.error)
    const left = leaving(reply)
    const started = await engine.start(parsed.value.request, owner.value)
    if (!started.ok) return failures.answer(request, reply, inWordsOf(parsed.value, started.error))

    request.facts.generationId = started.value.id
    request.facts.model = started.value.model
    reply.header('x-generation-id', started.value.id)
    if (parsed.value.stream && route.stream) {
      await stream(route.stream, started.value, request, reply, left)
      return reply
    }

    const preference = preferenceOf(request.headers['prefer'])
    if (preference) reply.header('preference-applied', preference.applied)
    const outcome = await patiently(started.value, preference, left)
    if (outcome === 'left') return reply.hijack()
    if (outcome === 'later') return reply.code(202).send(promise(started.value, reply))
    if (!outcome.ok) return failures.answer(request, reply, outcome.error)
    await send.json(reply, 200, route.present(outcome.value))
    return reply
  }

  /** The outcome, or why it was not waited for: the caller `left`, or asked to hear of it `later`. */
  async function patiently(
    started: Started,
    preference: Preference | undefined,
    left: AbortSignal,
  ): Promise<Result<Delivery, Failure> | 'left' | 'later'> {
    const patience = preference && timer(preference.waitMs, left)
    try {
      return await engine.wait(started.id, patience ?? left)
    } catch (error) {
      if (left.aborted) return 'left'
      if (patience?.aborted) return 'later'
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

function ownerOf(
  surface: Surface,
  route: GenerateRoute,
  request: FastifyRequest,
  parsed: ParsedGenerate,
): Result<Owner, Failure> {
  const { principal } = request.facts
  if (!principal || principal.mode === 'admin') return err(fail('forbidden', 'Pictures need an ordinary API key.'))
  return {
    ok: true,
    value: {
      workspaceId: principal.workspaceId,
      mode: principal.mode,
      keyHash: principal.keyHash,
      caller: callerOf(request, parsed.request),
      surface: `${surface.name}/${route.id}`,
      streamed: parsed.stream && route.stream !== undefined,
    },
  }
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

/** The body of a 202: where the result will be. */
function promise({ id, createdAt }: Started, reply: FastifyReply): object {
  const self = `/api/v1/generations/${id}`
  reply.header('location', self)
  const links = { self, images: `${self}/images` }
  return { id, status: 'running', created_at: isoTime(createdAt), progress: null, links }
}
