import { FLUX_MODELS, SCHNELL } from './flux-models.ts'
import {
  ANY,
  BASE,
  BOOLEAN,
  cents,
  choice,
  EIGHT,
  ELEVEN,
  NINE,
  number,
  PICTURE,
  type Price,
  SEED,
  type SimulatedModel,
  TEXT,
  whole,
} from './schema.ts'

const LUMA: SimulatedModel = {
  ...BASE,
  rules: {
    prompt: TEXT,
    aspect_ratio: choice('1:1', '3:4', '4:3', '9:16', '16:9', '9:21', '21:9'),
    image_reference_url: PICTURE,
    image_reference_weight: number(0, 1),
    ...SEED,
  },
  ratio: '16:9',
  price: cents(3),
}

function seedream(most: number, sizes: readonly string[], price: Price, more: SimulatedModel['rules']): SimulatedModel {
  return {
    ...BASE,
    rules: {
      prompt: TEXT,
      image_input: { is: 'pictures', most },
      size: choice(...sizes),
      aspect_ratio: choice('match_input_image', ...EIGHT),
      ...more,
    },
    side: 2048,
    follows: 'unless told',
    output: 'list',
    price,
  }
}

const CUSTOM = { width: whole(1024, 4096), height: whole(1024, 4096), enhance_prompt: BOOLEAN } as const
/**
 * What each model takes and costs: the simulator's own table, written from the models' schemas and prices, which shares nothing with the
 * adapter or the catalogue, so that a slip in one shows against the other.
 * Sources: https://replicate.com/<owner>/<name>/api/schema, the prices on the models' pages (read 2026-11-22).
 */
const MODELS: Readonly<Record<string, SimulatedModel>> = {
  ...FLUX_MODELS,
  'bytedance/seedream-4': seedream(10, ['1K', '2K', '4K', 'custom'], cents(3), CUSTOM),
  'bytedance/seedream-4.5': seedream(14, ['2K', '4K', 'custom'], cents(4), CUSTOM),
  'bytedance/seedream-5-lite': seedream(14, ['2K', '3K'], cents(3.5), { output_format: choice('png', 'jpeg') }),
  'ideogram-ai/ideogram-v3-turbo': {
    ...BASE,
    rules: {
      prompt: TEXT,
      aspect_ratio: choice(...NINE, '1:2', '2:1', '1:3', '3:1', '10:16', '16:10'),
      image: PICTURE,
      mask: PICTURE,
      style_type: choice('None', 'Auto', 'General', 'Realistic', 'Design'),
      magic_prompt_option: choice('Auto', 'On', 'Off'),
      ...SEED,
    },
    follows: 'always',
    format: 'png',
    price: cents(3),
  },
  'luma/photon': LUMA,
  'luma/photon-flash': { ...LUMA, price: cents(1) },
  'minimax/image-01': {
    ...BASE,
    rules: {
      prompt: TEXT,
      aspect_ratio: choice(...EIGHT),
      number_of_images: whole(1, 9),
      subject_reference: PICTURE,
      prompt_optimizer: BOOLEAN,
    },
    output: 'list',
    price: cents(1),
  },
  'qwen/qwen-image': {
    ...SCHNELL,
    rules: {
      prompt: TEXT,
      negative_prompt: TEXT,
      aspect_ratio: choice('1:1', '16:9', '9:16', '4:3', '3:4', '3:2', '2:3'),
      image: PICTURE,
      strength: number(0, 1),
      guidance: number(0, 10),
      num_inference_steps: whole(1, 50),
      go_fast: BOOLEAN,
      ...SEED,
      ...ANY,
    },
    price: cents(2.5),
  },
  'stability-ai/stable-diffusion-3.5-large': {
    ...BASE,
    rules: {
      prompt: TEXT,
      aspect_ratio: choice(...ELEVEN),
      image: PICTURE,
      prompt_strength: number(0, 1),
      cfg: number(1, 10),
      ...SEED,
      ...ANY,
    },
    follows: 'always',
    format: 'webp',
    price: cents(6.5),
  },
  'prunaai/p-image-edit': {
    ...BASE,
    rules: {
      prompt: TEXT,
      images: { is: 'pictures', most: 5 },
      aspect_ratio: choice('match_input_image', ...NINE),
      turbo: BOOLEAN,
      disable_safety_checker: BOOLEAN,
      ...SEED,
    },
    required: ['prompt', 'images'],
    follows: 'unless told',
    price: cents(1),
  },
  'nvidia/sana': {
    ...BASE,
    version: 'c6b5d2b7459910fec94432e9e1203c3cdce92d6db20f714f1355747990b52fa6',
    rules: {
      prompt: TEXT,
      negative_prompt: TEXT,
      width: whole(64, 4096),
      height: whole(64, 4096),
      num_inference_steps: whole(1, 100),
      guidance_scale: number(1, 20),
      ...SEED,
    },
    required: [],
    price: cents(0.4),
  },
  'wan-video/wan-2.7-image': {
    ...BASE,
    rules: { prompt: TEXT, images: { is: 'pictures', most: 9 }, size: { is: 'size' }, ...SEED },
    side: 2048,
    format: 'png',
    price: cents(3),
  },
}

/** An official model by its name, or a community's by its version. */
export function findModel(id: string): SimulatedModel | undefined {
  const [name = '', version] = id.split(':')
  const model = Object.hasOwn(MODELS, name) ? MODELS[name] : undefined
  return model?.version === version ? model : undefined
}

/** Name and all of the model that a version is of. */
export function findVersion(version: string): readonly [id: string, model: SimulatedModel] | undefined {
  const official = findModel(version)
  if (official !== undefined) return [version, official]
  const [name, model] = Object.entries(MODELS).find(([, each]) => each.version === version) ?? []
  return name === undefined || model === undefined ? undefined : [`${name}:${version}`, model]
}
