import { formatUsd } from '../../core/money.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { type Answer, rejected, unusableAnswer } from '../failure.ts'
import type { Upstream } from '../http.ts'
import { pollUntil } from '../poll.ts'
import type { Call, Generated, Provider, UpstreamFailure } from '../provider.ts'
import { nanosOf, readPoll, type Tell } from './answer.ts'
import { errorFailure } from './errors.ts'
import { placeOf, upstreamIdOf } from './place.ts'
import { toBody } from './request.ts'
import { readCredits, readSubmitted, type Submitted } from './wire.ts'

const ID = 'black-forest-labs'

/** The smallest models take less than a second, the largest a minute. */
const EVERY_MS = 300
const CAP_MS = 2_000

/**
 * Black Forest Labs' own API: submit, ask, fetch. A picture comes as a signed address that is good for ten minutes, and is downloaded at
 * once. There is no way to cancel a task, and none is ever told of a hook: a submission with a `webhook_url` is answered without the
 * address under which the task could be asked after, and what arrives at a hook is not believed.
 * Sources: https://docs.bfl.ai/integration_guidelines and /api-reference (read 2026-11-22).
 */
export function makeBfl(upstream: Upstream): Provider {
  return {
    id: ID,
    async generate(request, call) {
      if (!/^[\w-][\w.-]*$/.test(call.model)) {
        return err(rejected('The model has an id that is none of Black Forest Labs’.'))
      }
      const body = await toBody(request, request.providerOptions?.[ID] ?? {}, call)
      if (!body.ok) return err(rejected(body.error))
      const submitted = await upstream.postJson(call, {
        path: `/v1/${call.model}`,
        headers: credentialOf(call),
        body: body.value,
        read: (answer) => readSubmission(answer, call),
      })
      if (!submitted.ok) return submitted
      const upstreamId = upstreamIdOf(submitted.value, call)
      await call.submitted(upstreamId)
      return await finish(upstream, upstreamId, call, submitted.value.cost)
    },

    resume: (upstreamId, _, call) => finish(upstream, upstreamId, call, undefined),

    check: (call) =>
      upstream.requestJson(call, {
        method: 'GET',
        path: '/v1/credits',
        headers: credentialOf(call),
        read: (answer) => readBalance(answer, call),
      }),
  }
}

/** From an accepted task to its picture. Submits nothing. `expected`: the price in credits that the submission was answered with. */
async function finish(
  upstream: Upstream,
  upstreamId: string,
  call: Call,
  expected: number | undefined,
): Promise<Result<Generated, UpstreamFailure>> {
  const place = placeOf(upstreamId, call)
  const tell = teller(call)
  const ready = await pollUntil(call, {
    everyMs: EVERY_MS,
    capMs: CAP_MS,
    ask: () =>
      upstream.requestJson(place.call, {
        method: 'GET',
        path: place.path,
        query: place.query,
        headers: credentialOf(call),
        read: (answer) => readPoll(answer, call, tell),
      }),
  })
  if (!ready.ok) return err({ ...ready.error, upstreamId })
  const known = ready.value.cost ?? (expected === undefined ? undefined : nanosOf(expected))
  const cost = known === undefined ? {} : { cost: known }
  const blob = await upstream.download(call, ready.value.sample)
  return blob.ok
    ? ok({ images: [{ blob: blob.value }], upstreamId, ...cost })
    : err({ ...blob.error, upstreamId, ...cost })
}

/** Says what is news. */
function teller(call: Call): Tell {
  let told = ''
  return (status, fraction) => {
    const news = `${status} ${fraction}`
    if (news === told) return
    told = news
    const message = `The task is ${status.toLowerCase()}.`
    call.progress({ type: 'status', message, ...(fraction !== undefined && { fraction }) })
  }
}

function readSubmission(answer: Answer, { clock }: Call): Result<Submitted, UpstreamFailure> {
  if (answer.status >= 300) return err(errorFailure(answer, clock))
  const submitted = readSubmitted(answer.value)
  return submitted === undefined
    ? err(unusableAnswer(answer.status, 'it does not say under which id', answer.raw))
    : ok(submitted)
}

function readBalance(answer: Answer, { clock }: Call): Result<string, UpstreamFailure> {
  if (answer.status >= 300) return err(errorFailure(answer, clock))
  const { status, raw } = answer
  const credits = readCredits(answer.value)
  if (credits === undefined) return ok('the key is good; what is left of its credit is not told')
  if (credits > 0) return ok(`the key is good, ${formatUsd(nanosOf(credits))} USD of credit left`)
  return err({ kind: 'unauthorized', billed: 'no', status, message: 'The account has no credit left.', raw })
}

function credentialOf({ credential }: Call) {
  return { 'x-key': credential }
}
