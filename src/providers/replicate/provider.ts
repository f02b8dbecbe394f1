import { type ImageRequest, references } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { type Answer, rejected, unusableAnswer } from '../failure.ts'
import type { Upstream } from '../http.ts'
import { pollUntil } from '../poll.ts'
import type { Call, Generated, Provider, UpstreamFailure } from '../provider.ts'
import { fetchPictures, readPoll, type Tell } from './answer.ts'
import { errorFailure } from './errors.ts'
import { toInput } from './request.ts'
import { type Account, readAccount, readPrediction } from './wire.ts'

const ID = 'replicate'

/** The quickest models take half a second, the slowest a minute. */
const EVERY_MS = 300
const CAP_MS = 2_000

/** Shorter ones are refused. */
const LEAST_CANCEL_S = 5

/** `black-forest-labs/flux-2-pro`, and of a community's model `nvidia/sana:c6b5…`. */
const MODEL = /^([\w-][\w.-]*\/[\w-][\w.-]*)(?::([\da-f]{40,64}))?$/

/**
 * Replicate's predictions: submit, ask, fetch. Pictures come as addresses that are good for an hour, and are downloaded at once.
 * There is no `cancel`: what a caller cancels is charged for the time that it ran, and nobody can tell from outside whether it did. Only
 * what the `Cancel-After` of a prediction ends before it has begun is free.
 * Sources: https://replicate.com/docs/reference/http, https://replicate.com/docs/topics/predictions/lifecycle (read 2026-11-22).
 */
export function makeReplicate(upstream: Upstream): Provider {
  return {
    id: ID,
    async generate(request, call) {
      const [, name, version] = MODEL.exec(call.model) ?? []
      if (name === undefined) return err(rejected('The model has an id that is none of Replicate’s.'))
      const input = await toInput(request, request.providerOptions?.[ID] ?? {}, call)
      if (!input.ok) return err(rejected(input.error))
      const submitted = await upstream.postJson(call, {
        path: version === undefined ? `/models/${name}/predictions` : '/predictions',
        headers: { ...credentialOf(call), 'cancel-after': cancelAfter(call) },
        body: { ...(version !== undefined && { version }), input: input.value, ...hookOf(call) },
        read: (answer) => readSubmission(answer, request, call),
      })
      if (!submitted.ok) return submitted
      await call.submitted(submitted.value)
      return await finish(upstream, submitted.value, call)
    },

    resume: (predictionId, _, call) => finish(upstream, predictionId, call),

    check: (call) =>
      upstream.requestJson(call, {
        method: 'GET',
        path: '/account',
        headers: credentialOf(call),
        read: (answer) => readOwner(answer, call),
      }),
  }
}

/** From an accepted prediction to its pictures. Submits nothing. */
async function finish(upstream: Upstream, upstreamId: string, call: Call): Promise<Result<Generated, UpstreamFailure>> {
  const tell = teller(call)
  const outcome = await pollUntil(call, {
    everyMs: EVERY_MS,
    capMs: CAP_MS,
    ask: () =>
      upstream.requestJson(call, {
        method: 'GET',
        path: `/predictions/${encodeURIComponent(upstreamId)}`,
        headers: credentialOf(call),
        pictures: ([field]) => field === 'output',
        read: (answer) => readPoll(answer, call, tell),
      }),
  })
  if (!outcome.ok) return err({ ...outcome.error, upstreamId })
  const images = await fetchPictures(upstream, call, outcome.value)
  const { version } = outcome.value
  const known = { upstreamId, ...(version !== undefined && { modelVersion: version }) }
  return images.ok ? ok({ images: images.value, ...known }) : err({ ...images.error, ...known })
}

/** Says what is news. */
function teller(call: Call): Tell {
  let told = ''
  return (status, fraction) => {
    const news = `${status} ${fraction}`
    if (news === told) return
    told = news
    const message = `The prediction is ${status}.`
    call.progress({ type: 'status', message, ...(fraction !== undefined && { fraction }) })
  }
}

/** What has not begun by our deadline never does, and costs nothing; what has goes no further than that. */
function cancelAfter(call: Call): string {
  return `${Math.max(LEAST_CANCEL_S, Math.ceil(call.remainingMs() / 1000))}s`
}

/** Replicate calls no hook without encryption. Elsewhere than at Replicate it may be otherwise. */
function hookOf({ hook, baseUrl }: Call): { readonly [key: string]: JsonValue } {
  const isWelcome = hook?.url.startsWith('https:') || !baseUrl.startsWith('https:')
  return hook !== undefined && isWelcome ? { webhook: hook.url, webhook_events_filter: ['completed'] } : {}
}

function readSubmission(answer: Answer, request: ImageRequest, { clock }: Call): Result<string, UpstreamFailure> {
  if (answer.status >= 300) {
    const failure = errorFailure(answer, clock)
    return err(answer.status === 413 ? { ...failure, message: tooLarge(request) } : failure)
  }
  const prediction = readPrediction(answer.value)
  return prediction === undefined
    ? err(unusableAnswer(answer.status, 'it does not say under which id', answer.raw))
    : ok(prediction.id)
}

function tooLarge(request: ImageRequest): string {
  const pictures = [...references(request), ...(request.mask === undefined ? [] : [request.mask])]
  const fields = pictures.map(({ field }) => field).join(', ')
  return `Replicate does not take a request this large. Smaller pictures may help: ${fields}.`
}

function readOwner(answer: Answer, { clock }: Call): Result<string, UpstreamFailure> {
  if (answer.status >= 300) return err(errorFailure(answer, clock))
  const { type = 'account', username }: Partial<Account> = readAccount(answer.value) ?? {}
  return ok(`the key is good${username === undefined ? '' : `, of the ${type} “${username}”`}; credit is not told`)
}

function credentialOf({ credential }: Call) {
  return { authorization: `Bearer ${credential}` }
}
