import { type InputPicture, readDataUrl } from '../input-picture.ts'
import type { Refusal } from '../simulator.ts'
import { invalid, refusalOf } from './errors.ts'
import type { SimulatedModel } from './models.ts'

const TYPES = ['png', 'jpeg', 'webp', 'tiff', 'heic']
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
    const picture = await readDataUrl(place, TYPES)
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
