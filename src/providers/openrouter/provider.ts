import { err, type Result } from '../../core/result.ts'
import type { Answer } from '../failure.ts'
import { rejected } from '../failure.ts'
import type { Upstream } from '../http.ts'
import type { Call, Generated, Provider, UpstreamFailure } from '../provider.ts'
import { readChat, readImages } from './answer.ts'
import { checkKey } from './check.ts'
import { errorFailure } from './errors.ts'
import { toPost } from './request.ts'
import { readError } from './wire.ts'

const ID = 'openrouter'

/**
 * OpenRouter as an upstream: one key opens every model it sells. A prompt with references goes to its Images API, which alone knows
 * `n` and refuses what it cannot do; a conversation to chat completions, which alone knows turns. Neither is streamed: pictures come
 * whole in either.
 * Source: https://openrouter.ai/docs, OpenAPI file and @openrouter/sdk 1.3.19 (read 2026-11-22).
 */
export function makeOpenRouter(upstream: Upstream): Provider {
  return {
    id: ID,
    async generate(request, call) {
      const post = toPost(request, request.providerOptions?.[ID] ?? {}, call.model)
      if (!post.ok) return err(rejected(post.error))
      const { path, body } = post.value
      return upstream.postJson(call, {
        path,
        headers: { authorization: `Bearer ${call.credential}` },
        body,
        pictures: isPicture,
        read: (answer) => read(answer, path, call),
      })
    },
    check: (call) => checkKey(upstream, call),
  }
}

function read(answer: Answer, path: string, { clock }: Call): Result<Generated, UpstreamFailure> {
  // A failure after the status line was sent comes inside a 200.
  if (answer.status >= 300 || readError(answer.value) !== undefined) return err(errorFailure(answer, clock))
  return path === '/images' ? readImages(answer) : readChat(answer, clock)
}

/** `data.0.b64_json` of the Images API, `choices.0.message.images.0.image_url.url` of chat. */
function isPicture(path: readonly (string | number)[]): boolean {
  return path.at(-1) === 'b64_json' || (path.at(-1) === 'url' && path.at(-2) === 'image_url')
}
