import type { Upstream } from '../http.ts'
import type { Provider } from '../provider.ts'
import { checkKey } from './check.ts'
import { callImages } from './images.ts'
import { sizesOf } from './sizes.ts'

const ID = 'openai'

/**
 * OpenAI's Images API: one call, one answer, or a stream of previews with the picture at its end.
 * Source: openai-node 7.57.0, https://platform.openai.com/docs/api-reference/images (read 2026-11-22).
 */
export function makeOpenAi(upstream: Upstream): Provider {
  return {
    id: ID,
    generate: (request, call) =>
      callImages(upstream, call, request, {
        model: call.model,
        sizes: sizesOf(ID, call.model, request.model),
        userField: 'safety_identifier',
        options: request.providerOptions?.[ID] ?? {},
        pathOf: (operation) => `/images/${operation}`,
        headers: { authorization: `Bearer ${call.credential}` },
      }),
    check: (call) => checkKey(upstream, call),
  }
}
