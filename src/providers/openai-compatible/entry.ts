import type { ProviderEntry, Traits } from '../entry.ts'
import { DEEPINFRA, TOGETHER } from './hosted.ts'
import type { Preset } from './preset.ts'
import { makeOpenAiCompatible } from './provider.ts'
import { LOCALAI, PLAIN, SD_CPP, SGLANG, VLLM } from './self-hosted.ts'

const PRESETS: readonly Preset[] = [TOGETHER, DEEPINFRA, VLLM, SGLANG, LOCALAI, SD_CPP, PLAIN]

/** One entry for each kind of server, by its slug. */
export const OPENAI_COMPATIBLE: Readonly<Record<string, ProviderEntry>> = Object.fromEntries(
  PRESETS.map((preset) => [preset.quirks.slug, entryOf(preset)]),
)

/** Without a base URL of its own a server is the operator's to name, and its credential optional. */
export function entryOf(preset: Preset): ProviderEntry {
  const { name, settings, credentials, baseUrl, inFlight, quirks } = preset
  return {
    name,
    settings,
    credentials,
    baseUrl,
    ...(baseUrl === undefined && { keyless: true }),
    ...(inFlight !== undefined && { inFlight }),
    passThrough: quirks.passThrough,
    traits: traitsOf(preset),
    make: (upstream) => makeOpenAiCompatible(quirks, upstream),
  }
}

function traitsOf({ quirks, cost, refusal, client, source }: Preset): Traits {
  const { words, edits, masked, mostPerCall } = quirks
  return {
    edits: edits !== undefined,
    mask: masked !== undefined,
    seed: words.names.seed !== undefined || words.prompt === 'arguments in a tag',
    negativePrompt: words.names.negativePrompt !== undefined || words.prompt !== undefined,
    mostPerCall,
    formats: words.formats ?? [],
    progress: 'none',
    cost,
    refusal,
    client,
    source,
  }
}
