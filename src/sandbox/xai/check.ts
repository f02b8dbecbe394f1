import { isRefusal, type Refusal } from '../simulator.ts'
import { modelNotFound, refusalFor, unreadable, unsupported } from './errors.ts'
import { findModel, RATIOS, type SimulatedModel } from './models.ts'

/** A request that xAI takes. */
export interface Job {
  readonly model: SimulatedModel
  readonly prompt: string
  readonly n: number
  readonly ratio: string
  readonly resolution: '1k' | '2k'
  readonly quality: 'low' | 'medium' | undefined
  readonly format: 'b64_json' | 'url'
  readonly user: string
  /** Encoded pictures; empty for words alone. */
  readonly references: readonly Buffer[]
}

type Fields = Readonly<Record<string, unknown>>

const SHARED = ['model', 'prompt', 'n', 'aspect_ratio', 'resolution', 'quality', 'response_format', 'user']
const MOST_REFERENCES = 3

/**
 * What an endpoint makes of a body. Source: the OpenAPI document behind https://docs.x.ai/developers/rest-api-reference (read 2026-11-22).
 * xAI passes over fields that it does not know, a seed and references for a new picture among them, and bills; here each is refused as it
 * refuses `size`.
 */
export function checkBody(value: unknown, isEdit: boolean): Job | Refusal {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return unreadable('expected a map')
  const body = value as Fields
  const known = isEdit ? [...SHARED, 'image', 'images'] : SHARED
  const stray = Object.keys(body).find((name) => !known.includes(name))
  if (stray !== undefined) return unsupported(stray)
  if (typeof body['prompt'] !== 'string') return unreadable('missing field `prompt`')
  if (body['prompt'].trim() === '') return refusalFor(400, 'Prompt cannot be empty.')
  const wrong = enumRefusal(body) ?? numberRefusal(body)
  if (wrong) return wrong
  const id = body['model']
  if (typeof id !== 'string') return refusalFor(400, 'Model is required.')
  const model = findModel(id)
  if (model === undefined) return modelNotFound(id)
  if (body['quality'] === 'high') return refusalFor(400, `Quality high is not supported by ${id}.`)
  if (body['quality'] !== undefined && !model.hasQuality) return unsupported('quality')
  const references = isEdit ? referencesIn(body) : []
  if (isRefusal(references)) return references
  if (references.length === 1 && body['aspect_ratio'] !== undefined) {
    return refusalFor(400, 'aspect_ratio is detected from the input image when a single image is edited.')
  }
  return {
    model,
    prompt: body['prompt'],
    n: (body['n'] as number | undefined) ?? 1,
    ratio: (body['aspect_ratio'] as string | undefined) ?? 'auto',
    resolution: body['resolution'] === '2k' ? '2k' : '1k',
    quality: body['quality'] as Job['quality'],
    format: body['response_format'] === 'b64_json' ? 'b64_json' : 'url',
    user: (body['user'] as string | undefined) ?? '',
    references,
  }
}

const ENUMS: Readonly<Record<string, readonly string[]>> = {
  aspect_ratio: RATIOS,
  resolution: ['1k', '2k'],
  quality: ['low', 'medium', 'high'],
  response_format: ['url', 'b64_json'],
}

function enumRefusal(body: Fields): Refusal | undefined {
  for (const [name, values] of Object.entries(ENUMS)) {
    const value = body[name]
    if (value === undefined || (typeof value === 'string' && values.includes(value))) continue
    const wanted = values.map((word) => `\`${word}\``).join(', ')
    return unreadable(`${name}: unknown variant \`${JSON.stringify(value)}\`, expected one of ${wanted}`)
  }
  const { user } = body
  return user === undefined || typeof user === 'string'
    ? undefined
    : unreadable('user: invalid type, expected a string')
}

function numberRefusal({ n }: Fields): Refusal | undefined {
  if (n === undefined) return undefined
  if (!Number.isInteger(n)) return unreadable('n: invalid type, expected i32')
  return (n as number) >= 1 && (n as number) <= 10 ? undefined : refusalFor(400, 'n must be between 1 and 10.')
}

/** `image` or `images`, each an object with a data URL. Files by id and public addresses are not simulated. */
function referencesIn({ image, images }: Fields): readonly Buffer[] | Refusal {
  if (image !== undefined && images !== undefined) return refusalFor(400, 'Only one of image and images may be given.')
  const given = image === undefined ? images : [image]
  if (!Array.isArray(given) || given.length === 0) return refusalFor(400, 'An input image is required.')
  if (given.length > MOST_REFERENCES) return refusalFor(400, `At most ${MOST_REFERENCES} images may be given.`)
  const buffers: Buffer[] = []
  for (const each of given as readonly unknown[]) {
    const buffer = bufferIn(each)
    if (!Buffer.isBuffer(buffer)) return buffer
    buffers.push(buffer)
  }
  return buffers
}

function bufferIn(value: unknown): Buffer | Refusal {
  if (typeof value !== 'object' || value === null) return unreadable('image: invalid type, expected struct ImageUrl')
  const { url, type = 'image_url', ...rest } = value as Fields
  const [stray] = Object.keys(rest)
  if (stray !== undefined) return unsupported(`image.${stray}`)
  if (type !== 'image_url') return unreadable('image.type: expected `image_url`')
  const base64 = /^data:image\/(?:jpeg|png|webp);base64,([A-Za-z0-9+/]+=*)$/u.exec(
    typeof url === 'string' ? url : '',
  )?.[1]
  if (base64 === undefined)
    return refusalFor(400, 'The input image is not a base64-encoded JPEG, PNG or WebP data URL.')
  return Buffer.from(base64, 'base64')
}
