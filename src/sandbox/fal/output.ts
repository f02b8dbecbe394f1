import sharp from 'sharp'

import { amount, type Faults, withoutFaults } from '../faults.ts'
import { paint } from '../painter.ts'
import { hashOf } from '../painting/random.ts'
import { damaged } from '../picture-faults.ts'
import type { Refusal } from '../simulator.ts'
import type { Job } from './check.ts'
import type { Price } from './endpoints.ts'
import { plain, policyViolation, refusalFor } from './errors.ts'

/** What a run left behind, before it is known under which address its pictures are asked for. */
export interface Output {
  readonly files: readonly File[]
  /** `place`: where the files are, without a slash at its end. */
  readonly body: (place: string) => Readonly<Record<string, unknown>>
}

interface File {
  readonly name: string
  readonly type: string
  readonly bytes: Buffer
}

/** Runs a job, or has it end as the faults ask for. */
export async function run(job: Job, faults: Faults): Promise<Output | Refusal> {
  const status = amount(faults, 'run-status')
  if (status !== undefined) return refusalFor(status)
  if (faults.refusal === 'policy') return policyViolation()
  if (faults.refusal !== undefined && faults.refusal !== 'nsfw') {
    return plain(422, `The sandbox has no refusal "${faults.refusal}". There are: policy, nsfw.`)
  }
  if (faults['no-image'] !== undefined) {
    const missing = faults['no-image'].endsWith('missing')
    return { files: [], body: () => (missing ? {} : { images: [] }) }
  }
  const files = await Promise.all(Array.from({ length: job.count }, (_, index) => fileOf(job, faults, index)))
  return { files, body: (place) => bodyOf(job, faults, files, place) }
}

async function fileOf(job: Job, faults: Faults, index: number): Promise<File> {
  const mislabelled = job.format === 'png' ? 'jpeg' : 'png'
  const format = 'wrong-mime' in faults ? mislabelled : job.format
  return { name: `${index}.${format}`, type: `image/${format}`, bytes: await pictureOf(job, faults, index) }
}

async function pictureOf(job: Job, faults: Faults, index: number): Promise<Buffer> {
  const half = 'wrong-size' in faults ? 2 : 1
  const [width, height] = [Math.max(1, Math.floor(job.width / half)), Math.max(1, Math.floor(job.height / half))]
  if (faults.refusal === 'nsfw') return await black(width, height, job.format)
  const { seed = '', negative_prompt: negative = '' } = job.input
  const painted = await paint({
    prompt: withoutFaults(job.prompt),
    seed: `${String(seed)}${String(negative)}${index === 0 ? '' : ` ${index + 1}`}`,
    width,
    height,
    format: job.format,
    references: job.pictures.map(({ bytes }) => bytes),
  })
  return damaged(painted, faults)
}

async function black(width: number, height: number, format: Job['format']): Promise<Buffer> {
  return await sharp({ create: { width, height, channels: 3, background: '#000' } })
    .toFormat(format)
    .toBuffer()
}

function bodyOf(
  { endpoint, prompt, input, width, height }: Job,
  faults: Faults,
  files: readonly File[],
  place: string,
): Readonly<Record<string, unknown>> {
  const { alone, flags, seed, description } = endpoint.answers
  const images = files.map((file) => ({
    url: `${place}/${file.name}`,
    content_type: file.type,
    file_name: file.name,
    file_size: file.bytes.length,
    width,
    height,
  }))
  return {
    ...(alone ? { image: images[0] } : { images }),
    ...(flags && {
      timings: { inference: 1.2 },
      has_nsfw_concepts: files.map(() => faults.refusal === 'nsfw'),
      prompt,
    }),
    ...(faults.refusal === 'nsfw' && !flags && { has_nsfw_concepts: files.map(() => true) }),
    ...(seed && { seed: input['seed'] ?? hashOf(prompt) }),
    ...(description && { description: 'Here is the picture you asked for.' }),
  }
}

/** List price of everything that was made. */
export function priceOf({ endpoint: { price }, input, width, height, count, pictures }: Job): bigint {
  return BigInt(count) * priceOfOne(price, input, { width, height }, pictures)
}

interface Pixels {
  readonly width: number
  readonly height: number
}

function priceOfOne(
  price: Price,
  input: Readonly<Record<string, unknown>>,
  made: Pixels,
  pictures: readonly Pixels[],
): bigint {
  if (price.per === 'megapixel') {
    const given = pictures.reduce((sum, picture) => sum + megapixels(picture), 0n)
    return price.first + (megapixels(made) - 1n) * price.more + given * price.input
  }
  if (!('by' in price)) return price.nanos
  const choice = input[price.by]
  return price.nanos[typeof choice === 'string' ? choice : price.usual] ?? 0n
}

function megapixels({ width, height }: Pixels): bigint {
  return BigInt(Math.ceil((width * height) / 1_048_576))
}
