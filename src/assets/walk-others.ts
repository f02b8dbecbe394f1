import type { Ending, Seen, Walk } from './probe.ts'

/** GIF: the logical screen's size stands in the header; the end of the last block and one byte end the file. Source: GIF89a specification, 16, 18 and 27. */
export const gif = {
  *walk(seen: Seen): Walk {
    const header = yield { at: 0, length: 13 }
    seen.width = header.readUInt16LE(6)
    seen.height = header.readUInt16LE(8)
  },

  end(seen: Seen, { tail }: Ending): void {
    if (tail.at(-2) === 0 && tail.at(-1) === 0x3b) seen.fault = undefined
  },
}

const SVG_STEP = 64
const SVG_HEAD = 8192

/** SVG: read as text up to the end of its root tag, where the size is written plainly, in pixels or as a view box. Nothing is interpreted. */
export const svg = {
  *walk(seen: Seen): Walk {
    let head = ''
    for (let at = 0; at < SVG_HEAD; at += SVG_STEP) {
      head += (yield { at, length: SVG_STEP }).toString('latin1', 0, SVG_STEP)
      const root = /<svg\s[^>]*>/i.exec(head)?.[0]
      if (root === undefined) continue
      const [, , , boxWidth, boxHeight] =
        /viewBox\s*=\s*["']\s*(\S+?)[\s,]+(\S+?)[\s,]+(\S+?)[\s,]+(\S+?)\s*["']/.exec(root) ?? []
      seen.width = pixels(/\swidth\s*=\s*["']([^"']*)["']/.exec(root)?.[1]) ?? pixels(boxWidth) ?? 0
      seen.height = pixels(/\sheight\s*=\s*["']([^"']*)["']/.exec(root)?.[1]) ?? pixels(boxHeight) ?? 0
      return
    }
  },

  end(seen: Seen, { tail }: Ending): void {
    if (tail.toString('latin1').trimEnd().endsWith('</svg>')) seen.fault = undefined
  },
}

/** `1024`, `1024.5`, `1024px`; any other unit is no number of pixels. */
function pixels(text: string | undefined): number | undefined {
  const found = /^(\d{1,6})(\.\d{1,6})?(px)?$/.exec(text ?? '')?.[1]
  return found === undefined ? undefined : Number(found)
}
