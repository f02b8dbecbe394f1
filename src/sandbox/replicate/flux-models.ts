import {
  ANY,
  BASE,
  BOOLEAN,
  cents,
  choice,
  ELEVEN,
  JPG,
  NINE,
  number,
  PICTURE,
  type Price,
  SAFETY,
  SEED,
  type SimulatedModel,
  TEXT,
  whole,
} from './schema.ts'

export const SCHNELL: SimulatedModel = {
  ...BASE,
  rules: {
    prompt: TEXT,
    aspect_ratio: choice(...ELEVEN),
    num_outputs: whole(1, 4),
    num_inference_steps: whole(1, 4),
    megapixels: choice('1', '0.25'),
    go_fast: BOOLEAN,
    disable_safety_checker: BOOLEAN,
    ...SEED,
    ...ANY,
  },
  format: 'webp',
  output: 'list',
  price: cents(0.3),
}

function flux2(most: number, longest: number, price: Price, more: SimulatedModel['rules']): SimulatedModel {
  const side = { ...whole(256, longest), step: 32 }
  return {
    ...BASE,
    rules: {
      prompt: TEXT,
      input_images: { is: 'pictures', most },
      aspect_ratio: choice('match_input_image', 'custom', ...NINE),
      width: side,
      height: side,
      ...SEED,
      ...ANY,
      ...more,
    },
    format: 'webp',
    price,
  }
}

function kontext(price: Price): SimulatedModel {
  return {
    ...BASE,
    rules: {
      prompt: TEXT,
      input_image: PICTURE,
      aspect_ratio: choice('match_input_image', ...ELEVEN, '2:1', '1:2'),
      prompt_upsampling: BOOLEAN,
      ...SEED,
      ...JPG,
      ...SAFETY,
    },
    follows: 'unless told',
    format: 'png',
    price,
  }
}

const STEPS = { steps: whole(1, 50), guidance: number(1.5, 10) } as const
const PRO = { ...SAFETY, prompt_upsampling: BOOLEAN } as const

/** By name. */
export const FLUX_MODELS: Readonly<Record<string, SimulatedModel>> = {
  'black-forest-labs/flux-2-pro': flux2(8, 2048, { per: 'megapixel', run: 15_000_000n, nanos: 15_000_000n }, SAFETY),
  'black-forest-labs/flux-2-flex': flux2(
    10,
    2048,
    { per: 'megapixel', run: 0n, nanos: 50_000_000n },
    { ...PRO, ...STEPS },
  ),
  'black-forest-labs/flux-2-dev': flux2(
    4,
    1440,
    { per: 'megapixel', run: 0n, nanos: 12_000_000n },
    { go_fast: BOOLEAN },
  ),
  'black-forest-labs/flux-1.1-pro': withoutPictures(flux2(0, 1440, cents(4), PRO)),
  'black-forest-labs/flux-1.1-pro-ultra': {
    ...BASE,
    rules: { prompt: TEXT, aspect_ratio: choice(...ELEVEN), raw: BOOLEAN, ...SEED, ...JPG, ...SAFETY },
    side: 2048,
    price: cents(6),
  },
  'black-forest-labs/flux-kontext-pro': kontext(cents(4)),
  'black-forest-labs/flux-kontext-max': kontext(cents(8)),
  'black-forest-labs/flux-fill-pro': {
    ...BASE,
    rules: { prompt: TEXT, image: PICTURE, mask: PICTURE, ...PRO, ...STEPS, ...SEED, ...JPG },
    required: ['prompt', 'image'],
    follows: 'always',
    price: cents(5),
  },
  'black-forest-labs/flux-schnell': SCHNELL,
  'black-forest-labs/flux-dev': {
    ...SCHNELL,
    rules: {
      ...SCHNELL.rules,
      image: PICTURE,
      prompt_strength: number(0, 1),
      guidance: number(0, 10),
      num_inference_steps: whole(1, 50),
    },
    follows: 'always',
    price: cents(2.5),
  },
}

function withoutPictures({ rules: { input_images: _, ...rules }, ...model }: SimulatedModel): SimulatedModel {
  return { ...model, rules: { ...rules, aspect_ratio: choice('custom', ...NINE) } }
}
