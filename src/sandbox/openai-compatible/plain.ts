import type { InputPicture } from '../input-picture.ts'
import type { Handler, Refusal, SimulatorOptions } from '../simulator.ts'
import { choice, type Complaint, type Fields, PICTURE, type Rules, TEXT, whole } from './fields.ts'
import { readPictures, shareOf } from './given.ts'
import { type Job, sidesOf } from './job.ts'
import { readFormBody, readJsonBody } from './reading.ts'
import { serverOf } from './server.ts'

const BOTH: Rules = {
  model: TEXT,
  prompt: TEXT,
  n: whole(1, 10),
  size: TEXT,
  quality: choice('auto', 'low', 'medium', 'high', 'standard', 'hd'),
  background: choice('auto', 'opaque', 'transparent'),
  output_format: choice('png', 'jpeg', 'webp'),
  output_compression: whole(0, 100),
  response_format: choice('b64_json', 'url'),
  user: TEXT,
}
const WORDS: Rules = { ...BOTH, moderation: choice('auto', 'low'), style: choice('vivid', 'natural') }
const EDITS: Rules = {
  ...BOTH,
  image: PICTURE,
  'image[]': PICTURE,
  mask: PICTURE,
  input_fidelity: choice('low', 'high'),
}

/** A picture of this host, which exists nowhere: a cent. */
const PICTURE_NANOS = 10_000_000n

/**
 * A host that copies OpenAI's Images API to the letter and nothing else. Source: https://platform.openai.com/docs/api-reference/images,
 * openai 7.57.0 (read 2026-11-22).
 */
export function plainSimulator(options: SimulatorOptions): Handler {
  const common = {
    complaint,
    unreadable: refused(400, 'We could not parse the body of your request.', null),
    price: ({ count }: Job) => BigInt(count) * PICTURE_NANOS,
    required: ['model', 'prompt'],
  }
  const words = readJsonBody({ ...common, rules: WORDS, job: (fields) => jobOf(fields, []) })
  const edits = readFormBody({
    ...common,
    rules: EDITS,
    async job(fields) {
      const references = await readPictures(fields['image'] ?? fields['image[]'], 'file')
      const [mask] = (await readPictures(fields['mask'], 'file')) ?? []
      const [first] = references ?? []
      if (references === undefined || first === undefined)
        return refused(400, 'Invalid image file.', 'invalid_image_file', 'image')
      if (fields['mask'] !== undefined && (mask?.hasAlpha !== true || mask.width !== first.width))
        return refused(
          400,
          'Invalid mask image format - mask image must have an alpha channel and the size of the image.',
          'invalid_image_format',
          'mask',
        )
      return jobOf(fields, references, mask)
    },
  })
  return serverOf(
    {
      slug: 'openai-compatible',
      refuseKey,
      reader: (path) => (path === '/images/generations' ? words : path === '/images/edits' ? edits : undefined),
      refusal: (status, says) =>
        refused(status, says ?? `Status ${status}.`, status === 429 ? 'rate_limit_exceeded' : null),
      rules: refused(
        400,
        'Your request was rejected by the safety system. safety_violations=[violence].',
        'moderation_blocked',
        null,
        'image_generation_user_error',
      ),
      answer: ({ format, width, height }, pictures, { created }) => ({
        created,
        output_format: format,
        size: `${width}x${height}`,
        data: pictures.map(({ inText, url }) => (url === undefined ? { b64_json: inText() } : { url })),
        usage: {
          input_tokens: 20,
          input_tokens_details: { text_tokens: 20, image_tokens: 0 },
          output_tokens: 300 * pictures.length,
          output_tokens_details: { image_tokens: 300 * pictures.length, text_tokens: 0 },
          total_tokens: 20 + 300 * pictures.length,
        },
      }),
      free: (path) =>
        path === '/models'
          ? {
              object: 'list',
              data: [
                { id: 'gpt-image-any', object: 'model' },
                { id: 'other', object: 'model' },
              ],
            }
          : undefined,
      address: (base, name) => `${base}/generated-images/${name}.png`,
    },
    options,
  )
}

async function jobOf(fields: Fields, references: readonly InputPicture[], mask?: InputPicture): Promise<Job | Refusal> {
  const { model, prompt, n = 1, size, output_format: format = 'png', output_compression: compression } = fields
  const [first] = references
  const own = first === undefined ? ([1024, 1024] as const) : ([first.width, first.height] as const)
  const sides = size === undefined || size === 'auto' ? own : sidesOf(size)
  if (sides === undefined) return refused(400, `Invalid value: '${String(size)}'.`, 'invalid_value', 'size')
  const { quality, background, moderation, style, input_fidelity: fidelity } = fields
  return {
    model: String(model),
    prompt: String(prompt),
    width: sides[0],
    height: sides[1],
    count: Number(n),
    format: format as Job['format'],
    ...(compression !== undefined && { quality: Math.max(1, Number(compression)) }),
    references,
    look: { quality, background, moderation, style, fidelity, repainted: mask && (await shareOf(mask, 'transparent')) },
    byAddress: fields['response_format'] === 'url',
  }
}

function refuseKey(authorization: string | undefined): Refusal | undefined {
  if (authorization?.includes('invalid') === true) return refused(401, 'Incorrect API key provided.', 'invalid_api_key')
  if (!/empty|locked/u.test(authorization ?? '')) return undefined
  return refused(
    429,
    'You exceeded your current quota, please check your plan and billing details.',
    'insufficient_quota',
    null,
    'insufficient_quota',
  )
}

function complaint({ field, says, is }: Complaint): Refusal {
  const code =
    is === 'missing' ? 'missing_required_parameter' : is === 'unknown' ? 'unknown_parameter' : 'invalid_value'
  return refused(400, `${says}: '${field}'.`, code, field)
}

function refused(
  status: number,
  message: string,
  code: string | null,
  param: string | null = null,
  type?: string,
): Refusal {
  return {
    status,
    body: { error: { message, type: type ?? (status >= 500 ? 'server_error' : 'invalid_request_error'), param, code } },
  }
}
