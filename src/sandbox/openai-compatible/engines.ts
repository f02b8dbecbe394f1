import type { InputPicture } from '../input-picture.ts'
import type { Handler, Refusal, SimulatorOptions } from '../simulator.ts'
import {
  choice,
  type Complaint,
  FLAG,
  type Fields,
  number,
  OBJECT,
  PICTURE,
  type Rules,
  SEED,
  TEXT,
  whole,
} from './fields.ts'
import { readPictures } from './given.ts'
import { type Job, sidesOf } from './job.ts'
import { ENGINE_MODELS } from './models.ts'
import { readFormBody, readJsonBody } from './reading.ts'
import { type Dialect, serverOf } from './server.ts'

const FORMATS = choice('png', 'jpeg', 'webp')
const BOTH: Rules = {
  prompt: TEXT,
  model: TEXT,
  size: TEXT,
  user: TEXT,
  seed: SEED,
  negative_prompt: TEXT,
  num_inference_steps: whole(1, 200),
  guidance_scale: number(0, 20),
  true_cfg_scale: number(0, 20),
  generator_device: TEXT,
  output_format: FORMATS,
}
const EDITS: Rules = { image: PICTURE, 'image[]': PICTURE, output_compression: whole(0, 100), background: TEXT }

const VLLM: Rules = {
  ...BOTH,
  n: whole(1, 10),
  response_format: choice('b64_json'),
  flow_shift: number(0, 100),
  lora: OBJECT,
  layers: whole(2, 10),
  vae_use_slicing: FLAG,
  vae_use_tiling: FLAG,
}

const SGLANG: Rules = {
  ...BOTH,
  // Clamped, never refused.
  n: whole(-1_000, 1_000),
  response_format: choice('b64_json', 'url'),
  quality: TEXT,
  style: TEXT,
  background: TEXT,
  output_compression: whole(0, 100),
  output_quality: TEXT,
  width: whole(1, 8_192),
  height: whole(1, 8_192),
  enable_teacache: FLAG,
  enable_upscaling: FLAG,
  upscaling_scale: whole(1, 8),
}

/**
 * vLLM-Omni, one model to a server, open unless started with a key. Source: https://docs.vllm.ai/projects/vllm-omni, image generation
 * and image edit API (read 2026-11-22). Another model than it has loaded is its 400; the sandbox has all of its table loaded.
 */
export function vllmSimulator(options: SimulatorOptions): Handler {
  return engine(
    {
      slug: 'vllm',
      answer: ({ format, width, height }, pictures, { created }) => ({
        created,
        data: pictures.map(({ inText }) => ({ b64_json: inText(), url: null, revised_prompt: null })),
        output_format: format,
        size: `${width}x${height}`,
      }),
    },
    { words: VLLM, edits: { ...VLLM, ...EDITS }, other: mismatch, mostPictures: 10, usualFormat: 'png' },
    options,
  )
}

function mismatch({ model }: Fields): Refusal | undefined {
  if (typeof model !== 'string' || ENGINE_MODELS.includes(model)) return undefined
  return detail(400, `Model mismatch: request specifies '${model}' but server is running '${ENGINE_MODELS[0]}'.`)
}

/**
 * SGLang-Diffusion: paints with what it has loaded whatever model is named, and clamps `n`. Sources:
 * https://docs.sglang.io/diffusion/api/openai_api.html, its image_api.py (read 2026-11-22).
 */
export function sglangSimulator(options: SimulatorOptions): Handler {
  return engine(
    {
      slug: 'sglang',
      answer: ({ prompt, count }, pictures, { id, created }) => ({
        id,
        created,
        data: pictures.map(({ inText, url }) => ({
          ...(url === undefined ? { b64_json: inText(), url: null } : { b64_json: null, url }),
          revised_prompt: prompt,
          file_path: null,
        })),
        usage: { image_count: count },
      }),
      // On the server itself, without its name.
      address: (base, name) => {
        const [, id = '', variant = ''] = /^(.*)-(\d+)$/u.exec(name) ?? []
        return `${new URL(base).pathname.replace(/\/$/u, '')}/v1/images/${id}/content?variant=${variant}`
      },
    },
    {
      words: SGLANG,
      edits: { ...SGLANG, ...EDITS, mask: PICTURE },
      other: () => undefined,
      mostPictures: 10,
      usualFormat: 'png',
    },
    options,
  )
}

