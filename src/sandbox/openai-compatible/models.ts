/** What of each server the sandbox stands in for. Apart from the simulators, since every start of a gateway asks this. */

interface TogetherModel {
  /** The field that takes references; absent: it takes none. */
  readonly references?: 'image_url' | 'reference_images'
  /** Nano-dollars per megapixel. */
  readonly nanos: bigint
}

/**
 * Together bills by the megapixel of output (https://docs.together.ai/docs/serverless/overview, read 2026-11-22). The rates are the makers'
 * own list prices where Together's are not known for certain.
 */
export const TOGETHER_MODELS: Readonly<Record<string, TogetherModel>> = {
  'black-forest-labs/FLUX.1-schnell': { nanos: 3_000_000n },
  'black-forest-labs/FLUX.1-dev': { nanos: 25_000_000n },
  'black-forest-labs/FLUX.1.1-pro': { nanos: 40_000_000n },
  'black-forest-labs/FLUX.1-kontext-pro': { references: 'image_url', nanos: 40_000_000n },
  'black-forest-labs/FLUX.1-kontext-max': { references: 'image_url', nanos: 80_000_000n },
  'black-forest-labs/FLUX.2-dev': { references: 'reference_images', nanos: 15_400_000n },
  'stabilityai/stable-diffusion-xl-base-1.0': { nanos: 1_900_000n },
}

interface DeepInfraModel {
  /** Whether it makes pictures from words, or edits pictures. */
  readonly does: 'words' | 'edits'
  /** Nano-dollars of a picture, or of one of 1024x1024 where it is billed by its area. */
  readonly nanos: bigint
  readonly byArea: boolean
}

/** Prices as its model pages have them (read 2026-11-22); those that count steps, at the model's usual number of them. */
export const DEEPINFRA_MODELS: Readonly<Record<string, DeepInfraModel>> = {
  'black-forest-labs/FLUX-1-schnell': { does: 'words', nanos: 500_000n, byArea: true },
  'black-forest-labs/FLUX-1.1-pro': { does: 'words', nanos: 40_000_000n, byArea: false },
  'Qwen/Qwen-Image': { does: 'words', nanos: 20_000_000n, byArea: false },
  'Qwen/Qwen-Image-Edit': { does: 'edits', nanos: 25_000_000n, byArea: true },
}

/** Models of vLLM-Omni and SGLang-Diffusion that are in their tables of supported ones. The sandbox has all of them loaded at once. */
export const ENGINE_MODELS: readonly string[] = [
  'Qwen/Qwen-Image',
  'Qwen/Qwen-Image-Edit-2511',
  'Tongyi-MAI/Z-Image-Turbo',
  'black-forest-labs/FLUX.1-dev',
  'black-forest-labs/FLUX.1-schnell',
  'black-forest-labs/FLUX.2-dev',
  'black-forest-labs/FLUX.2-klein-4B',
  'black-forest-labs/FLUX.2-klein-9B',
  'stabilityai/stable-diffusion-3.5-large',
  'zai-org/GLM-Image',
  'tencent/HunyuanImage-3.0',
  'inclusionAI/Ming-Image-0.1-Design',
  'Efficient-Large-Model/SANA1.5_4.8B_1024px',
]

/** Whether the simulator of this server serves the model. Operators name models of their own as they like. */
export const OPENAI_COMPATIBLE_SERVES: Readonly<Record<string, (model: string) => boolean>> = {
  together: (model) => Object.hasOwn(TOGETHER_MODELS, model),
  deepinfra: (model) => Object.hasOwn(DEEPINFRA_MODELS, model),
  vllm: (model) => ENGINE_MODELS.includes(model),
  sglang: (model) => ENGINE_MODELS.includes(model),
  localai: () => true,
  'sd-cpp': () => true,
  'openai-compatible': () => true,
}
