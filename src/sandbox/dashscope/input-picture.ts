import sharp from 'sharp'

import type { Refusal } from '../simulator.ts'
import { invalid, refusalOf } from './errors.ts'
import type { SimulatedModel } from './models.ts'

export interface InputPicture {
  readonly bytes: Buffer
  readonly width: number
  readonly height: number
}

const MOST_BYTES = 10_000_000
const RATIO = 8

/** The pictures of a request, in their order: data URLs, as the sandbox fetches nothing. */
export async function readPictures(
  places: readonly unknown[],
  { references: [least, most], sides: [shortest, longest] }: SimulatedModel,
): Promise<readonly InputPicture[] | Refusal> {
  if (places.length < least) return invalid('The model needs at least one image.')
  if (places.length > most) return invalid(`The number of images must be at most ${most}.`)
  const pictures: InputPicture[] = []
  for (const place of places) {
    const picture = typeof place === 'string' ? await decoded(place) : undefined
    if (picture === undefined) {
      return refusalOf(400, { code: 'InvalidURL', message: 'The image is neither base64 of its type nor an address.' })
    }
    const { width, height, bytes } = picture
    const isFit =
      Math.min(width, height) >= shortest && Math.max(width, height) <= longest && bytes.length <= MOST_BYTES
    if (!isFit || Math.max(width / height, height / width) > RATIO) {
      return invalid(`The image must have sides between ${shortest} and ${longest} pixels and at most 10MB.`)
    }
    pictures.push(picture)
  }
  return pictures
}

async function decoded(place: string): Promise<InputPicture | undefined> {
  const [, type, text] = /^data:image\/(png|jpeg|webp|tiff|heic);base64,(.+)$/su.exec(place) ?? []
  if (text === undefined) return undefined
  const bytes = Buffer.from(text, 'base64')
  try {
    const { format, width, height } = await sharp(bytes).metadata()
    await sharp(bytes).resize(16, 16, { fit: 'fill' }).raw().toBuffer()
    return format === type ? { bytes, width, height } : undefined
  } catch {
    return undefined
  }
}