interface Engine {
  readonly words: Rules
  readonly edits: Rules
  other(fields: Fields): Refusal | undefined
  readonly mostPictures: number
  readonly usualFormat: Job['format']
}

function engine(
  own: Pick<Dialect, 'slug' | 'answer' | 'address'>,
  { words, edits, other, mostPictures, usualFormat }: Engine,
  options: SimulatorOptions,
): Handler {
  const common = { complaint: pydantic, price: () => 0n }
  const job = (fields: Fields, references: readonly InputPicture[]) =>
    other(fields) ?? jobOf(fields, references, mostPictures, usualFormat)
  const wordsReader = readJsonBody({
    ...common,
    rules: words,
    required: ['prompt'],
    unreadable: detail(422, [{ loc: ['body'], msg: 'JSON decode error', type: 'json_invalid' }]),
    job: (fields) => job(fields, []),
  })
  const editsReader = readFormBody({
    ...common,
    rules: edits,
    required: ['prompt'],
    unreadable: detail(422, [{ loc: ['body', 'prompt'], msg: 'Field required', type: 'missing' }]),
    async job(fields) {
      const given = fields['image'] ?? fields['image[]']
      if (given === undefined) return detail(422, "Field 'image' or 'url' is required")
      const references = await readPictures(given, 'file')
      return references === undefined ? detail(400, 'Failed to process image source') : job(fields, references)
    },
  })
  const readers = { '/images/generations': wordsReader, '/images/edits': editsReader }
  return serverOf(
    {
      ...own,
      refuseKey,
      reader: (path) => (Object.hasOwn(readers, path) ? readers[path as keyof typeof readers] : undefined),
      refusal: (status, says) => detail(status, says ?? usualWords(status)),
      free: (path) =>
        path === '/models'
          ? { object: 'list', data: ENGINE_MODELS.map((id) => ({ id, object: 'model', owned_by: own.slug })) }
          : undefined,
    },
    options,
  )
}

/** Fields that are in the job under names of their own, or say nothing about the picture. */
const ELSEWHERE = new Set([
  'prompt',
  'model',
  'n',
  'size',
  'user',
  'image',
  'image[]',
  'mask',
  'response_format',
  'output_format',
  'output_compression',
])

function jobOf(fields: Fields, references: readonly InputPicture[], most: number, usual: Job['format']): Job | Refusal {
  const { prompt, model = ENGINE_MODELS[0], n = 1, size, width, height, output_format: format = usual } = fields
  const [first] = references
  const asked = size === 'auto' ? undefined : size
  const own = first === undefined ? ([1024, 1024] as const) : ([first.width, first.height] as const)
  const sides = asked === undefined ? ([Number(width ?? own[0]), Number(height ?? own[1])] as const) : sidesOf(asked)
  if (sides === undefined)
    return detail(400, `Invalid size format: '${String(size)}'. Expected format: 'WIDTHxHEIGHT' (e.g., '1024x1024').`)
  const { output_compression: compression, response_format: back } = fields
  const steers = Object.entries(fields).filter(([field]) => !ELSEWHERE.has(field))
  return {
    model: String(model),
    prompt: String(prompt),
    width: sides[0],
    height: sides[1],
    count: Math.max(1, Math.min(most, Number(n))),
    format: format as Job['format'],
    ...(compression !== undefined && { quality: Math.max(1, Number(compression)) }),
    references,
    look: Object.fromEntries(steers),
    byAddress: back === 'url',
  }
}

function refuseKey(authorization: string | undefined): Refusal | undefined {
  return authorization?.includes('invalid') === true ? { status: 401, body: { error: 'Unauthorized' } } : undefined
}

function usualWords(status: number): string {
  if (status === 404) return 'Not Found'
  if (status === 503) return 'Diffusion engine not initialized. Start server with a diffusion model.'
  return status >= 500 ? 'Image generation failed: CUDA out of memory.' : `Status ${status}.`
}

function pydantic({ field, says, is }: Complaint): Refusal {
  const type = is === 'missing' ? 'missing' : is === 'unknown' ? 'extra_forbidden' : 'value_error'
  return detail(422, [{ loc: ['body', field], msg: says, type }])
}

function detail(status: number, says: unknown): Refusal {
  return { status, body: { detail: says } }
}
