import { modelsServed } from './gemini/models.ts'

/**
 * Whether the sandbox can stand in for this provider and the provider's own id of a model. Apart from the simulators themselves, since
 * every start asks this and most of them paint nothing.
 */
export function simulates(provider: string, model: string): boolean {
  return provider === 'google-ai-studio' && modelsServed('serve').some(({ id }) => id === model)
}
