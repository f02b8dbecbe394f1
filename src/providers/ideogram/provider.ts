import { err, ok, type Result } from '../../core/result.ts'
import { type Answer, rejected, unusableAnswer } from '../failure.ts'
import { fetchPictures, type Outcome } from '../fetch-pictures.ts'
import type { Upstream } from '../http.ts'
import { type Poll, pollUntil } from '../poll.ts'
import type { Call, Generated, Provider, UpstreamFailure } from '../provider.ts'
import { readOutcome } from './answer.ts'
import { errorFailure, generationFailure } from './errors.ts'
import { toPost } from './request.ts'
import { type Generation, readGeneration } from './wire.ts'

const ID = 'ideogram'

/** Pictures take from five seconds to half a minute, and questions are counted too. */
const EVERY_MS = 500
const CAP_MS = 3_000

/**
 * Ideogram by version 2 of its API: submit, ask, fetch. There is no `cancel`: nothing in its documents ends a generation.
 * Source: https://developer.ideogram.ai/api-reference (read 2026-11-22).
 */
export function makeIdeogram(upstream: Upstream): Provider {
  return {
    id: ID,
    async generate(request, call) {
      const post = await toPost(request, request.providerOptions?.[ID] ?? {}, call)
      if (!post.ok) return err(rejected(post.error))
      const submitted = await upstream.postJson(call, {
        ...post.value,
        headers: headersOf(call),
        read: (answer) => readSubmitted(answer, call),
      })
      if (!submitted.ok) return submitted
      const { id, generation, raw } = submitted.value
      await call.submitted(id)
      // Whoever answers with the pictures in spite of what was asked is believed.
      if (generation.data.length > 0) return await finish(upstream, id, readOutcome(generation, raw), call)
      return await finish(upstream, id, await awaitOutcome(upstream, id, call), call)
    },

    resume: async (id, _, call) => await finish(upstream, id, await awaitOutcome(upstream, id, call), call),

    /** The keys of the organization, which only its administrators' keys may list: other good ones are told that nothing is there. */
    check: (call) =>
      upstream.requestJson(call, {
        method: 'GET',
        path: '/v2/account/api-keys',
        headers: headersOf(call),
        read: (answer) =>
          answer.status < 300 || answer.status === 404 ? ok('the key is good') : err(errorFailure(answer, call.clock)),
      }),
  }
}

interface Submitted {
  readonly id: string
  readonly generation: Generation
  readonly raw: string
}

function readSubmitted(answer: Answer, call: Call): Result<Submitted, UpstreamFailure> {
  const { status, value, raw } = answer
  if (status >= 300) return err(errorFailure(answer, call.clock))
  const generation = readGeneration(value)
  const id = generation?.generation_id
  if (generation === undefined || id === undefined) return err(unusableAnswer(status, 'it names no generation', raw))
  return ok({ id, generation, raw })
}

/** From what a generation came to, to its pictures. */
async function finish(
  upstream: Upstream,
  id: string,
  outcome: Result<Outcome, UpstreamFailure>,
  call: Call,
): Promise<Result<Generated, UpstreamFailure>> {
  const pictures = outcome.ok ? await fetchPictures(upstream, call, outcome.value) : outcome
  return pictures.ok ? ok({ ...pictures.value, upstreamId: id }) : err({ ...pictures.error, upstreamId: id })
}

/** Submits nothing. */
function awaitOutcome(upstream: Upstream, id: string, call: Call): Promise<Result<Outcome, UpstreamFailure>> {
  return pollUntil(call, {
    everyMs: EVERY_MS,
    capMs: CAP_MS,
    ask: () =>
      upstream.requestJson(call, {
        method: 'GET',
        path: `/v2/generations/${encodeURIComponent(id)}`,
        headers: headersOf(call),
        read: (answer) => readPoll(answer, id, call),
      }),
  })
}

function readPoll(answer: Answer, id: string, call: Call): Result<Poll<Outcome>, UpstreamFailure> {
  const { status, value, raw } = answer
  if (status === 404) return ok({ is: 'over', failure: unknownGeneration(id), sure: false })
  if (status >= 300) return err(errorFailure(answer, call.clock))
  const generation = readGeneration(value)
  if (generation === undefined) return err(unusableAnswer(status, 'it is no generation', raw))
  // An unknown status counts as still running, until the deadline.
  if (generation.status === 'failed') return ok({ is: 'over', failure: generationFailure(generation, raw), sure: true })
  if (generation.status !== 'completed') return ok({ is: 'waiting' })
  const outcome = readOutcome(generation, raw)
  return ok(outcome.ok ? { is: 'done', value: outcome.value } : { is: 'over', failure: outcome.error, sure: true })
}

function unknownGeneration(id: string): UpstreamFailure {
  const message = `Ideogram knows no generation ${id}.`
  return { kind: 'unavailable', billed: 'unknown', status: 404, message, raw: '' }
}

function headersOf({ credential }: Call): Record<string, string> {
  return { 'api-key': credential }
}
