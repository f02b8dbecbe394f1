import { BASICS, editing, EVERY_FORMAT, type Preset } from './preset.ts'
import type { Endpoint } from './quirks.ts'

/**
 * Anything else that speaks `POST /v1/images/generations` and `/v1/images/edits`: only what OpenAI itself has always had is sent, since
 * strict servers refuse a field that they do not know. Whatever else one understands can be passed through.
 */
export const PLAIN: Preset = {
  name: 'OpenAI-compatible',
  settings: 'OPENAI_COMPATIBLE',
  credentials: ['OPENAI_COMPATIBLE_API_KEY'],
  baseUrl: undefined,
  cost: 'tokens',
  refusal: '400 with code moderation_blocked or content_policy_violation',
  client: 'openai',
  source: 'https://platform.openai.com/docs/api-reference/images and openai 7.57.0, read 2026-11-22',
  quirks: {
    slug: 'openai-compatible',
    isOwn: false,
    words: {
      path: '/images/generations',
      as: 'json',
      names: { ...BASICS, quality: 'quality', background: 'background' },
      shape: 'size',
    },
    ...editing({ names: { ...BASICS, quality: 'quality', background: 'background' } }, 'transparent'),
    mostPerCall: 10,
    passThrough: [
      'seed',
      'negative_prompt',
      'num_inference_steps',
      'steps',
      'guidance_scale',
      'response_format',
      'output_format',
      'output_compression',
      'style',
      'moderation',
      'input_fidelity',
    ],
    about: '/models',
  },
}

const DIFFUSION = { ...BASICS, seed: 'seed', negativePrompt: 'negative_prompt', format: 'output_format' } as const

/** vLLM-Omni. Its masks are documented as texts only, so none is sent. */
export const VLLM: Preset = {
  name: 'vLLM-Omni',
  settings: 'VLLM',
  credentials: ['VLLM_API_KEY'],
  baseUrl: undefined,
  cost: 'list price',
  refusal: 'none',
  client: 'openai',
  source: 'https://docs.vllm.ai/projects/vllm-omni, image generation and image edit API, read 2026-11-22',
  quirks: {
    slug: 'vllm',
    isOwn: true,
    ignoresModel: true,
    words: {
      path: '/images/generations',
      as: 'json',
      names: DIFFUSION,
      shape: 'size',
      formats: EVERY_FORMAT,
    },
    edits: {
      path: '/images/edits',
      as: 'form',
      names: { ...DIFFUSION, compression: 'output_compression', background: 'background' },
      shape: 'size',
      formats: EVERY_FORMAT,
      references: [{ field: 'image', takes: 'list' }],
    },
    mostPerCall: 10,
    passThrough: [
      'num_inference_steps',
      'guidance_scale',
      'true_cfg_scale',
      'flow_shift',
      'generator_device',
      'lora',
      'vae_use_slicing',
      'vae_use_tiling',
    ],
    about: '/models',
  },
}

/** SGLang-Diffusion. Its edit endpoint has a field for a mask and does nothing with it, so none is sent. */
export const SGLANG: Preset = {
  name: 'SGLang-Diffusion',
  settings: 'SGLANG',
  credentials: ['SGLANG_API_KEY'],
  baseUrl: undefined,
  cost: 'list price',
  refusal: 'none',
  client: 'openai',
  source: 'https://docs.sglang.io/diffusion/api/openai_api.html and its image_api.py, read 2026-11-22',
  quirks: {
    slug: 'sglang',
    isOwn: true,
    ignoresModel: true,
    words: { path: '/images/generations', as: 'json', ...sglang() },
    edits: { path: '/images/edits', as: 'form', ...sglang(), references: [{ field: 'image', takes: 'list' }] },
    mostPerCall: 10,
    passThrough: [
      'num_inference_steps',
      'guidance_scale',
      'true_cfg_scale',
      'generator_device',
      'enable_teacache',
      'enable_upscaling',
      'upscaling_scale',
      'output_quality',
    ],
    about: '/models',
  },
}

function sglang() {
  return {
    // Older releases hand over addresses of their own unless told.
    always: { response_format: 'b64_json' },
    names: { ...DIFFUSION, compression: 'output_compression', background: 'background', quality: 'quality' },
    shape: 'size',
    formats: EVERY_FORMAT,
  } as const
}

/** LocalAI: the negative prompt stands behind a bar, references are bare base64, and a mask has an endpoint that makes 512x512. */
export const LOCALAI: Preset = {
  name: 'LocalAI',
  settings: 'LOCALAI',
  credentials: ['LOCALAI_API_KEY'],
  baseUrl: undefined,
  // One backend, one picture after the other.
  inFlight: 1,
  cost: 'list price',
  refusal: 'none',
  client: 'openai',
  source: 'https://localai.io/features/image-generation and its image.go and inpainting.go, read 2026-11-22',
  quirks: {
    slug: 'localai',
    isOwn: true,
    words: localai(),
    edits: { ...localai(), references: [{ field: 'ref_images', takes: 'list', written: 'bare' }] },
    masked: {
      path: '/images/inpainting',
      as: 'form',
      names: { model: 'model' },
      passes: [],
      references: [{ field: 'image', takes: 'one' }],
      mask: { field: 'mask', repaints: 'white' },
    },
    mostPerCall: 10,
    passThrough: ['step', 'mode'],
    about: '/models',
  },
}

function localai(): Endpoint {
  return {
    path: '/images/generations',
    as: 'json',
    always: { response_format: 'b64_json' },
    names: BASICS,
    shape: 'size',
    prompt: 'negative behind a bar',
  }
}

/** stable-diffusion.cpp's sd-server: one model, no name for it, and everything that OpenAI has no field for goes inside the prompt. */
export const SD_CPP: Preset = {
  name: 'stable-diffusion.cpp',
  settings: 'SD_CPP',
  credentials: ['SD_CPP_API_KEY'],
  baseUrl: undefined,
  inFlight: 1,
  cost: 'list price',
  refusal: 'none',
  client: 'openai',
  source: 'https://github.com/leejet/stable-diffusion.cpp, examples/server/api.md, read 2026-11-22',
  quirks: {
    slug: 'sd-cpp',
    isOwn: true,
    words: {
      path: '/images/generations',
      as: 'json',
      names: { n: 'n', format: 'output_format', compression: 'output_compression' },
      shape: 'size',
      formats: EVERY_FORMAT,
      prompt: 'arguments in a tag',
    },
    ...editing(
      {
        names: { n: 'n', format: 'output_format', compression: 'output_compression' },
        formats: ['png', 'jpeg'],
        prompt: 'arguments in a tag',
      },
      'white',
    ),
    mostPerCall: 4,
    passThrough: ['sample_params', 'strength', 'clip_skip', 'lora', 'vae_tiling_params'],
    about: '/models',
  },
}
