import { err, ok, type Result } from '../../core/result.ts'
import { rejected } from '../failure.ts'
import { fetchPictures } from '../fetch-pictures.ts'
import type { Upstream } from '../http.ts'
import type { Call, Provider, UpstreamFailure } from '../provider.ts'
import { isPicture, readOutcome } from './answer.ts'
import { errorFailure } from './errors.ts'
import { makeLoaded } from './loaded.ts'
import type { Quirks } from './quirks.ts'
import { toPost } from './request.ts'
import { credentialOf, pathUnder } from './way.ts'
import { readModels } from './wire.ts'

/** Any server that speaks OpenAI's Images API, hosted or the operator's own, with its quirks. One call, one answer, no stream. */
export function makeOpenAiCompatible(quirks: Quirks, upstream: Upstream): Provider {
  const { slug, ignoresModel = false } = quirks
  const loaded = makeLoaded(upstream, quirks)
  return {
    id: slug,
    async generate(request, call) {
      const post = await toPost(request, request.providerOptions?.[slug] ?? {}, call, quirks)
      if (!post.ok) return err(rejected(post.error))
      const other = ignoresModel ? loaded.knownOther(call) : undefined
      if (other !== undefined) return err(other)
      const { path, ...content } = post.value
      const outcome = await upstream.postJson(call, {
        path: pathUnder(call, path),
        headers: credentialOf(call),
        ...content,
        pictures: isPicture,
        read: (answer) =>
          answer.status >= 300 ? err(errorFailure(answer, quirks, call.clock)) : readOutcome(answer, quirks),
      })
      if (!outcome.ok) return outcome
      const wrong = ignoresModel ? await loaded.other(call) : undefined
      return wrong === undefined ? await fetchPictures(upstream, call, outcome.value) : err(wrong)
    },
    check: (call) => checkServer(upstream, quirks, call),
  }
}

/** The free question: what it lists, or, where the list is open to everybody, who the key belongs to. */
function checkServer(upstream: Upstream, quirks: Quirks, call: Call): Promise<Result<string, UpstreamFailure>> {
  return upstream.requestJson(call, {
    method: 'GET',
    path: pathUnder(call, quirks.about),
    headers: credentialOf(call),
    read(answer) {
      if (answer.status >= 300) return err(errorFailure(answer, quirks, call.clock))
      const models = readModels(answer.value)
      if (models === undefined)
        return ok(quirks.about === '/me' ? 'the key is good' : 'it answers, and lists no models')
      const [only] = models
      if (models.length === 1 && only !== undefined) return ok(`it answers, and has loaded ${only}`)
      return ok(`it answers, and lists ${models.length} models`)
    },
  })
}
