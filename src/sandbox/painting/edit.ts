import sharp from 'sharp'
import type { OutputInfo } from 'sharp'
import { mix, round } from './color.ts'
import { moodOf } from './mood.ts'
import { randomFrom } from './random.ts'

/**
 * Paints over references: the first fills the picture, graded in the light of the prompt, under its glow and inside a frame; the others
 * hang on it as prints. So an edit shows what it was made from, and is never the same picture.
 */
export async function editScene(
  prompt: string,
  seed: string,
  width: number,
  height: number,
  references: readonly Buffer[],
): Promise<{ data: Buffer; info: OutputInfo }> {
  const [first, ...others] = references
  const random = randomFrom(`edit ${seed}\n${prompt}`)
  const mood = moodOf(prompt, random)
  const unit = Math.sqrt(width * height) / 1000
  const base = await sharp(first)
    .rotate()
    .flatten({ background: '#ffffff' })
    .resize(width, height, { fit: 'cover' })
    .modulate({ saturation: 0.86 })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const prints = await Promise.all(others.slice(0, 13).map((print, index) => hung(print, index)))
  const sun = { x: width * random.between(0.15, 0.85), y: height * random.between(0.1, 0.3) }
  const light = overlay(
    `<defs><linearGradient id="tone" x1="0" y1="0" x2=".3" y2="1"><stop offset="0" stop-color="${mood.sky[0]}"/><stop offset=".55" stop-color="${mood.sky[2]}"/><stop offset="1" stop-color="${mood.sky[3]}"/></linearGradient><radialGradient id="sun"><stop offset="0" stop-color="${mood.glow}" stop-opacity=".5"/><stop offset="1" stop-color="${mood.glow}" stop-opacity="0"/></radialGradient></defs>` +
      `<rect width="${width}" height="${height}" fill="url(#tone)" fill-opacity=".34"/>` +
      `<circle cx="${round(sun.x)}" cy="${round(sun.y)}" r="${round(330 * unit)}" fill="url(#sun)"/>`,
  )
  const border = 15 * unit
  const frame = overlay(
    `<rect x="${round(border / 2)}" y="${round(border / 2)}" width="${round(width - border)}" height="${round(height - border)}" fill="none" stroke="${mix(mood.glow, '#ffffff', 0.3)}" stroke-width="${round(border)}"/>`,
  )
  return sharp(base.data, { raw: base.info })
    .composite([{ input: light }, ...prints, { input: frame }])
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })

  function overlay(content: string): Buffer {
    return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`)
  }

  /** A print with a white border, in rows from the lower left. */
  async function hung(print: Buffer, index: number): Promise<{ input: Buffer; left: number; top: number }> {
    const columns = Math.min(5, Math.max(2, others.length))
    const side = Math.max(8, Math.floor(Math.min((width * 0.86) / columns - 14 * unit, height * 0.26)))
    const edge = Math.max(2, Math.round(6 * unit))
    const inner = Math.max(1, side - 2 * edge)
    const input = await sharp(print)
      .rotate()
      .flatten({ background: '#ffffff' })
      .resize(inner, inner, { fit: 'cover' })
      .extend({ top: edge, bottom: edge, left: edge, right: edge, background: '#fbfaf4' })
      .png({ compressionLevel: 1 })
      .toBuffer()
    const row = Math.floor(index / columns)
    return {
      input,
      left: Math.round(width * 0.06 + (index % columns) * (side + 14 * unit)),
      top: Math.max(0, Math.round(height * 0.87 - (row + 1) * (side + 12 * unit))),
    }
  }
}
