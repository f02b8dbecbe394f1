import sharp from 'sharp'

import { type Faults, withoutFaults } from '../faults.ts'
import { paint } from '../painter.ts'
import type { Pressed } from './buttons.ts'
import type { Prompt } from './prompt.ts'

/** What one task draws: four pictures, or one. */
export interface Drawing {
  readonly prompt: Prompt
  /** Tells equal prompts apart that are drawn anew. */
  readonly turn: string
  references(): Promise<readonly Buffer[]>
  readonly makes: 1 | 4
  /** Instead of painting: the reference as it is, larger by so much. */
  readonly scale?: number
  /** Nothing but what is white here is painted, over the first reference. */
  readonly mask?: Buffer
}

/** The pictures of a drawing, each as PNG; the same ones each time: they are drawn again rather than kept. */
export async function draw(drawing: Drawing, faults: Faults): Promise<readonly Buffer[]> {
  const { scale, makes } = drawing
  const references = await drawing.references()
  if (scale !== undefined) return [await enlarged(references[0] ?? Buffer.of(), scale)]
  return await Promise.all(Array.from({ length: makes }, (_, index) => one(drawing, references, index, faults)))
}

async function one(
  { prompt, turn, mask }: Drawing,
  references: readonly Buffer[],
  index: number,
  faults: Faults,
): Promise<Buffer> {
  const { words, flags, width, height } = prompt
  const half = 'wrong-size' in faults ? 2 : 1
  const { ar: _ratio, v: _version, ...others } = flags
  const painted = await paint({
    prompt: withoutFaults(words),
    seed: `${JSON.stringify(others)} ${turn} ${index + 1}`,
    width: Math.floor(width / half),
    height: Math.floor(height / half),
    format: 'png',
    references,
  })
  const [first] = references
  return mask === undefined || first === undefined ? painted : await over(first, painted, mask)
}

async function over(below: Buffer, above: Buffer, mask: Buffer): Promise<Buffer> {
  const { width, height } = await sharp(below).metadata()
  const alpha = await sharp(mask).removeAlpha().extractChannel(0).raw().toBuffer()
  // Two steps: in one, the alpha that is there is removed after the new one was joined.
  const opaque = await sharp(above).resize(width, height, { fit: 'fill' }).removeAlpha().raw().toBuffer()
  const patch = await sharp(opaque, { raw: { width, height, channels: 3 } })
    .joinChannel(alpha, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer()
  return await sharp(below)
    .removeAlpha()
    .composite([{ input: patch }])
    .png({ compressionLevel: 3 })
    .toBuffer()
}

async function enlarged(picture: Buffer, scale: number): Promise<Buffer> {
  if (scale === 1) return picture
  const { width, height } = await sharp(picture).metadata()
  return await sharp(picture)
    .resize(width * scale, height * scale)
    .png({ compressionLevel: 3 })
    .toBuffer()
}

/** Four pictures as the one that Midjourney hands over, two by two. */
export async function gridOf(pictures: readonly Buffer[], format: 'png' | 'webp'): Promise<Buffer> {
  const [first] = pictures
  const { width, height } = await sharp(first).metadata()
  const laid = sharp({ create: { width: width * 2, height: height * 2, channels: 3, background: '#000' } }).composite(
    pictures.map((input, index) => ({ input, left: (index % 2) * width, top: Math.floor(index / 2) * height })),
  )
  const grid = format === 'png' ? laid.png({ compressionLevel: 3 }) : laid.webp({ quality: 95, effort: 1 })
  return await grid.toBuffer()
}

/** What is drawn when a button is pressed below the pictures of another drawing. */
export function redrawn(parent: Drawing, faults: Faults, { means, makes, scale, index }: Pressed): Drawing {
  return {
    prompt: parent.prompt,
    turn: `${parent.turn} ${means} ${index}`,
    makes,
    ...(makes === 1 && { scale }),
    async references() {
      const pictures = index === 0 ? [] : await draw(parent, faults)
      return pictures.slice(Math.max(0, index - 1), index)
    },
  }
}
