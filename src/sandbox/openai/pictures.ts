import sharp from 'sharp'

import { type Faults, withoutFaults } from '../faults.ts'
import { sha256 } from '../network-faults.ts'
import { paint } from '../painter.ts'
import { hashOf } from '../painting/random.ts'
import { damaged } from '../picture-faults.ts'
import type { Job } from './job.ts'

/** One picture of a job. Whatever was said of it shows: in its pixels, its encoding or its edges. */
export async function pictureOf(job: Job, faults: Faults, index: number): Promise<Buffer> {
  const half = 'wrong-size' in faults ? 2 : 1
  const { quality, complexity, fidelity, mask, format, compression } = job
  const said = [
    quality === 'medium' ? '' : quality,
    complexity === undefined || complexity === 'medium' ? '' : `${complexity} complexity`,
    fidelity === undefined ? '' : `${fidelity} fidelity`,
    mask === undefined ? '' : `mask ${hashOf(sha256(mask.bytes))}`,
    index === 0 ? '' : `picture ${index + 1}`,
  ]
  const painted = await paint({
    prompt: withoutFaults(job.prompt),
    seed: said.filter((part) => part !== '').join(', '),
    width: Math.round(job.width / half),
    height: Math.round(job.height / half),
    format,
    ...(compression !== undefined && format !== 'png' && { quality: Math.max(1, compression) }),
    references: job.images.map(({ bytes }) => bytes),
  })
  return damaged(job.background === 'transparent' ? await cutOut(painted, job) : painted, faults)
}

/** The picture in an oval, with nothing around it. */
async function cutOut(picture: Buffer, { width, height, format }: Job): Promise<Buffer> {
  const oval = `<svg width="${width}" height="${height}"><ellipse cx="50%" cy="50%" rx="50%" ry="50%"/></svg>`
  const cut = sharp(picture)
    .ensureAlpha()
    .composite([{ input: Buffer.from(oval), blend: 'dest-in' }])
  return await (format === 'webp' ? cut.webp({ effort: 1 }) : cut.png({ compressionLevel: 3 })).toBuffer()
}

/** A preview: the picture in squares, smaller ones each time. */
export async function previewOf(picture: Buffer, { width, height, format }: Job, index: number): Promise<Buffer> {
  const squares = 8 * 2 ** index
  const coarse = await sharp(picture).resize(squares, squares, { fit: 'fill' }).png().toBuffer()
  return await sharp(coarse).resize(width, height, { fit: 'fill', kernel: 'nearest' }).toFormat(format).toBuffer()
}
