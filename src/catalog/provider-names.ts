import { editDistance } from './names.ts'

/** A provider as it is called: by callers, by the operator's settings, in listings. */
export interface ProviderName {
  /** OpenRouter's slug where it has one. */
  readonly slug: string
  /** OpenRouter's display name where it has one: `Google AI Studio`. */
  readonly name: string
  /** The middle of this provider's settings: `PLANTAIN_GOOGLE_BASE_URL`. */
  readonly settings: string
  readonly privacyPolicyUrl: string | null
}

/**
 * Every provider that a route of the catalogue names. Display names as in @openrouter/sdk 1.3.19 for those that OpenRouter has.
 * Privacy pages are general knowledge of November 2026, null where not known.
 */
export const PROVIDER_NAMES: readonly ProviderName[] = [
  named('google-ai-studio', 'Google AI Studio', 'GOOGLE', 'https://policies.google.com/privacy'),
  named('google-vertex', 'Google', 'GOOGLE_VERTEX', 'https://cloud.google.com/terms/cloud-privacy-notice'),
  named('openai', 'OpenAI', 'OPENAI', 'https://openai.com/policies/privacy-policy/'),
  named('openrouter', 'OpenRouter', 'OPENROUTER', 'https://openrouter.ai/privacy'),
  named('azure', 'Azure', 'AZURE', 'https://www.microsoft.com/en-us/privacy/privacystatement'),
  named('azure-ai', 'Azure AI', 'AZURE_AI', 'https://www.microsoft.com/en-us/privacy/privacystatement'),
  named('black-forest-labs', 'Black Forest Labs', 'BFL', null),
  named('stability', 'Stability AI', 'STABILITY', 'https://stability.ai/privacy-policy'),
  named('alibaba', 'Alibaba', 'DASHSCOPE', null),
  named('seed', 'Seed', 'ARK', null),
  named('volcengine', 'Volcengine', 'VOLCENGINE', null),
  named('xai', 'xAI', 'XAI', 'https://x.ai/legal/privacy-policy'),
  named('recraft', 'Recraft', 'RECRAFT', 'https://www.recraft.ai/privacy'),
  named('ideogram', 'Ideogram', 'IDEOGRAM', null),
  named('luma', 'Luma', 'LUMA', null),
  named('runway', 'Runway', 'RUNWAY', 'https://runwayml.com/privacy-policy'),
  named('minimax', 'Minimax', 'MINIMAX', null),
  named('amazon-bedrock', 'Amazon Bedrock', 'BEDROCK', 'https://aws.amazon.com/privacy/'),
  named('fal', 'fal', 'FAL', 'https://fal.ai/legal/privacy-policy'),
  named('replicate', 'Replicate', 'REPLICATE', 'https://replicate.com/privacy'),
  named('together', 'Together', 'TOGETHER', 'https://www.together.ai/privacy'),
  named('fireworks', 'Fireworks', 'FIREWORKS', 'https://fireworks.ai/privacy-policy'),
  named('deepinfra', 'DeepInfra', 'DEEPINFRA', 'https://deepinfra.com/privacy'),
  named('nvidia', 'Nvidia', 'NVIDIA', null),
  named('nscale', 'Nscale', 'NSCALE', null),
  named('prodia', 'Prodia', 'PRODIA', null),
  named('runware', 'Runware', 'RUNWARE', null),
  named('vercel', 'Vercel AI Gateway', 'VERCEL', 'https://vercel.com/legal/privacy-policy'),
  named('aimlapi', 'AI/ML API', 'AIMLAPI', null),
  named('comfy-router', 'Comfy Router', 'COMFY_ROUTER', null),
  named('midjourney', 'Midjourney', 'MIDJOURNEY', null),
  named('new-api', 'New API', 'NEW_API', null),
  named('vllm', 'vLLM-Omni', 'VLLM', null),
  named('sglang', 'SGLang-Diffusion', 'SGLANG', null),
  named('localai', 'LocalAI', 'LOCALAI', null),
  named('sd-cpp', 'stable-diffusion.cpp', 'SD_CPP', null),
  named('openai-compatible', 'OpenAI-compatible', 'OPENAI_COMPATIBLE', null),
  named('comfyui', 'ComfyUI', 'COMFYUI', null),
  named('automatic1111', 'AUTOMATIC1111', 'SD_WEBUI', null),
  named('self-hosted', 'Self-hosted', 'SELF_HOSTED', null),
]

/**
 * The provider that a caller means: by slug or display name in any case. A region or variant behind the slug is passed over
 * (`google-vertex/us-east5`): routes have none here, so a full slug means all of the provider's. Undefined when nothing is called so.
 */
export function findProvider(name: string): ProviderName | undefined {
  return providerCalled(name) ?? providerCalled(name.split('/')[0] ?? '')
}

/** The same without regions and variants: what is said of one of them is not said of the provider. */
export function providerCalled(name: string): ProviderName | undefined {
  return BY_NAME.get(name.trim().toLowerCase())
}

/** The names out of these that are most like this one, nearest first. */
export function nearestProviders(name: string, slugs: readonly string[]): readonly string[] {
  const wanted = name.slice(0, LONGEST_NAME).trim().toLowerCase()
  const distance = (slug: string) =>
    Math.min(editDistance(wanted, slug), editDistance(wanted, (findProvider(slug)?.name ?? slug).toLowerCase()))
  return [...new Set(slugs)]
    .map((slug) => ({ slug, far: distance(slug) }))
    .toSorted((a, b) => a.far - b.far)
    .map(({ slug }) => slug)
}

/** Letters of a name that are compared for likeness: no provider's name is longer, and the work grows with the length. */
const LONGEST_NAME = 60

/** Other names in use for the same: in OpenRouter's provider list, or by the makers. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'google vertex': 'google-vertex',
  vertex: 'google-vertex',
  'x-ai': 'xai',
  bfl: 'black-forest-labs',
  bedrock: 'amazon-bedrock',
  dashscope: 'alibaba',
  'byteplus-ark': 'seed',
  byteplus: 'seed',
  'volcengine-ark': 'volcengine',
  stabilityai: 'stability',
  'vercel-gateway': 'vercel',
  'nvidia-nim': 'nvidia',
  'midjourney-proxy': 'midjourney',
  'fal.ai': 'fal',
  a1111: 'automatic1111',
  forge: 'automatic1111',
  sdnext: 'automatic1111',
}

const BY_NAME = new Map<string, ProviderName>(
  PROVIDER_NAMES.flatMap((provider) => [
    [provider.slug, provider],
    [provider.name.toLowerCase(), provider],
    ...Object.entries(OTHER_NAMES).flatMap(([other, slug]) =>
      slug === provider.slug ? [[other, provider] as const] : [],
    ),
  ]),
)

function named(slug: string, name: string, settings: string, privacyPolicyUrl: string | null): ProviderName {
  return { slug, name, settings, privacyPolicyUrl }
}
