import type { Handler, Refusal, SimulatorOptions } from '../simulator.ts'
import { choice, type Complaint, FLAG, number, OBJECT, PICTURE, type Rules, SEED, TEXT, whole } from './fields.ts'
import { readPictures } from './given.ts'
import { type Job, megapixels } from './job.ts'
import { TOGETHER_MODELS } from './models.ts'
import { readJsonBody } from './reading.ts'
import { serverOf } from './server.ts'

const RULES: Rules = {
  model: TEXT,
  prompt: TEXT,
  width: whole(64, 2_048),
  height: whole(64, 2_048),
  n: whole(1, 4),
  steps: whole(1, 100),
  seed: SEED,
  negative_prompt: TEXT,
  guidance_scale: number(0, 20),
  response_format: choice('base64', 'url'),
  output_format: choice('jpeg', 'png'),
  image_url: PICTURE,
  reference_images: PICTURE,
  image_loras: OBJECT,
  disable_safety_checker: FLAG,
}

/**
 * Together's Images API. Sources: https://docs.together.ai/reference/post-images-generations and the types of together-ai for TypeScript
 * (read 2026-11-22). The words of its errors are known in outline only.
 */
export function togetherSimulator(options: SimulatorOptions): Handler {
  const reader = readJsonBody({
    rules: RULES,
    required: ['model', 'prompt'],
    complaint: ({ field, says, is }: Complaint) =>
      refused(400, `${field}: ${says}`, is === 'unknown' ? 'unknown_parameter' : 'invalid_request', field),
    unreadable: refused(400, 'The request body is not valid JSON.', 'invalid_request'),
    job: jobOf,
    price: (job) => BigInt(job.count) * megapixels(job) * (TOGETHER_MODELS[job.model]?.nanos ?? 0n),
  })
  return serverOf(
    {
      slug: 'together',
      refuseKey,
      reader: (path) => (path === '/images/generations' ? reader : undefined),
      refusal: usual,
      rules: refused(422, 'NSFW content detected in the prompt or the picture.', 'nsfw_content'),
      answer: ({ model }, pictures, { id }) => ({
        id: `o${id}`,
        model,
        object: 'list',
        data: pictures.map(({ inText, url }, index) =>
          url === undefined
            ? { index, type: 'b64_json', b64_json: inText(), timings: { inference: 0.4 } }
            : { index, type: 'url', url, timings: { inference: 0.4 } },
        ),
      }),
      free: (path) =>
        path === '/models'
          ? Object.keys(TOGETHER_MODELS).map((id) => ({ id, object: 'model', type: 'image' }))
          : undefined,
      address: (base, name) => `${base}/imgproxy/${name}.jpg`,
    },
    options,
  )
}

async function jobOf(fields: Readonly<Record<string, unknown>>): Promise<Job | Refusal> {
  const { model, prompt, width = 1024, height = 1024, n = 1, output_format: format = 'jpeg' } = fields
  const known = typeof model === 'string' ? TOGETHER_MODELS[model] : undefined
  if (known === undefined) {
    return refused(
      404,
      `Unable to access model ${String(model)}. It does not exist or is not available.`,
      'model_not_available',
      'model',
    )
  }
  const other = ['image_url', 'reference_images'].find((field) => field in fields && field !== known.references)
  if (other !== undefined) return refused(400, `${other} is not supported by this model.`, 'invalid_request', other)
  const given = known.references === undefined ? undefined : fields[known.references]
  const isOne = known.references === 'image_url'
  if (given !== undefined && isOne === Array.isArray(given))
    return refused(400, 'That is not how the field is written.', 'invalid_request', known.references)
  const references = await readPictures(given, 'data URL')
  if (references === undefined) return refused(400, 'The image could not be read.', 'invalid_request', known.references)
  const { seed, negative_prompt: negative, guidance_scale: guidance, steps, disable_safety_checker: unchecked } = fields
  return {
    model: String(model),
    prompt: String(prompt),
    width: Number(width),
    height: Number(height),
    count: Number(n),
    format: format === 'png' ? 'png' : 'jpeg',
    references,
    look: { seed, negative, guidance, steps, unchecked },
    byAddress: fields['response_format'] !== 'base64',
  }
}

function refuseKey(authorization: string | undefined): Refusal | undefined {
  const key = /^Bearer (\S+)$/u.exec(authorization ?? '')?.[1]
  if (key === undefined || key.includes('invalid')) return refused(401, 'Invalid API key provided.', 'invalid_api_key')
  if (!key.includes('empty') && !key.includes('locked')) return undefined
  return refused(402, 'Credit limit exceeded. Please navigate to your billing settings to add credit.', 'credit_limit')
}

function usual(status: number, says?: string): Refusal {
  const words: Readonly<Record<number, string>> = {
    400: 'The request was malformed.',
    401: 'Invalid API key provided.',
    402: 'Credit limit exceeded.',
    404: 'Not Found',
    429: 'You have reached the rate limit specific to this model.',
    500: 'Internal server error',
    503: 'The server is overloaded or not ready yet.',
  }
  return refused(status, says ?? words[status] ?? `Status ${status}.`, null)
}

function refused(status: number, message: string, code: string | null, param: string | null = null): Refusal {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error'
  return { status, body: { id: 'oXq', error: { message, type, param, code } } }
}
