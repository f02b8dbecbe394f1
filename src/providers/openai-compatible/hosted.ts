import { BASICS, type Preset } from './preset.ts'
import type { Endpoint } from './quirks.ts'

/**
 * Together. Left out of what is passed through: `steps`, which multiplies the price beyond the model's own number, and `image_loras`,
 * which makes Together fetch addresses. References go by family: `image_url` for FLUX.1 Kontext, `reference_images` for the others.
 */
export const TOGETHER: Preset = {
  name: 'Together',
  settings: 'TOGETHER',
  credentials: ['TOGETHER_API_KEY', 'TOGETHER_AI_API_KEY'],
  baseUrl: 'https://api.together.xyz/v1',
  cost: 'list price',
  refusal: '422 with an error that speaks of NSFW content',
  client: '@ai-sdk/togetherai',
  source: 'https://docs.together.ai, together-ai for TypeScript and @ai-sdk/togetherai 3.0.54, read 2026-11-22',
  quirks: {
    slug: 'together',
    isOwn: false,
    words: together(),
    edits: {
      ...together(),
      references: [
        { models: /kontext/i, field: 'image_url', takes: 'one', written: 'data URL' },
        { field: 'reference_images', takes: 'list', written: 'data URL' },
      ],
    },
    mostPerCall: 4,
    passThrough: ['guidance_scale', 'disable_safety_checker'],
    about: '/models',
  },
}

function together(): Endpoint {
  return {
    path: '/images/generations',
    as: 'json',
    always: { response_format: 'base64' },
    names: { ...BASICS, seed: 'seed', negativePrompt: 'negative_prompt', format: 'output_format' },
    shape: 'sides',
    formats: ['png', 'jpeg'],
  }
}

/**
 * DeepInfra: pictures from words by its own API, which alone tells the cost and takes a seed; edits by its OpenAI-compatible one, as its
 * client does it. One picture per call: how many either takes is not documented. Left out of what is passed through:
 * `num_inference_steps`, which multiplies the price.
 */
export const DEEPINFRA: Preset = {
  name: 'DeepInfra',
  settings: 'DEEPINFRA',
  credentials: ['DEEPINFRA_API_KEY', 'DEEPINFRA_TOKEN', 'DEEPINFRA_API_TOKEN'],
  baseUrl: 'https://api.deepinfra.com/v1',
  cost: 'reported',
  refusal: 'pictures flagged in nsfw_content_detected',
  client: '@ai-sdk/deepinfra',
  source: 'https://deepinfra.com/docs/inference, model pages and @ai-sdk/deepinfra 3.0.57, read 2026-11-22',
  quirks: {
    slug: 'deepinfra',
    isOwn: false,
    words: {
      path: '/inference/{model}',
      as: 'json',
      names: { n: 'num_images', seed: 'seed' },
      shape: 'sides',
    },
    edits: { ...deepinfraEdits(), references: [{ field: 'image', takes: 'list' }] },
    masked: {
      ...deepinfraEdits(),
      references: [{ field: 'image', takes: 'list' }],
      mask: { field: 'mask', repaints: 'transparent' },
    },
    mostPerCall: 1,
    passThrough: ['negative_prompt', 'guidance_scale', 'safety_tolerance', 'prompt_upsampling'],
    about: '/me',
  },
}

function deepinfraEdits(): Endpoint {
  return { path: '/openai/images/edits', as: 'form', names: BASICS, shape: 'size', passes: [] }
}
