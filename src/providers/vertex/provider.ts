import { err } from '../../core/result.ts'
import { rejected } from '../failure.ts'
import { isPicture, readAnswer } from '../google/answer.ts'
import type { Upstream } from '../http.ts'
import type { Provider } from '../provider.ts'
import { checkDoor } from './check.ts'
import { doorOf } from './door.ts'
import { toBody } from './request.ts'
import { makeTokens } from './tokens.ts'

const ID = 'google-vertex'

/**
 * Gemini's image models on Vertex AI (by its newer name the Gemini Enterprise Agent Platform), by the same `generateContent` as on AI
 * Studio: other addresses, other keys, a format that can be chosen.
 * Source: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference, js-genai 3.1.0 (read 2026-11-22).
 */
export function makeVertex(upstream: Upstream): Provider {
  const tokens = makeTokens(upstream)
  return {
    id: ID,
    async generate(request, call) {
      if (call.model.startsWith('imagen')) return err(NO_IMAGEN)
      const body = toBody(request, request.providerOptions?.[ID] ?? {}, call)
      if (!body.ok) return err(rejected(body.error))
      const door = await doorOf(call, tokens)
      if (!door.ok) return door
      const { secret, headers, path, token } = door.value
      const generated = await upstream.postJson(
        { ...call, credential: secret },
        {
          path: `${path}/publishers/google/models/${encodeURIComponent(call.model)}:generateContent`,
          headers,
          body: body.value,
          pictures: isPicture,
          read: (answer) => readAnswer(answer, call),
        },
      )
      if (token !== undefined && !generated.ok && generated.error.status === 401) tokens.drop(call, token)
      return generated
    },
    check: (call) => checkDoor(upstream, tokens, call),
  }
}

/** It was asked by `:predict`, which is not built here: what it made, Gemini's models make. */
const NO_IMAGEN = rejected(
  'Imagen is not served here: it is not asked by generateContent, and Google has announced its end.',
)
