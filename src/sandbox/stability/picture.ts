import sharp from 'sharp'
import type { InputPicture } from '../input-picture.ts'
import { paint } from '../painter.ts'
import type { Painting } from '../painter.ts'
import type { Form } from './check.ts'
import type { Endpoint } from './endpoints.ts'

/** Fields that steer how it looks, in no way that could be told from their names: each has its own effect on the whole. */
const STEERING = [
  'negative_prompt',
  'style_preset',
  'cfg_scale',
  'creativity',
  'control_strength',
  'fidelity',
  'search_prompt',
  'select_prompt',
]
/** Of a side of the mask, unless told: how far beyond its edge is painted. */
const GROWN = 5

/** The picture that a service makes of a form, in the format that it asks for. The same form gives the same bytes. */
export async function makePicture(endpoint: Endpoint, form: Form, prompt: string): Promise<Buffer> {
  const { texts, image, mask } = form
  const { width, height } = sizeOf(endpoint, form)
  const strength = Number(texts['strength'] ?? 0.5)
  // At 1 nothing is left of the picture that it starts from.
  const start = image === undefined || strength === 1 ? [] : [await startOf(image)]
  const painting: Painting = {
    prompt: prompt === '' ? 'more of it' : prompt,
    seed: [texts['seed'] ?? '', ...STEERING.flatMap((name) => texts[name] ?? []), strength].join(' '),
    width,
    height,
    format: 'png',
    references: start,
  }
  const painted = await paint(painting)
  const made =
    endpoint.fields['mask'] === undefined ? painted : await inpainted(painted, image, mask, texts['grow_mask'])
  return encoded(made, texts['output_format'] ?? 'png')
}

async function encoded(png: Buffer, format: string): Promise<Buffer> {
  if (format === 'jpeg') return await sharp(png).jpeg({ quality: 95 }).toBuffer()
  return format === 'webp' ? await sharp(png).webp({ quality: 92, effort: 1 }).toBuffer() : png
}

/** Transparency is for the mask: what is under it is not shown. */
async function startOf({ bytes }: InputPicture): Promise<Buffer> {
  return await sharp(bytes).flatten({ background: '#808080' }).png({ compressionLevel: 1 }).toBuffer()
}

/** Painted where the mask is white, or the picture transparent; elsewhere the picture as it was. */
async function inpainted(
  painted: Buffer,
  image: InputPicture | undefined,
  mask: InputPicture | undefined,
  grow: string | undefined,
): Promise<Buffer> {
  if (image === undefined) return painted
  const { width, height } = image
  const own = await sharp(image.bytes).ensureAlpha().extractChannel('alpha').negate().toBuffer()
  const white = sharp(mask?.bytes ?? own)
    .removeAlpha()
    .greyscale()
    .resize(width, height, { fit: 'fill' })
  const pixels = Number(grow ?? GROWN)
  const soft = pixels > 0 ? white.blur(0.3 + pixels / 2) : white
  const alpha = await soft.extractChannel(0).raw().toBuffer({ resolveWithObject: true })
  const { width: w, height: h } = alpha.info
  const patch = await sharp(painted)
    .joinChannel(alpha.data, { raw: { width: w, height: h, channels: 1 } })
    .png()
    .toBuffer()
  return await sharp(await startOf(image))
    .composite([{ input: patch }])
    .png({ compressionLevel: 3 })
    .toBuffer()
}

export function sizeOf(
  { size, pixels = 1024 * 1024 }: Endpoint,
  { texts, image }: Form,
): { width: number; height: number } {
  if (size === 'input' && image !== undefined) return { width: image.width, height: image.height }
  const added = (...sides: readonly string[]) => sides.reduce((sum, side) => sum + Number(texts[side] ?? 0), 0)
  if (size === 'grown' && image !== undefined) {
    return { width: image.width + added('left', 'right'), height: image.height + added('up', 'down') }
  }
  // A generation that starts from a picture has its shape, not its size.
  const ownRatio = image !== undefined && texts['aspect_ratio'] === undefined ? `${image.width}:${image.height}` : '1:1'
  const [across = 1, down = 1] = (texts['aspect_ratio'] ?? ownRatio).split(':').map(Number)
  return { width: rounded(Math.sqrt((pixels * across) / down)), height: rounded(Math.sqrt((pixels * down) / across)) }
}

function rounded(side: number): number {
  return Math.max(64, Math.round(side / 64) * 64)
}
