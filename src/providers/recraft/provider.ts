import { err } from '../../core/result.ts'
import { rejected } from '../failure.ts'
import { fetchPictures } from '../fetch-pictures.ts'
import type { Upstream } from '../http.ts'
import type { Provider } from '../provider.ts'
import { isPicture, readOutcome } from './answer.ts'
import { checkBalance } from './check.ts'
import { errorFailure } from './errors.ts'
import { toPost } from './request.ts'

const ID = 'recraft'

/**
 * Recraft: one call, one answer. Its models whose names end in `_vector` answer with SVG, the others with raster pictures.
 * Source: https://www.recraft.ai/docs/api-reference/endpoints, …/image-inputs-and-results (read 2026-11-22).
 */
export function makeRecraft(upstream: Upstream): Provider {
  return {
    id: ID,
    async generate(request, call) {
      const post = await toPost(request, request.providerOptions?.[ID] ?? {}, call)
      if (!post.ok) return err(rejected(post.error))
      const outcome = await upstream.postJson(call, {
        ...post.value,
        headers: { authorization: `Bearer ${call.credential}` },
        pictures: isPicture,
        read: (answer) => (answer.status >= 300 ? err(errorFailure(answer, call.clock)) : readOutcome(answer)),
      })
      return outcome.ok ? await fetchPictures(upstream, call, outcome.value) : outcome
    },
    check: (call) => checkBalance(upstream, call),
  }
}
