import type { InputPicture } from '../input-picture.ts'
import type { Received, Understood } from '../paid-call.ts'
import { isRefusal, type Refusal } from '../simulator.ts'
import { invalid, keyRefusal, missing, modelNotFound, refusalFor } from './errors.ts'
import { readPictures } from './input-picture.ts'
import { findModel, type Host, type SimulatedModel } from './models.ts'

/** A request that its model takes. */
export interface Job {
  readonly id: string
  readonly model: SimulatedModel
  readonly prompt: string
  readonly pictures: readonly InputPicture[]
  readonly width: number
  readonly height: number
  readonly count: number
  readonly format: 'jpeg' | 'png'
  readonly isInline: boolean
  /** Everything that steers the picture and is no size or number. */
  readonly steering: Readonly<Record<string, unknown>>
}

type Fields = Readonly<Record<string, unknown>>
type Check = (value: unknown, model: SimulatedModel) => string | undefined

/** Pictures of one call, references included. */
const MOST_TOGETHER = 15

/** Why a field is wrong, or that its model does not have it. */
const CHECKS: Readonly<Record<string, Check>> = {
  prompt: (value) => (typeof value === 'string' && value !== '' ? undefined : 'it must be a text'),
  image: () => undefined,
  size: () => undefined,
  response_format: oneOf('url', 'b64_json'),
  watermark: boolean,
  stream: (value) => (value === false ? undefined : 'the sandbox does not simulate streams'),
  seed: (value, { isOld }) => (isOld ? whole(value, -1, 2_147_483_647) : UNKNOWN),
  guidance_scale: (value, { isOld }) => (isOld ? number(value, 1, 10) : UNKNOWN),
  output_format: (value, { formats }) => (formats ? oneOf('png', 'jpeg')(value) : UNKNOWN),
  sequential_image_generation: (value, { isOld }) => (isOld ? UNKNOWN : oneOf('auto', 'disabled')(value)),
  sequential_image_generation_options: (value, { isOld }) =>
    isOld ? UNKNOWN : inside(value, 'max_images', (most) => whole(most, 1, MOST_TOGETHER)),
  optimize_prompt_options: (value, { modes }) => inside(value, 'mode', oneOf(...modes)),
}

const UNKNOWN = 'it is not supported by the current model'

/**
 * Reads a request as strictly as the pages are written, and more strictly than Ark in one thing: a field that the model does not have is
 * refused instead of passed over, so that a wrong name cannot pass unnoticed.
 */
export async function understand({ headers, json }: Received, host: Host): Promise<Understood<Job> | Refusal> {
  const refusal = keyRefusal(headers.authorization, true)
  if (refusal) return refusal
  const body = fieldsOf(json())
  if (body === undefined) return refusalFor(400)
  const { model: id, ...fields } = body
  if (typeof id !== 'string') return missing('model')
  const model = findModel(host, id)
  if (model === undefined) return modelNotFound(id)
  if (!('prompt' in fields)) return missing('prompt')
  for (const [name, value] of Object.entries(fields)) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined
    const why = check === undefined ? 'it is not a known field' : check(value, model)
    if (why !== undefined) return invalid(name, why)
  }
  const pictures = await readPictures(fields['image'], model)
  if (isRefusal(pictures)) return pictures
  const side = readSize(fields['size'], model)
  if (isRefusal(side)) return side
  const count = countOf(fields, pictures.length)
  if (isRefusal(count)) return count
  return understood(id, model, fields, { pictures, side, count: count.pictures })
}

interface Read {
  readonly pictures: readonly InputPicture[]
  readonly side: readonly [width: number, height: number]
  readonly count: number
}

function understood(id: string, model: SimulatedModel, fields: Fields, read: Read): Understood<Job> {
  const { pictures, side, count } = read
  const { seed, guidance_scale: scale, optimize_prompt_options: optimize, watermark = true } = fields
  const [width, height] = side
  const prompt = String(fields['prompt'])
  return {
    model: id,
    prompt,
    input: {
      id,
      model,
      prompt,
      pictures,
      width,
      height,
      count,
      format: fields['output_format'] === 'png' ? 'png' : 'jpeg',
      isInline: fields['response_format'] === 'b64_json',
      steering: { seed, scale, optimize, watermark },
    },
    nanos: BigInt(count) * model.nanos,
  }
}

/** How many it makes of a series that it was not told the length of is the model's choice: two. */
function countOf(fields: Fields, references: number): { readonly pictures: number } | Refusal {
  if (fields['sequential_image_generation'] !== 'auto') return { pictures: 1 }
  const { max_images: most = 2 } = fieldsOf(fields['sequential_image_generation_options']) ?? {}
  if (Number(most) + references <= MOST_TOGETHER) return { pictures: Number(most) }
  return invalid('max_images', `references and pictures together must be at most ${MOST_TOGETHER}`)
}

function readSize(
  size: unknown,
  { words, pixels: [least, most], usualSide }: SimulatedModel,
): readonly [number, number] | Refusal {
  if (size === undefined) return [usualSide, usualSide]
  const word = typeof size === 'string' && Object.hasOwn(words, size) ? words[size] : undefined
  if (word !== undefined) return [word, word]
  const [, across, down] = /^(\d+)x(\d+)$/u.exec(typeof size === 'string' ? size : '') ?? []
  if (across === undefined) return invalid('size', `it must be ${[...Object.keys(words), 'WIDTHxHEIGHT'].join(', ')}`)
  const [width, height] = [Number(across), Number(down)]
  const area = width * height
  if (area < least) return invalid('size', `image size must be at least ${least} pixels`)
  if (area > most) return invalid('size', `image size must be at most ${most} pixels`)
  const ratio = Math.max(width / height, height / width)
  return ratio > 16 ? invalid('size', 'the ratio of the sides must be from 1:16 to 16:1') : [width, height]
}

function boolean(value: unknown): string | undefined {
  return typeof value === 'boolean' ? undefined : 'it must be a boolean'
}

function oneOf(...choices: readonly string[]): (value: unknown) => string | undefined {
  return (value) =>
    choices.includes(String(value)) ? undefined : `it must be one of ${choices.join(', ') || 'nothing'}`
}

function whole(value: unknown, from: number, to: number): string | undefined {
  return Number.isInteger(value) ? number(value, from, to) : 'it must be an integer'
}

function number(value: unknown, from: number, to: number): string | undefined {
  const isFit = typeof value === 'number' && value >= from && value <= to
  return isFit ? undefined : `it must be from ${from} to ${to}`
}

function inside(value: unknown, name: string, check: (inner: unknown) => string | undefined): string | undefined {
  const { [name]: inner, ...strangers } = fieldsOf(value) ?? {}
  const isFit = inner !== undefined && Object.keys(strangers).length === 0
  return isFit ? check(inner) : `it must be an object with ${name}`
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}
