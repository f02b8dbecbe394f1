import type { ProviderEntry } from './entry.ts'
import type { Upstream } from './http.ts'
import type { Provider } from './provider.ts'

import { SEED, VOLCENGINE } from './ark/entry.ts'
import { AUTOMATIC1111 } from './automatic1111/entry.ts'
import { AZURE } from './azure/entry.ts'
import { BFL } from './bfl/entry.ts'
import { COMFYUI } from './comfyui/entry.ts'
import { DASHSCOPE } from './dashscope/entry.ts'
import { FAL } from './fal/entry.ts'
import { GOOGLE } from './google/entry.ts'
import { IDEOGRAM } from './ideogram/entry.ts'
import { MIDJOURNEY } from './midjourney/entry.ts'
import { OPENAI } from './openai/entry.ts'
import { OPENAI_COMPATIBLE } from './openai-compatible/entry.ts'
import { OPENROUTER } from './openrouter/entry.ts'
import { RECRAFT } from './recraft/entry.ts'
import { REPLICATE } from './replicate/entry.ts'
import { STABILITY } from './stability/entry.ts'
import { GOOGLE_VERTEX } from './vertex/entry.ts'
import { withinTraits } from './within-traits.ts'
import { XAI } from './xai/entry.ts'

/** Every provider, by OpenRouter's slug where it has one. A new one is its directory, and its name here. */
export const PROVIDERS: Readonly<Record<string, ProviderEntry>> = {
  'google-ai-studio': GOOGLE,
  'google-vertex': GOOGLE_VERTEX,
  openrouter: OPENROUTER,
  stability: STABILITY,
  openai: OPENAI,
  azure: AZURE,
  fal: FAL,
  ...OPENAI_COMPATIBLE,
  recraft: RECRAFT,
  'black-forest-labs': BFL,
  replicate: REPLICATE,
  alibaba: DASHSCOPE,
  seed: SEED,
  volcengine: VOLCENGINE,
  xai: XAI,
  midjourney: MIDJOURNEY,
  ideogram: IDEOGRAM,
  automatic1111: AUTOMATIC1111,
  comfyui: COMFYUI,
}

/** All providers over one way out. Asking one without a credential is the router's mistake to avoid. */
export function makeProviders(upstream: Upstream): ReadonlyMap<string, Provider> {
  return new Map(Object.entries(PROVIDERS).map(([id, entry]) => [id, withinTraits(entry.make(upstream), entry.traits)]))
}
