import { type InputPicture, readDataUrl } from '../input-picture.ts'
import type { Refusal } from '../simulator.ts'
import { invalid, missing } from './errors.ts'
import type { SimulatedModel } from './models.ts'

/** The label is lower case, and names what the bytes are. */
const TYPES = ['png', 'jpeg', 'webp', 'tiff', 'gif', 'heif']
const MOST_BYTES = 30_000_000
const MOST_PIXELS = 36_000_000
const LEAST_SIDE = 15
const RATIO = 16

/** One data URL, or a list of them: the sandbox fetches nothing. */
export async function readPictures(
  image: unknown,
  { references: [least, most] }: SimulatedModel,
): Promise<readonly InputPicture[] | Refusal> {
  const places: readonly unknown[] = image === undefined ? [] : Array.isArray(image) ? image : [image]
  if (places.length < least) return missing('image')
  if (image !== undefined && places.length === 0) return invalid('image', 'it must not be empty')
  if (places.length > most) return invalid('image', `it must be at most ${most} images`)
  const pictures: InputPicture[] = []
  for (const place of places) {
    const picture = await readDataUrl(place, TYPES)
    if (picture === undefined || !isFit(picture))
      return invalid('image', 'it is neither a picture as a data URL nor an address')
    pictures.push(picture)
  }
  return pictures
}

function isFit({ bytes, width, height }: InputPicture): boolean {
  return (
    bytes.length <= MOST_BYTES &&
    width * height <= MOST_PIXELS &&
    Math.min(width, height) >= LEAST_SIDE &&
    Math.max(width / height, height / width) <= RATIO
  )
}
