import { err, type Result } from '../../core/result.ts'
import type { Answer } from '../failure.ts'
import { rejected } from '../failure.ts'
import type { Upstream } from '../http.ts'
import type { Call, Generated, Provider, UpstreamFailure } from '../provider.ts'
import { readImages } from './answer.ts'
import { checkKey } from './check.ts'
import { errorFailure } from './errors.ts'
import { toPost } from './request.ts'

const ID = 'xai'

/**
 * Grok Imagine at xAI: one call, one answer, pictures in it. Words alone go to one endpoint and references to another, since the first
 * takes references too, ignores them and bills the picture.
 * Source: https://docs.x.ai/developers/rest-api-reference/inference/images (read 2026-11-22).
 */
export function makeXai(upstream: Upstream): Provider {
  return {
    id: ID,
    async generate(request, call) {
      const post = toPost(request, request.providerOptions?.[ID] ?? {}, call.model)
      if (!post.ok) return err(rejected(post.error))
      return upstream.postJson(call, {
        path: post.value.path,
        headers: { authorization: `Bearer ${call.credential}` },
        body: post.value.body,
        pictures: (path) => path.at(-1) === 'b64_json',
        read: (answer) => read(answer, call),
      })
    },
    check: (call) => checkKey(upstream, call),
  }
}

function read(answer: Answer, { clock }: Call): Result<Generated, UpstreamFailure> {
  return answer.status >= 300 ? err(errorFailure(answer, clock)) : readImages(answer)
}
