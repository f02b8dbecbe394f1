import type { Upstream } from '../http.ts'
import { callImages } from '../openai/images.ts'
import { sizesOf } from '../openai/sizes.ts'
import type { Call, Provider } from '../provider.ts'
import { checkKey } from './check.ts'
import { type Resource, resourceAt } from './resource.ts'

const ID = 'azure'

/**
 * OpenAI's Images API on the operator's own Azure resource: the same wire behind another door. What it calls a model is a deployment,
 * under a name that the operator has chosen; the catalogue's routes suppose that it is the model's.
 * Source: https://learn.microsoft.com/azure/ai-services/openai/how-to/dall-e, @ai-sdk/azure 4.0.85, openai-node 7.57.0 (read 2026-11-22).
 */
export function makeAzure(upstream: Upstream): Provider {
  return {
    id: ID,
    async generate(request, call) {
      const { model, credential } = call
      const { at, resource } = placeOf(call)
      const { form, apiVersion } = resource
      return await callImages(upstream, at, request, {
        model: form === 'v1' ? model : undefined,
        sizes: sizesOf(ID, model, request.model),
        // The newer name is not in every version of the API; this one is in all of them.
        userField: 'user',
        options: request.providerOptions?.[ID] ?? {},
        pathOf: (operation) =>
          form === 'v1' ? `/v1/images/${operation}` : `/deployments/${encodeURIComponent(model)}/images/${operation}`,
        ...(apiVersion !== undefined && { query: { 'api-version': apiVersion } }),
        headers: { 'api-key': credential },
      })
    },
    check(call) {
      const { at, resource } = placeOf(call)
      return checkKey(upstream, at, resource)
    },
  }
}

/** The call at the root of the resource. A base URL that nobody understands stays as it is: it is refused unsent. */
function placeOf(call: Call): { readonly at: Call; readonly resource: Resource } {
  const resource = resourceAt(call.baseUrl) ?? { baseUrl: call.baseUrl, form: 'v1', apiVersion: undefined }
  return { at: { ...call, baseUrl: resource.baseUrl }, resource }
}
