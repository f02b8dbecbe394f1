import { round } from './color.ts'

/**
 * Writing without fonts: a bare machine or container has none, and librsvg then draws no text at all. Each letter is a few strokes
 * on a grid of 4 by 6, `xy` by `xy`; `;` lifts the pen. Upper case only.
 */
const STROKES: Readonly<Record<string, string>> = {
  A: '06 20 46;14 34',
  B: '00 06 36 45 44 33 03;33 42 41 30 00',
  C: '41 30 10 01 05 16 36 45',
  D: '00 06 26 44 42 20 00',
  E: '40 00 06 46;03 33',
  F: '40 00 06;03 33',
  G: '41 30 10 01 05 16 36 45 43 23',
  H: '00 06;40 46;03 43',
  I: '00 06',
  J: '30 35 26 16 05',
  K: '00 06;40 03 46',
  L: '00 06 36',
  M: '06 00 23 40 46',
  N: '06 00 46 40',
  O: '10 30 41 45 36 16 05 01 10',
  P: '06 00 30 41 42 33 03',
  Q: '10 30 41 45 36 16 05 01 10;24 46',
  R: '06 00 30 41 42 33 03;23 46',
  S: '41 30 10 01 02 13 33 44 45 36 16 05',
  T: '00 40;20 26',
  U: '00 05 16 36 45 40',
  V: '00 26 40',
  W: '00 16 22 36 40',
  X: '00 46;40 06',
  Y: '00 23 40;23 26',
  Z: '00 40 06 46',
  0: '10 20 31 35 26 16 05 01 10',
  1: '01 10 16',
  2: '01 10 20 31 32 06 36',
  3: '00 30 13 23 34 35 26 16 05',
  4: '26 20 04 34',
  5: '30 00 02 22 33 35 26 06',
  6: '30 10 01 05 16 26 35 34 23 03',
  7: '00 30 16',
  8: '10 20 31 32 23 13 04 05 16 26 35 34 23;13 02 01 10',
  9: '06 26 35 31 20 10 01 02 13 33',
  '.': '06 06',
  ',': '16 07',
  '!': '00 04;06 06',
  '?': '01 10 20 31 32 14;16 16',
  ':': '02 02;05 05',
  ';': '12 12;15 06',
  "'": '00 02',
  '"': '00 02;20 22',
  '-': '03 23',
  _: '06 46',
  '(': '20 02 04 26',
  ')': '00 22 24 06',
  '/': '06 40',
  '&': '46 02 01 10 21 22 04 05 16 26 44',
  '+': '21 25;03 43',
  '=': '02 42;04 44',
  '%': '40 06;00 11;35 46',
  '#': '10 16;30 36;02 42;04 44',
  '*': '21 25;12 34;32 14',
  '[': '20 00 06 26',
  ']': '00 20 26 06',
  '…': '06 06;26 26;46 46',
}

/** What stands for a letter that has no strokes here: an open box. */
const UNKNOWN = '00 30 36 06 00'
const WIDTH_OF_SPACE = 2
const GAP = 1.9
/** No caption is longer than this many characters. */
const LONGEST = 300

export interface Line {
  /** The `d` of one SVG path, its top left corner at `left`, `top`. To be stroked with round caps, not filled. */
  readonly path: string
  readonly width: number
}

/** One line of capitals `height` pixels high. */
export function letter(text: string, left: number, top: number, height: number): Line {
  const unit = height / 6
  let at = 0
  const pieces: string[] = []
  for (const character of plainCapitals(text)) {
    for (const points of strokesOf(character)) {
      pieces.push(`M${points.map(({ x, y }) => `${round(left + (at + x) * unit)} ${round(top + y * unit)}`).join('L')}`)
    }
    at += advance(character)
  }
  return { path: pieces.join(''), width: Math.max(0, at - GAP) * unit }
}

/** As many words of the text as fit into `width`, with an ellipsis where some were left out. Looks at what fits, never at the rest. */
export function fitted(text: string, width: number, height: number): string {
  const beginning = text.slice(0, LONGEST).replace(/\s+/gu, ' ').trim()
  const room = (width * 6) / height + GAP
  let used = 0
  let kept = 0
  for (const character of beginning) {
    used += Array.from(plainCapitals(character)).reduce((sum, plain) => sum + advance(plain), 0)
    if (used > room) break
    if (used + advance('…') <= room) kept += character.length
  }
  if (used <= room && text.length <= LONGEST) return beginning
  const cut = beginning.slice(0, kept)
  const space = cut.lastIndexOf(' ')
  return `${space > 0 ? cut.slice(0, space) : cut}…`
}

function strokesOf(character: string): { x: number; y: number }[][] {
  if (character === ' ') return []
  return (STROKES[character] ?? UNKNOWN)
    .split(';')
    .map((stroke) => stroke.split(' ').map((pair) => ({ x: Number(pair[0]), y: Number(pair[1]) })))
}

/** From one letter's left edge to the next one's, in units of the grid. */
function advance(character: string): number {
  if (character === ' ') return WIDTH_OF_SPACE + GAP
  return Math.max(...strokesOf(character).flatMap((points) => points.map(({ x }) => x))) + GAP
}

/** Accents go, so that `bouclé` reads as `BOUCLE`. */
function plainCapitals(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[‘’]/gu, "'")
    .replace(/[“”]/gu, '"')
    .replace(/[–—]/gu, '-')
    .replace(/\.\.\./gu, '…')
    .toUpperCase()
}
