import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z, ZodError } from 'zod'

import type { Principal } from '../accounts/principal.ts'
import type { Clock } from '../core/clock.ts'
import type { Answers, Ask } from '../core/ask.ts'
import { fail, type Failure } from '../core/errors.ts'
import type { JsonValue } from '../core/json-blob.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { AskInput, AskRoute, CatalogRoute } from '../core/surface.ts'
import type { Body } from './bodies.ts'
import type { Failures } from './failures.ts'
import { pollAfterS } from './prefer.ts'

/** Answers a question from the room that knows: accounts, ledger, generations. */
export type Answer = (ask: Ask, principal: Principal) => Promise<Result<Answers[keyof Answers], Failure>>

interface AskParts {
  readonly answer: Answer
  readonly clock: Clock
  readonly describe: (error: ZodError, input: unknown) => Failure
  readonly failures: Failures
}

/** The handler of a route that asks instead of generating. Its answers are small JSON and go Fastify's ordinary way. */
export function makeAsks({ answer, clock, describe, failures }: AskParts) {
  return async (
    route: AskRoute | CatalogRoute,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> => {
    const input = read(route, request)
    const result = input.ok ? await respond(route, input.value, request.facts.principal, reply) : input
    if (!result.ok) return failures.answer(request, reply, result.error)
    const status = route.kind === 'ask' ? (route.status ?? 200) : 200
    return reply
      .code(status)
      .header('content-type', 'application/json; charset=utf-8')
      .send(JSON.stringify(result.value))
  }

  async function respond(
    route: AskRoute | CatalogRoute,
    input: AskInput,
    principal: Principal | undefined,
    reply: FastifyReply,
  ): Promise<Result<JsonValue, Failure>> {
    if (route.kind === 'catalog') return route.answer(input)
    if (!principal) return err(fail('invalid_api_key', 'Missing Authentication header'))
    const ask = route.parse(input)
    if (!ask.ok) return ask
    const answered = await answer(ask.value, principal)
    if (!answered.ok) return answered
    const since = runningSince(answered.value)
    if (since !== undefined) reply.header('retry-after', String(pollAfterS(since, clock.now())))
    return ok(route.present(answered.value))
  }

  function read(route: AskRoute | CatalogRoute, request: FastifyRequest): Result<AskInput, Failure> {
    const query = checked(route.query, { ...(request.query as object) })
    if (!query.ok) return query
    const body = readBody(route, request.body as Body)
    if (!body.ok) return body
    return ok({ params: { ...(request.params as object) }, query: query.value, body: body.value })
  }

  function readBody(route: AskRoute | CatalogRoute, body: Body): Result<unknown, Failure> {
    if (body && !body.ok) return body
    if (route.kind !== 'ask' || !route.body) return ok(undefined)
    if (!body) return err(fail('invalid_json', 'The body is empty; a JSON object is expected.'))
    return checked(route.body, body.value)
  }

  function checked(schema: z.ZodType | undefined, value: unknown): Result<unknown, Failure> {
    const result = schema?.safeParse(value)
    if (!result) return ok(undefined)
    return result.success ? ok(result.data) : err(describe(result.error, value))
  }
}

/** When the generation began that an answer tells of, while it has not ended: whoever asks will ask again. */
function runningSince(answer: Answers[keyof Answers]): number | undefined {
  if (!('lines' in answer) || answer.finished_at !== null) return undefined
  return Date.parse(answer.created_at)
}
