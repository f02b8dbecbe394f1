import { type InputPicture, readPicture } from '../input-picture.ts'
import type { Refusal } from '../simulator.ts'
import { invalidImage, invalidValue, missingParameter } from './errors.ts'

/** An edit's form, taken apart. */
export interface EditForm {
  /** What is no file, as JSON would have it. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly images: readonly InputPicture[]
  readonly mask: InputPicture | undefined
}

const NUMBERS = new Set(['n', 'output_compression', 'partial_images'])
const MOST_IMAGES = 16
const IMAGE_BYTES = 50 * 1024 * 1024
const MASK_BYTES = 4 * 1024 * 1024

/** Pictures stand under `image` or `image[]`; texts that are numbers or yes and no become such. */
export async function readForm(form: FormData): Promise<EditForm | Refusal> {
  const images: InputPicture[] = []
  const fields: Record<string, unknown> = {}
  let mask: InputPicture | undefined
  for (const [name, value] of form) {
    if (name === 'image' || name === 'image[]' || name === 'mask') {
      const picture = await pictureIn(name, value)
      if ('body' in picture) return picture
      if (name === 'mask') mask = picture
      else images.push(picture)
    } else if (typeof value !== 'string') return invalidValue(name, 'expected a text, not a file.')
    else fields[name] = plain(name, value)
  }
  if (images.length === 0) return missingParameter('image')
  if (images.length > MOST_IMAGES) return invalidValue('image', `at most ${MOST_IMAGES} images are supported.`)
  const [first] = images
  if (mask !== undefined && (mask.width !== first?.width || mask.height !== first.height)) {
    return invalidImage('mask', 'Invalid mask image format - mask size does not match image size.')
  }
  return { fields, images, mask }
}

function plain(name: string, value: string): unknown {
  if (NUMBERS.has(name) && /^\d+$/u.test(value)) return Number(value)
  return name === 'stream' && /^(true|false)$/u.test(value) ? value === 'true' : value
}

async function pictureIn(name: string, value: string | File): Promise<InputPicture | Refusal> {
  if (typeof value === 'string') return invalidImage(name, `Expected '${name}' to be a file.`)
  const bytes = Buffer.from(await value.arrayBuffer())
  const isMask = name === 'mask'
  if (bytes.length >= (isMask ? MASK_BYTES : IMAGE_BYTES)) return invalidImage(name, 'Uploaded image is too large.')
  const supported = isMask ? ['image/png'] : ['image/png', 'image/jpeg', 'image/webp']
  if (!supported.includes(value.type)) {
    const message = `Unsupported mimetype ('${value.type}'). Supported are: ${supported.join(', ')}.`
    return invalidImage(name, message)
  }
  const picture = await readPicture(bytes)
  if (picture === undefined) return invalidImage(name, 'Invalid image file or mode, please check your image file.')
  const { format, hasAlpha } = picture
  if (`image/${format}` !== value.type) return invalidImage(name, 'The file is not of the type that it was sent as.')
  if (isMask && !hasAlpha) return invalidImage(name, 'Invalid mask image format - mask image missing alpha channel.')
  return picture
}
