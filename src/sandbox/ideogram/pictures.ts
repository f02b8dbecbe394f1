import sharp from 'sharp'

import { type Faults, withoutFaults } from '../faults.ts'
import type { InputPicture } from '../input-picture.ts'
import { paint } from '../painter.ts'
import type { Order } from './check.ts'

/** The pictures of an order, as PNG. */
export async function picturesOf(order: Order, faults: Faults): Promise<readonly Buffer[]> {
  return await Promise.all(Array.from({ length: order.count }, (_, index) => one(order, index, faults)))
}

async function one({ prompt, width, height, pictures, mask, look }: Order, index: number, faults: Faults) {
  const half = 'wrong-size' in faults ? 2 : 1
  const painted = await paint({
    prompt: withoutFaults(prompt),
    seed: `${JSON.stringify(look)} ${index + 1}`,
    width: Math.floor(width / half),
    height: Math.floor(height / half),
    format: 'png',
    references: pictures.map(({ bytes }) => bytes),
  })
  const [below] = pictures
  return mask === undefined || below === undefined ? painted : await over(below, painted, mask)
}

/** What is white in the mask stays as it is, to the pixel. */
async function over(below: InputPicture, above: Buffer, mask: InputPicture): Promise<Buffer> {
  const { width, height } = below
  const raw = { width, height, channels: 1 } as const
  const alpha = await sharp(mask.bytes).toColourspace('b-w').extractChannel(0).threshold(128).negate().raw().toBuffer()
  // Two steps: in one, the alpha that is there is removed after the new one was joined.
  const opaque = await sharp(above).resize(width, height, { fit: 'fill' }).removeAlpha().raw().toBuffer()
  const patch = await sharp(opaque, { raw: { width, height, channels: 3 } })
    .joinChannel(alpha, { raw })
    .png()
    .toBuffer()
  return await sharp(below.bytes)
    .removeAlpha()
    .composite([{ input: patch }])
    .png({ compressionLevel: 3 })
    .toBuffer()
}
