import { err, ok, type Result } from '../../core/result.ts'
import { type Answer, rejected, unusableAnswer } from '../failure.ts'
import type { Upstream } from '../http.ts'
import { type Poll, pollUntil } from '../poll.ts'
import type { Call, Generated, Provider, UpstreamFailure } from '../provider.ts'
import { fetchPictures, type Outcome, readOutcome } from './answer.ts'
import { errorFailure } from './errors.ts'
import { toSubmission } from './request.ts'
import { readFailed, readStatus, readSubmitted, type Status } from './wire.ts'

const ID = 'fal'

/** Pictures take from one second to a minute; fal's own client asks twice a second. */
const EVERY_MS = 300
const CAP_MS = 2_000

/** The queue refuses shorter waits. */
const LEAST_START_S = 2

/**
 * fal's models by its queue: submit, ask, fetch. The pictures come as addresses and are downloaded at once.
 * There is no `check`: what is left of the credit is told on another host than the queue's, and to admin keys alone
 * (https://fal.ai/docs/platform-apis/v1/account/billing, read 2026-11-22).
 * Source: https://docs.fal.ai/documentation/model-apis/inference/queue, @fal-ai/client 1.10.1 (read 2026-11-22).
 */
export function makeFal(upstream: Upstream): Provider {
  return {
    id: ID,
    async generate(request, call) {
      if (appOf(call.model) === undefined) return err(rejected('The model has an id that is not one of fal’s.'))
      const submission = toSubmission(request, request.providerOptions?.[ID] ?? {}, call.model)
      if (!submission.ok) return err(rejected(submission.error))
      const { endpoint, body } = submission.value
      const submitted = await upstream.requestJson(call, {
        method: 'POST',
        path: `/${endpoint}`,
        headers: { ...credentialOf(call), ...startWithin(call) },
        body,
        paid: true,
        read: (answer) => readSubmission(answer, call),
      })
      if (!submitted.ok) return submitted
      await call.submitted(submitted.value)
      return await finish(upstream, submitted.value, call)
    },

    resume: (requestId, _, call) => finish(upstream, requestId, call),

    /** Only what still waits in the queue is free to cancel; the word of the queue after it decides. */
    async cancel(requestId, call) {
      const before = await askStatus(upstream, requestId, call)
      if (!before.ok || before.value?.status !== 'IN_QUEUE') return 'too_late'
      const answered = await upstream.requestJson(call, {
        method: 'PUT',
        path: `${pathOf(requestId, call)}/cancel`,
        headers: credentialOf(call),
        read: ({ status }) => ok(status),
      })
      if (!answered.ok) return 'too_late'
      if (answered.value === 200) return 'cancelled'
      if (answered.value !== 202) return 'too_late'
      const after = await askStatus(upstream, requestId, call)
      return after.ok && (after.value === undefined || after.value.status === 'IN_QUEUE') ? 'cancelled' : 'too_late'
    },
  }
}

/** From an accepted request to its pictures. Submits nothing. */
async function finish(upstream: Upstream, requestId: string, call: Call): Promise<Result<Generated, UpstreamFailure>> {
  const outcome = await awaitOutcome(upstream, requestId, call)
  const pictures = outcome.ok ? await fetchPictures(upstream, call, outcome.value) : outcome
  return pictures.ok
    ? ok({ ...pictures.value, upstreamId: requestId })
    : err({ ...pictures.error, upstreamId: requestId })
}

