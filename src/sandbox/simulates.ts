import { findEndpoint as findFalEndpoint } from './fal/endpoints.ts'
import { modelsServed } from './gemini/models.ts'
import { modelsServed as openRouterModels } from './openrouter/models.ts'

/**
 * Whether the sandbox can stand in for this provider and the provider's own id of a model. Apart from the simulators themselves, since
 * every start asks this and most of them paint nothing.
 */
export function simulates(provider: string, model: string): boolean {
  if (provider === 'fal') return findFalEndpoint(model) !== undefined
  if (provider === 'openrouter') return OPENROUTER.has(model)
  return provider === 'google-ai-studio' && modelsServed('serve').some(({ id }) => id === model)
}

const OPENROUTER = new Set(openRouterModels('serve').map(({ id }) => id))
