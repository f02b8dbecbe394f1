import { err } from '../../core/result.ts'
import type { Answer } from '../failure.ts'
import type { Upstream } from '../http.ts'
import type { Call, Provider } from '../provider.ts'
import { readGenerated } from './answer.ts'
import { errorFailure } from './errors.ts'
import { toBody } from './request.ts'
import { readStatus } from './wire.ts'

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
      if (!body.ok) {
        const { field, reason } = body.error
        return err({ kind: 'rejected', billed: 'no', message: `The picture at ${field} ${reason}.`, raw: '' })
      }
      return upstream.postJson(call, {
        path: `/v1beta/models/${encodeURIComponent(call.model)}:generateContent`,
        // As a header, never as `?key=`: addresses end up in logs.
        headers: { 'x-goog-api-key': call.credential },
        body: body.value,
        pictures: isPicture,
        read: (answer) => read(answer, call),
      })
    },
  }
}

function read(answer: Answer, call: Call) {
  const isError = answer.status >= 300 || readStatus(answer.value) !== undefined
  return isError ? err(errorFailure(answer, call.clock)) : readGenerated(answer, call)
}

/** `candidates.0.content.parts.1.inlineData.data`, in either spelling. */
function isPicture(path: readonly (string | number)[]): boolean {
  const parent = path.at(-2)
  return path.at(-1) === 'data' && (parent === 'inlineData' || parent === 'inline_data')
}
