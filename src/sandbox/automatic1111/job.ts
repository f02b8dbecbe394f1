import { createHash } from 'node:crypto'

import sharp from 'sharp'

import { sha256 } from '../network-faults.ts'
import type { Refusal } from '../simulator.ts'
import { type Checkpoint, findCheckpoint, LOADED_FIRST } from './checkpoints.ts'
import { exception, type Fields, outOfMemory } from './fields.ts'

/** A request that the program would work on. */
export interface Job {
  readonly taskId: string
  readonly prompt: string
  readonly width: number
  readonly height: number
  readonly count: number
  readonly seed: number
  readonly references: readonly Buffer[]
  /** The one that is used, which is another than was asked for where that is not there. */
  readonly checkpoint: Checkpoint
  /** Everything else that shows in the picture. */
  readonly fingerprint: string
}

/** Pixels of all pictures of a call together that the GPU has room for. */
const MOST_PIXELS = 16 * 1024 * 1024

/** Fields that are in the job by themselves, or show in no picture. */
const APART = new Set([
  'prompt',
  'seed',
  'width',
  'height',
  'batch_size',
  'n_iter',
  'init_images',
  'mask',
  'force_task_id',
])

/** What the fields amount to. `random` in [0, 1) chooses the seed where none was said. */
export async function toJob(
  method: 'txt2img' | 'img2img',
  fields: Fields,
  random: () => number,
): Promise<Job | Refusal> {
  const { prompt = '', seed = -1, width = 512, height = 512, batch_size: batch = 1, n_iter: iterations = 1 } = fields
  const { init_images: images, mask, enable_hr: isHigh = false, hr_scale: scale = 2, force_task_id: id } = fields
  if (method === 'img2img' && images === undefined) return exception(404, 'Init image not found')
  const references: Buffer[] = []
  for (const text of [
    ...((images as readonly string[] | undefined) ?? []),
    ...(typeof mask === 'string' ? [mask] : []),
  ]) {
    const bytes = await decoded(text)
    if (bytes === undefined) return exception(500, 'Invalid encoded image')
    references.push(bytes)
  }
  const pictures = mask === undefined ? references : references.slice(0, -1)
  const zoom = isHigh === true ? Number(scale) : 1
  const side = (length: unknown) => Math.max(8, Math.floor((Number(length) * zoom) / 8) * 8)
  const count = Number(batch) * Number(iterations)
  if (side(width) * side(height) * count > MOST_PIXELS) return outOfMemory()
  const { sd_model_checkpoint: wished } = (fields['override_settings'] ?? {}) as Fields
  const rest = Object.entries(fields).filter(([name]) => !APART.has(name) && name !== 'override_settings')
  const checkpoint = findCheckpoint(String(wished)) ?? LOADED_FIRST
  const fingerprint = JSON.stringify([
    checkpoint.model_name,
    rest.toSorted(([a], [b]) => (a < b ? -1 : 1)),
    mask === undefined ? '' : sha256(references.at(-1) ?? Buffer.of()),
  ])
  return {
    taskId: typeof id === 'string' ? id : `task(${Math.floor(random() * 2 ** 32)})`,
    prompt: String(prompt),
    width: side(width),
    height: side(height),
    count,
    seed: seed === -1 ? Math.floor(random() * 4_294_967_294) : Number(seed),
    references: pictures,
    checkpoint,
    fingerprint: createHash('sha256').update(fingerprint).digest('hex'),
  }
}

/** Base64, bare or as a data URI; undefined when it is no picture. */
async function decoded(text: string): Promise<Buffer | undefined> {
  const bytes = Buffer.from(text.replace(/^data:image\/[^,]*,/u, ''), 'base64')
  const metadata = await sharp(bytes)
    .metadata()
    .catch(() => undefined)
  return metadata?.width === undefined ? undefined : bytes
}
