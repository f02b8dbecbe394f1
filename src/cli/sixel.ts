/** Levels of each of red, green and blue: 6 × 6 × 6 colours, of the 256 that terminals have at least. */
const LEVELS = 6

/** Ordered dithering hides the steps between so few colours. */
const BAYER = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5] as const

/** Rows of one band of sixels. */
const BAND = 6

/**
 * Raw RGB pixels as a DEC sixel drawing: bands of six rows, one pass over each band per colour in it, runs counted.
 * https://vt100.net/docs/vt3xx-gp/chapter14.html (read 2026-11-22)
 */
export function sixelOf(rgb: Buffer, { width, height }: { readonly width: number; readonly height: number }): Buffer {
  const colours = quantized(rgb, width)
  const parts = [`\u001BP0;1q"1;1;${width};${height}`]
  for (let colour = 0; colour < LEVELS ** 3; colour += 1) {
    const levels = [Math.floor(colour / LEVELS ** 2), Math.floor(colour / LEVELS) % LEVELS, colour % LEVELS]
    parts.push(`#${colour};2;${levels.map((level) => (level * 100) / (LEVELS - 1)).join(';')}`)
  }
  for (let top = 0; top < height; top += BAND)
    parts.push(bandOf(colours, width, top, Math.min(BAND, height - top)), '-')
  parts.push('\u001B\\')
  return Buffer.from(parts.join(''), 'latin1')
}

function quantized(rgb: Buffer, width: number): Uint8Array {
  const colours = new Uint8Array(rgb.length / 3)
  for (let pixel = 0; pixel < colours.length; pixel += 1) {
    const x = pixel % width
    const y = Math.floor(pixel / width)
    const threshold = ((BAYER[(y % 4) * 4 + (x % 4)] ?? 0) + 0.5) / 16
    let colour = 0
    for (let channel = 0; channel < 3; channel += 1) {
      const exact = ((rgb[pixel * 3 + channel] ?? 0) / 255) * (LEVELS - 1)
      colour = colour * LEVELS + Math.min(LEVELS - 1, Math.floor(exact + threshold))
    }
    colours[pixel] = colour
  }
  return colours
}

function bandOf(colours: Uint8Array, width: number, top: number, rows: number): string {
  const masks = new Map<number, Uint8Array>()
  for (let row = 0; row < rows; row += 1) {
    for (let x = 0; x < width; x += 1) {
      const colour = colours[(top + row) * width + x] ?? 0
      const mask = masks.get(colour) ?? new Uint8Array(width)
      masks.set(colour, mask)
      mask[x] = (mask[x] ?? 0) | (1 << row)
    }
  }
  return [...masks].map(([colour, mask]) => `#${colour}${runsOf(mask)}`).join('$')
}

function runsOf(mask: Uint8Array): string {
  let text = ''
  for (let at = 0; at < mask.length;) {
    let end = at + 1
    while (end < mask.length && mask[end] === mask[at]) end += 1
    const sixel = String.fromCodePoint(63 + (mask[at] ?? 0))
    text += end - at > 3 ? `!${end - at}${sixel}` : sixel.repeat(end - at)
    at = end
  }
  return text
}
