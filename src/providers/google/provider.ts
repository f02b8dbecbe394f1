import { err } from '../../core/result.ts'
import { rejected } from '../failure.ts'
import type { Upstream } from '../http.ts'
import type { Provider } from '../provider.ts'
import { isPicture, readAnswer } from './answer.ts'
import { checkKey } from './check.ts'
import { toBody } from './request.ts'

const ID = 'google-ai-studio'

/**
 * Gemini's image models on AI Studio, by `generateContent`: one call, one answer, no stream (pictures come whole in either).
 * Source: https://ai.google.dev/gemini-api/docs/image-generation, js-genai 3.1.0 (read 2026-11-22).
 */
export function makeGoogle(upstream: Upstream): Provider {
  return {
    id: ID,
    async generate(request, call) {
      const body = toBody(request, request.providerOptions?.[ID] ?? {}, call)
      if (!body.ok) return err(rejected(body.error))
      return upstream.postJson(call, {
        path: `/v1beta/models/${encodeURIComponent(call.model)}:generateContent`,
        // As a header, never as `?key=`: addresses end up in logs.
        headers: { 'x-goog-api-key': call.credential },
        body: body.value,
        pictures: isPicture,
        read: (answer) => readAnswer(answer, call),
      })
    },
    check: (call) => checkKey(upstream, call),
  }
}
