import { round } from './color.ts'
import { fitted, letter } from './lettering.ts'

/**
 * What every painting carries: the beginning of its prompt along the bottom, and SANDBOX in a corner. A whole SVG, clear elsewhere.
 * An edit's caption stands on a solid band, for the picture below it may have one of its own.
 */
export function signs(prompt: string, width: number, height: number, isEdit = false): string {
  const unit = Math.min(Math.sqrt(width * height) / 1000, width / 420, height / 420)
  const size = 15 * unit
  const margin = (isEdit ? 32 : 22) * unit
  const pen = `fill="none" stroke-width="${round(2.1 * unit)}" stroke-linecap="round" stroke-linejoin="round"`
  const words = fitted(isEdit ? `Edit: ${prompt}` : prompt, width - 2 * margin, size)
  const caption = letter(words, margin, height - margin - size, size)
  const mark = letter('SANDBOX', size * 0.75, size * 0.6, size * 0.9)
  const tag = { width: mark.width + 1.5 * size, height: size * 2.1 }
  const bandTop = height - margin - 2.1 * size
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<defs><linearGradient id="foot" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#000" stop-opacity="0"/><stop offset="1" stop-color="#000" stop-opacity=".62"/></linearGradient></defs>`,
    isEdit
      ? `<rect x="${round(margin * 0.47)}" y="${round(bandTop)}" width="${round(width - margin * 0.94)}" height="${round(height - margin * 0.47 - bandTop)}" fill="#0b0d14" fill-opacity=".94"/>`
      : `<rect y="${round(height - size * 6)}" width="${width}" height="${round(size * 6)}" fill="url(#foot)"/>`,
    `<path d="${caption.path}" ${pen} stroke="#fff" stroke-opacity=".94"/>`,
    `<g transform="translate(${round(width - margin - tag.width)} ${round(margin)})">`,
    `<rect width="${round(tag.width)}" height="${round(tag.height)}" rx="${round(tag.height / 2)}" fill="#0b0d14" fill-opacity=".62"/>`,
    `<path d="${mark.path}" ${pen} stroke="#ffe27a"/></g>`,
    `</svg>`,
  ].join('')
}
