import type { Handler, Refusal, SimulatorOptions } from '../simulator.ts'
import { type Complaint, type Fields, PICTURE, type Rules, TEXT, whole } from './fields.ts'
import { readPictures, shareOf } from './given.ts'
import { type Job, sidesOf } from './job.ts'
import { readFormBody, readJsonBody } from './reading.ts'
import { serverOf } from './server.ts'

const WORDS: Rules = {
  model: TEXT,
  prompt: TEXT,
  n: whole(1, 100),
  size: TEXT,
  response_format: TEXT,
  step: whole(1, 200),
  mode: whole(0, 10),
  file: PICTURE,
  files: PICTURE,
  ref_images: PICTURE,
}

const INPAINTING: Rules = { model: TEXT, prompt: TEXT, steps: whole(1, 200), image: PICTURE, mask: PICTURE }

/**
 * LocalAI. A prompt is cut at its bars; pictures come in bare base64 and are not complained about when they cannot be read, only left out;
 * answers are addresses unless told. Sources: https://localai.io/features/image-generation, its image.go and inpainting.go (read
 * 2026-11-22).
 */
export function localaiSimulator(options: SimulatorOptions): Handler {
  const common = { complaint, unreadable: refused(400, 'Bad Request'), price: () => 0n, required: ['model', 'prompt'] }
  const words = readJsonBody({ ...common, rules: WORDS, job: wordsJob })
  const inpainting = readFormBody({ ...common, rules: INPAINTING, job: inpaintingJob })
  return serverOf(
    {
      slug: 'localai',
      refuseKey,
      reader: (path) =>
        path === '/images/generations' ? words : path === '/images/inpainting' ? inpainting : undefined,
      refusal: (status, says) => refused(status, says ?? `rpc error: code = Unknown desc = status ${status}`),
      answer: (_, pictures, { id, created }) => ({
        id,
        created,
        data: pictures.map(({ inText, url }) =>
          url === undefined ? { b64_json: inText(), embedding: null } : { url, embedding: null },
        ),
        usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, input_tokens: 0, output_tokens: 0 },
      }),
      free: (path) =>
        path === '/models' ? { object: 'list', data: [{ id: 'my-model', object: 'model' }] } : undefined,
      address: (base, name) => `${base}/generated-images/${name}.png`,
    },
    options,
  )
}

async function wordsJob(fields: Fields): Promise<Job | Refusal> {
  const { model, prompt, n = 1, size, step, mode, file, files, ref_images: refs } = fields
  const [positive = '', negative = ''] = String(prompt).split('|')
  const [width, height] = (typeof size === 'string' && size.includes('x') ? sidesOf(size) : [512, 512]) ?? []
  if (width === undefined || height === undefined) return refused(400, "invalid value for 'size'")
  const sources = await readPictures(
    [file, files, refs].flat().filter((each) => each !== undefined),
    'bare',
  )
  return {
    model: String(model),
    prompt: positive,
    width,
    height,
    count: Number(n),
    format: 'png',
    references: sources ?? [],
    look: { negative, step, mode },
    byAddress: fields['response_format'] !== 'b64_json',
  }
}

/** Always 512x512, always by address. */
async function inpaintingJob(fields: Fields): Promise<Job | Refusal> {
  const references = (await readPictures(fields['image'], 'file')) ?? []
  const [mask] = (await readPictures(fields['mask'], 'file')) ?? []
  if (references.length === 0) return refused(400, 'missing image file')
  if (mask === undefined) return refused(400, 'missing mask file')
  return {
    model: String(fields['model']),
    prompt: String(fields['prompt']),
    width: 512,
    height: 512,
    count: 1,
    format: 'png',
    references,
    look: { steps: fields['steps'], repainted: await shareOf(mask, 'white') },
    byAddress: true,
  }
}

function refuseKey(authorization: string | undefined): Refusal | undefined {
  return authorization?.includes('invalid') === true ? refused(401, 'Authorization failed') : undefined
}

function complaint({ field, says }: Complaint): Refusal {
  return refused(400, `${field}: ${says}`)
}

function refused(status: number, message: string): Refusal {
  return { status, body: { error: { code: status, message, type: '' } } }
}
