import { mix, round, verticalGradient } from './color.ts'
import type { Frame } from './frame.ts'
import type { Random } from './random.ts'

export interface RidgeShape {
  /** Where its foot stands, in pixels from the top. */
  readonly foot: number
  /** How high its peaks may reach above the foot. */
  readonly rise: number
  /** Peaks over the width. */
  readonly peaks: number
  /** 0: rolling hills, 1: sharp rock. */
  readonly sharpness: number
}

interface Point {
  readonly x: number
  readonly y: number
}

/** One range of mountains, lit from `sunX`, with light and shadow on its slopes and snow where it is high enough. */
export function ridge(
  frame: Frame,
  id: string,
  shape: RidgeShape,
  color: string,
  sunX: number,
  snow: boolean,
  faceted: boolean,
): string {
  const { mood, unit } = frame
  const line = skyline(frame, shape)
  const outline = `M0 ${round(shape.foot)}L${line.map(pair).join('L')}L${frame.width} ${round(shape.foot)}Z`
  const crest = Math.min(...line.map(({ y }) => y))
  const shading = (faceted ? summits(line, shape.rise * 0.1) : [])
    .map((at) => slopes(frame, line, at, shape, sunX, snow, crest))
    .join('')
  return [
    `<defs>`,
    verticalGradient(id, [
      { at: 0, color: mix(color, mood.lit, snow ? 0.16 : 0.04) },
      { at: 0.55, color },
      { at: 1, color: mix(color, mood.sky[3], 0.34) },
    ]),
    `<clipPath id="${id}-edge"><path d="${outline}"/></clipPath></defs>`,
    `<path d="${outline}" fill="url(#${id})"/>`,
    `<g clip-path="url(#${id}-edge)" stroke-width="${round(unit)}">${shading}</g>`,
  ].join('')
}

/** Fractal noise, folded at its zero crossings where the range is sharp: folds are what peaks look like. */
function skyline({ width, unit, random }: Frame, { foot, rise, peaks, sharpness }: RidgeShape): Point[] {
  const octaves = Array.from({ length: 6 }, (_, level) => waves(random, peaks * 2 ** level, level))
  const steps = Math.max(120, Math.round(width / (4 * unit)))
  return Array.from({ length: steps + 1 }, (_, index) => {
    const share = index / steps
    const height = octaves.reduce((sum, wave, level) => {
      const value = wave(share)
      const folded = 1 - Math.abs(value) * 2
      return sum + (value * (1 - sharpness) + folded * sharpness) * 0.5 ** level
    }, 0)
    return { x: share * width, y: foot - rise * Math.min(1, Math.max(0.06, 0.42 + height * 0.36)) }
  })
}

/** Smooth one-dimensional noise in [-1, 1]. */
function waves(random: Random, cells: number, level: number): (share: number) => number {
  const values = Array.from({ length: Math.ceil(cells) + 3 }, () => random.between(-1, 1))
  const shift = random()
  return (share) => {
    const at = share * cells + shift
    const cell = Math.floor(at)
    const t = at - cell
    const eased = level > 2 ? t : t * t * (3 - 2 * t)
    return (values[cell] ?? 0) * (1 - eased) + (values[cell + 1] ?? 0) * eased
  }
}

/** Indexes of the points that overlook their neighbourhood by at least `prominence`. */
function summits(line: readonly Point[], prominence: number): number[] {
  const reach = Math.max(6, Math.round(line.length / 26))
  return line.flatMap(({ y }, index) => {
    const around = line.slice(Math.max(0, index - reach), index + reach + 1)
    const isTop = around.every((other) => other.y >= y)
    return isTop && Math.max(...around.map((other) => other.y)) - y > prominence ? [index] : []
  })
}

/** A jagged spur runs down from the summit; what lies on its far side from the sun is in shadow, the rest is lit, the top is white. */
function slopes(
  { random, mood, unit }: Frame,
  line: readonly Point[],
  at: number,
  { foot, rise }: RidgeShape,
  sunX: number,
  snow: boolean,
  crest: number,
): string {
  const top = line[at]
  if (!top) return ''
  const away = top.x < sunX ? -1 : 1
  const depth = foot - top.y
  const spur: Point[] = [top]
  for (let step = 1; step <= 9; step++) {
    const share = step / 9
    spur.push({
      x: top.x - away * depth * 0.2 * share + random.between(-1, 1) * depth * 0.05,
      y: top.y + depth * share,
    })
  }
  const spurLine = spur.map(pair).join('L')
  const shadow = `M${spurLine}L${round(top.x + away * depth * 1.5)} ${round(foot)}L${round(top.x + away * depth * 0.9)} ${round(top.y - unit)}Z`
  const light = `M${spurLine}L${round(top.x - away * depth * 1.1)} ${round(foot)}L${round(top.x - away * depth * 0.6)} ${round(top.y - unit)}Z`
  const white = snow && depth > rise * 0.55 ? snowcap(random, top, crest + rise * 0.34, away, mood.lit) : ''
  return `<path d="${light}" fill="${mood.lit}" fill-opacity=".13"/>${white}<path d="${shadow}" fill="${mood.ink}" fill-opacity=".2"/>`
}

/** Snow from the summit down to about `line`, its lower edge in tongues along the gullies. */
function snowcap(random: Random, top: Point, snowline: number, away: number, lit: string): string {
  const depth = Math.max(snowline - top.y, 0)
  if (depth < 4) return ''
  const reach = depth * 1.5
  const teeth = 13
  const edge = Array.from({ length: teeth + 1 }, (_, index) => {
    const share = index / teeth
    const drop = index % 2 === 0 ? random.between(0.35, 0.6) : random.between(0.75, 1.15)
    return { x: top.x - reach + 2 * reach * share, y: top.y + depth * drop }
  })
  const cap = `M${round(top.x - reach)} ${round(top.y - 5)}L${edge.map(pair).join('L')}L${round(top.x + reach)} ${round(top.y - 5)}Z`
  const warm = `M${round(top.x)} ${round(top.y)}L${round(top.x - away * reach)} ${round(top.y)}L${round(top.x - away * reach)} ${round(top.y + depth)}L${round(top.x - away * depth * 0.2)} ${round(top.y + depth * 0.7)}Z`
  return `<path d="${cap}" fill="#ffffff" fill-opacity=".5"/><path d="${warm}" fill="${lit}" fill-opacity=".28"/>`
}

function pair({ x, y }: Point): string {
  return `${round(x)} ${round(y)}`
}