async function awaitOutcome(
  upstream: Upstream,
  requestId: string,
  call: Call,
): Promise<Result<Outcome, UpstreamFailure>> {
  let told = ''
  const tell = (message: string, queuePosition?: number) => {
    if (message !== told)
      call.progress({ type: 'status', message, ...(queuePosition !== undefined && { queuePosition }) })
    told = message
  }
  return await pollUntil(call, { everyMs: EVERY_MS, capMs: CAP_MS, ask })

  async function ask(): Promise<Result<Poll<Outcome>, UpstreamFailure>> {
    const asked = await askStatus(upstream, requestId, call)
    if (!asked.ok) return asked
    const status = asked.value
    if (status === undefined) return ok({ is: 'over', failure: unknownJob(requestId), sure: false })
    if (status.status === 'COMPLETED') return await askResult(upstream, requestId, call)
    // An unknown status counts as still running, until the deadline.
    if (status.status === 'IN_QUEUE') tell(placeInQueue(status), status.queue_position)
    else tell('The picture is being made.')
    return ok({ is: 'waiting' })
  }
}

function placeInQueue({ queue_position: position }: Status): string {
  return position === undefined ? 'Waiting in the queue.' : `Waiting in the queue, ${position} before it.`
}

/** Undefined: the queue does not know the request. */
function askStatus(
  upstream: Upstream,
  requestId: string,
  call: Call,
): Promise<Result<Status | undefined, UpstreamFailure>> {
  return upstream.requestJson(call, {
    method: 'GET',
    path: `${pathOf(requestId, call)}/status`,
    headers: credentialOf(call),
    read: (answer) => {
      if (answer.status === 404) return ok(undefined)
      const status = answer.status < 300 ? readStatus(answer.value) : undefined
      return status === undefined ? err(errorFailure(answer, 'result', call.clock)) : ok(status)
    },
  })
}

/** The result carries the status of the run: COMPLETED says no more than that it has ended. */
function askResult(upstream: Upstream, requestId: string, call: Call): Promise<Result<Poll<Outcome>, UpstreamFailure>> {
  return upstream.requestJson<Poll<Outcome>>(call, {
    method: 'GET',
    path: pathOf(requestId, call),
    headers: credentialOf(call),
    pictures: (path) => path.at(-1) === 'url',
    read: (answer) => {
      if (answer.status < 300) {
        const outcome = readOutcome(answer)
        return ok(
          outcome.ok ? { is: 'done', value: outcome.value } : { is: 'over', failure: outcome.error, sure: true },
        )
      }
      const failure = errorFailure(answer, 'result', call.clock)
      const isTheRuns = readFailed(answer.value) !== undefined && answer.status !== 429
      // A refused input is the run's for certain; the rest could be the queue's own trouble with telling us.
      return isTheRuns ? ok({ is: 'over', failure, sure: answer.status === 422 }) : err(failure)
    },
  })
}

function readSubmission(answer: Answer, { clock }: Call): Result<string, UpstreamFailure> {
  if (answer.status >= 300) return err(errorFailure(answer, 'submit', clock))
  const requestId = readSubmitted(answer.value)
  return requestId === undefined
    ? err(unusableAnswer(answer.status, 'it does not say under which id', answer.raw))
    : ok(requestId)
}

function credentialOf({ credential }: Call) {
  return { authorization: `Key ${credential}` }
}

/** A job that has not begun by our deadline is never begun, and so never charged. */
function startWithin(call: Call) {
  const seconds = Math.ceil(call.remainingMs() / 1000)
  return seconds >= LEAST_START_S ? { 'x-fal-request-timeout': String(seconds) } : undefined
}

/** Status and result are found under the application, without the endpoint's own path, as fal's client does it. */
function pathOf(requestId: string, { model }: Call): string {
  return `/${appOf(model) ?? ''}/requests/${encodeURIComponent(requestId)}`
}

/** `fal-ai/flux-pro` of `fal-ai/flux-pro/kontext/max`; undefined for what is no id of an endpoint. */
function appOf(model: string): string | undefined {
  return /^([\w-][\w.-]*\/[\w-][\w.-]*)(\/[\w-][\w.-]*)*$/.exec(model)?.[1]
}

function unknownJob(requestId: string): UpstreamFailure {
  return {
    kind: 'unavailable',
    billed: 'unknown',
    status: 404,
    message: `fal knows no request ${requestId}.`,
    raw: '',
  }
}
