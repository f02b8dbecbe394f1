import { err } from '../../core/result.ts'
import { rejected } from '../failure.ts'
import type { Upstream } from '../http.ts'
import type { Provider } from '../provider.ts'
import { readAnswer } from './answer.ts'
import { checkKey } from './check.ts'
import { endpointOf } from './endpoints.ts'
import { toForm } from './request.ts'

const ID = 'stability'

/**
 * Stability AI's own services: a form in, a picture in JSON out, in one call. Asked for the picture by itself the answer would be a
 * quarter smaller, but would say what became of it in a header alone.
 * Source: https://platform.stability.ai/docs/api-reference, its OpenAPI file as generated into tryAGI/StabilityAI (read 2026-11-22).
 */
export function makeStability(upstream: Upstream): Provider {
  return {
    id: ID,
    async generate(request, call) {
      const endpoint = endpointOf(call.model)
      if (endpoint === undefined) return err(rejected('Stability has no service for this model.'))
      const form = await toForm(request, request.providerOptions?.[ID] ?? {}, endpoint, call.pixels)
      if (!form.ok) return err(rejected(form.error))
      return upstream.postJson(call, {
        path: `/v2beta/stable-image${endpoint.path}`,
        headers: { authorization: `Bearer ${call.credential}` },
        form: form.value,
        pictures: (path) => path.length === 1 && path[0] === 'image',
        read: (answer) => readAnswer(answer, call),
      })
    },
    check: (call) => checkKey(upstream, call),
  }
}
