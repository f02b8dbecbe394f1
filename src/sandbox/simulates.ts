import { findEndpoint as findBflEndpoint } from './bfl/models.ts'
import { findModel as findArkModel } from './ark/models.ts'
import { findModel as findDashScopeModel } from './dashscope/models.ts'
import { findEndpoint as findFalEndpoint } from './fal/endpoints.ts'
import { modelsServed } from './gemini/models.ts'
import { modelsServed as openAiModels } from './openai/models.ts'
import { MODELS as IDEOGRAM_MODELS } from './ideogram/endpoints.ts'
import { OPENAI_COMPATIBLE_SERVES } from './openai-compatible/models.ts'
import { modelsServed as openRouterModels } from './openrouter/models.ts'
import { RECRAFT_MODELS } from './recraft/models.ts'
import { findModel as findReplicateModel } from './replicate/models.ts'
import { findEndpoint as findStabilityEndpoint } from './stability/endpoints.ts'
import { findModel as findXaiModel } from './xai/models.ts'

/** Whether a provider's simulator serves the provider's own id of a model, by slug. */
const SERVES: Readonly<Record<string, (model: string) => boolean>> = {
  'google-ai-studio': among(modelsServed('serve').map(({ id }) => id)),
  'google-vertex': among(modelsServed('serve').map(({ id }) => id)),
  openrouter: among(openRouterModels('serve').map(({ id }) => id)),
  fal: (model) => findFalEndpoint(model) !== undefined,
  openai: among(openAiModels('serve').map(({ id }) => id)),
  azure: among(openAiModels('serve').map(({ id }) => id)),
  ...OPENAI_COMPATIBLE_SERVES,
  recraft: among(Object.keys(RECRAFT_MODELS)),
  'black-forest-labs': (model) => findBflEndpoint(model) !== undefined,
  replicate: (model) => findReplicateModel(model) !== undefined,
  seed: (model) => findArkModel('seed', model) !== undefined,
  volcengine: (model) => findArkModel('volcengine', model) !== undefined,
  alibaba: (model) => findDashScopeModel(model) !== undefined,
  stability: (model) => findStabilityEndpoint(model) !== undefined,
  xai: (model) => findXaiModel(model) !== undefined,
  midjourney: among(['MID_JOURNEY', 'NIJI_JOURNEY']),
  ideogram: among(IDEOGRAM_MODELS),
  // Of what hosted providers sell too, a test key is told their prices.
  comfyui: among(['sdxl']),
  automatic1111: among(['sd_xl_base_1.0?width=1024&height=1024']),
}

function among(ids: readonly string[]): (model: string) => boolean {
  const known = new Set(ids)
  return (model) => known.has(model)
}

/**
 * Whether the sandbox can stand in for this provider and the provider's own id of a model. Apart from the simulators themselves, since
 * every start asks this and most of them paint nothing.
 */
export function simulates(provider: string, model: string): boolean {
  return Object.hasOwn(SERVES, provider) && SERVES[provider]?.(model) === true
}
