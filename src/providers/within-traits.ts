import { type ImageRequest, references } from '../core/image-request.ts'
import { err } from '../core/result.ts'
import type { Traits } from './entry.ts'
import { rejected } from './failure.ts'
import type { Provider } from './provider.ts'

/**
 * The provider, with what its adapter cannot do refused unsent, whatever the adapter itself would make of it. Routing tells callers long
 * before; what gets this far would otherwise be dropped in silence, and paid for.
 */
export function withinTraits(provider: Provider, traits: Traits): Provider {
  return {
    ...provider,
    async generate(request, call) {
      const field = beyond(request, traits)
      if (field === undefined) return await provider.generate(request, call)
      return err(rejected(`${field} cannot be sent: the adapter of ${provider.id} has no field for it.`))
    },
  }
}

/** The first field of a request that an adapter with these traits has no way to send, as the caller knows it. */
function beyond(request: ImageRequest, traits: Traits): string | undefined {
  const { mask, seed, negativePrompt, n = 1 } = request
  const [reference] = references(request)
  if (mask !== undefined && !traits.mask) return mask.field
  if (reference !== undefined && !traits.edits) return reference.field
  if (seed !== undefined && !traits.seed) return 'seed'
  if (negativePrompt !== undefined && !traits.negativePrompt) return 'negative_prompt'
  return n > traits.mostPerCall ? 'n' : undefined
}
