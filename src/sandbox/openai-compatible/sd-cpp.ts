import type { InputPicture } from '../input-picture.ts'
import type { Handler, Refusal, SimulatorOptions } from '../simulator.ts'
import { choice, type Fields, PICTURE, type Rules, TEXT, whole } from './fields.ts'
import { readPictures, shareOf } from './given.ts'
import { type Job, sidesOf } from './job.ts'
import { readFormBody, readJsonBody } from './reading.ts'
import { serverOf } from './server.ts'

const WORDS: Rules = {
  prompt: TEXT,
  n: whole(1, 100),
  size: TEXT,
  output_format: choice('png', 'jpeg', 'webp'),
  output_compression: whole(0, 100),
}

const EDITS: Rules = {
  ...WORDS,
  output_format: choice('png', 'jpeg'),
  image: PICTURE,
  'image[]': PICTURE,
  mask: PICTURE,
}

/** Of its native schema, which the tag inside a prompt is read by. */
const ARGUMENTS = new Set([
  'seed',
  'negative_prompt',
  'strength',
  'clip_skip',
  'lora',
  'sample_params',
  'vae_tiling_params',
  'width',
  'height',
  'batch_count',
])

const TAG = /<sd_cpp_extra_args>(.*?)<\/sd_cpp_extra_args>/u

/**
 * stable-diffusion.cpp's sd-server: no credential, no name of a model, and orders inside the prompt. Sources: its examples/server/api.md
 * and routes_openai.cpp (read 2026-11-22).
 */
export function sdCppSimulator(options: SimulatorOptions): Handler {
  const common = {
    complaint: ({ field, is }: { field: string; is: string }) =>
      refused(400, is === 'missing' ? `${field} required` : `invalid params: ${field}`),
    price: () => 0n,
    required: ['prompt'],
  }
  const words = readJsonBody({
    ...common,
    rules: WORDS,
    unreadable: serverError('parse error'),
    job: (fields) => jobOf(fields, []),
  })
  const edits = readFormBody({
    ...common,
    rules: EDITS,
    unreadable: refused(400, 'Content-Type must be multipart/form-data'),
    async job(fields) {
      const given = fields['image[]'] ?? fields['image']
      if (given === undefined) return refused(400, 'at least one image[] required')
      const references = (await readPictures(given, 'file')) ?? []
      const [mask] = (await readPictures(fields['mask'], 'file')) ?? []
      return jobOf(fields, references, mask)
    },
  })
  return serverOf(
    {
      slug: 'sd-cpp',
      refuseKey: () => undefined,
      reader: (path) => (path === '/images/generations' ? words : path === '/images/edits' ? edits : undefined),
      refusal: (status, says) =>
        status >= 500 ? serverError(says ?? `status ${status}`) : refused(status, says ?? `status ${status}`),
      answer: ({ format }, pictures, { created }) => ({
        created,
        data: pictures.map(({ inText }) => ({ b64_json: inText() })),
        output_format: format,
      }),
      free: (path) =>
        path === '/models' ? { data: [{ id: 'sd-cpp-local', object: 'model', owned_by: 'local' }] } : undefined,
    },
    options,
  )
}

async function jobOf(fields: Fields, references: readonly InputPicture[], mask?: InputPicture): Promise<Job | Refusal> {
  const { n = 1, size, output_format: format = 'png', output_compression: compression } = fields
  const given = String(fields['prompt'])
  const found = argumentsIn(given)
  if (found === undefined) return refused(400, 'invalid sd_cpp_extra_args')
  const [first] = references
  const own = first === undefined ? ([512, 512] as const) : ([first.width, first.height] as const)
  const [width, height] = sidesOf(size) ?? own
  return {
    model: 'sd-cpp-local',
    prompt: given.replace(TAG, '').trim(),
    width,
    height,
    count: Number(n),
    format: format as Job['format'],
    ...(compression !== undefined && { quality: Math.max(1, Number(compression)) }),
    references,
    look: { ...found, repainted: mask && (await shareOf(mask, 'white')) },
  }
}

/** Undefined: what is in the tag cannot be taken. */
function argumentsIn(prompt: string): Fields | undefined {
  const [, text] = TAG.exec(prompt) ?? []
  if (text === undefined) return {}
  try {
    const found: unknown = JSON.parse(text)
    if (typeof found !== 'object' || found === null) return undefined
    return Object.keys(found).every((name) => ARGUMENTS.has(name)) ? (found as Fields) : undefined
  } catch {
    return undefined
  }
}

function refused(status: number, error: string): Refusal {
  return { status, body: { error } }
}

function serverError(message: string): Refusal {
  return { status: 500, body: { error: 'server_error', message } }
}
