import type { Handler, Refusal, SimulatorOptions } from '../simulator.ts'
import { type Complaint, FLAG, number, PICTURE, type Rules, SEED, TEXT, whole } from './fields.ts'
import { readPictures, shareOf } from './given.ts'
import { type Job, sidesOf } from './job.ts'
import { DEEPINFRA_MODELS } from './models.ts'
import { readFormBody, readJsonBody } from './reading.ts'
import { serverOf } from './server.ts'

const SIDE = whole(128, 2_048)

/** Of its own API, by which it makes pictures from words. `width` and `height` may be texts: its client writes them so. */
const WORDS: Rules = {
  prompt: TEXT,
  num_images: whole(1, 4),
  width: SIDE,
  height: SIDE,
  seed: SEED,
  negative_prompt: TEXT,
  guidance_scale: number(0, 20),
  num_inference_steps: whole(1, 50),
  safety_tolerance: whole(0, 6),
  prompt_upsampling: FLAG,
}

const EDITS: Rules = {
  model: TEXT,
  prompt: TEXT,
  image: PICTURE,
  mask: PICTURE,
  n: whole(1, 4),
  size: TEXT,
  response_format: TEXT,
}

/**
 * DeepInfra: its own API for pictures from words, an OpenAI-compatible one for edits. Sources: https://deepinfra.com/docs/inference, the
 * API pages of its models, and what @ai-sdk/deepinfra 3.0.57 sends and reads (read 2026-11-22).
 */
export function deepinfraSimulator(options: SimulatorOptions): Handler {
  return serverOf(
    {
      slug: 'deepinfra',
      refuseKey,
      reader(path) {
        if (path === '/openai/images/edits') return editsReader
        const [, model] = /^\/inference\/(\w[\w.-]*\/\w[\w.-]*)$/u.exec(path) ?? []
        return model === undefined ? undefined : wordsReader(model)
      },
      refusal: (status, says) => native(status, says ?? `Status ${status}`),
      rules: 'flags',
      answer(job, pictures, { id, created, nanos, areFlagged }) {
        if (job.references.length > 0) {
          return { created, data: pictures.map(({ inText }) => ({ b64_json: inText(), revised_prompt: job.prompt })) }
        }
        return {
          images: pictures.map(({ inText }) => inText(`data:image/${job.format};base64,`)),
          nsfw_content_detected: pictures.map(() => areFlagged),
          seed: job.look['seed'] ?? 7,
          request_id: `R${id}`,
          inference_status: { status: 'succeeded', runtime_ms: 640, cost: Number(nanos) / 1e9, tokens_generated: null },
        }
      },
      free: (path) => (path === '/me' ? { uid: 'gh:1', email: 'somebody@example.com', is_admin: false } : undefined),
    },
    options,
  )
}

function wordsReader(model: string) {
  const known = DEEPINFRA_MODELS[model]
  const read = readJsonBody({
    rules: WORDS,
    required: ['prompt'],
    complaint: ({ field, says }: Complaint) => native(422, `${field}: ${says}`),
    unreadable: native(400, 'The body is not valid JSON'),
    job: (fields) =>
      known?.does === 'words' ? wordsJob(model, fields) : native(404, `Model ${model} is not available`),
    price,
  })
  return (received: Parameters<typeof read>[0]) => read({ ...received, json: () => withNumbers(received.json()) })
}

/** Sides as numbers, as the server takes them. */
function withNumbers(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => {
      const isSide = (name === 'width' || name === 'height') && typeof value === 'string' && /^\d+$/u.test(value)
      return [name, isSide ? Number(value) : value]
    }),
  )
}

function wordsJob(model: string, fields: Readonly<Record<string, unknown>>): Job {
  const { prompt, width = 1024, height = 1024, num_images: count = 1, ...look } = fields
  return {
    model,
    prompt: String(prompt),
    width: Number(width),
    height: Number(height),
    count: Number(count),
    format: 'png',
    references: [],
    look,
  }
}

const editsReader = readFormBody({
  rules: EDITS,
  required: ['model', 'prompt', 'image'],
  complaint: ({ field, says }) => openAi(422, `${field}: ${says}`),
  unreadable: openAi(400, 'A form with files is expected.'),
  job: editsJob,
  price,
})

async function editsJob(fields: Readonly<Record<string, unknown>>): Promise<Job | Refusal> {
  const { model, prompt, image, mask, n = 1, size } = fields
  if (DEEPINFRA_MODELS[String(model)]?.does !== 'edits') return openAi(404, `Model ${String(model)} is not available`)
  const references = await readPictures(image, 'file')
  const [over] = (await readPictures(mask, 'file')) ?? []
  const [first] = references ?? []
  if (references === undefined || first === undefined) return openAi(400, 'The image could not be read.')
  if (mask !== undefined && over?.hasAlpha !== true) return openAi(400, 'The mask has no transparent part.')
  const sides = size === undefined ? ([first.width, first.height] as const) : sidesOf(size)
  if (sides === undefined) return openAi(422, 'size: expected WIDTHxHEIGHT')
  return {
    model: String(model),
    prompt: String(prompt),
    width: sides[0],
    height: sides[1],
    count: Number(n),
    format: 'png',
    references,
    look: { repainted: over && (await shareOf(over, 'transparent')) },
  }
}

/** To the nano, rounded as a double of the cost in the answer is. */
function price({ model, width, height, count }: Job): bigint {
  const { nanos, byArea } = DEEPINFRA_MODELS[model] ?? { nanos: 0n, byArea: false }
  return byArea ? (BigInt(count * width * height) * nanos) / 1_048_576n : BigInt(count) * nanos
}

function refuseKey(authorization: string | undefined): Refusal | undefined {
  const key = /^Bearer (\S+)$/iu.exec(authorization ?? '')?.[1]
  if (key === undefined || key.includes('invalid')) return native(401, 'Not authenticated')
  if (!key.includes('empty') && !key.includes('locked')) return undefined
  return native(402, 'inference prohibited, please enter a Payment Method')
}

function native(status: number, error: string): Refusal {
  return { status, body: { detail: { error } } }
}

function openAi(status: number, message: string): Refusal {
  return { status, body: { error: { message, type: 'invalid_request_error', param: null, code: null } } }
}
