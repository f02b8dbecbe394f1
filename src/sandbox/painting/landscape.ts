import { mix, radialGradient, round, verticalGradient } from './color.ts'
import type { Frame } from './frame.ts'
import { ridge } from './ridge.ts'
import { sky } from './sky.ts'
import type { Sun } from './sky.ts'

const WATER = /\b(lakes?|sea|ocean|rivers?|water|beach|coast|fjord|bay|island|harbou?r|pond|reflections?)\b/iu
const FLAT = /\b(sea|ocean|beach|coast|harbou?r|desert|field|meadow|plain)\b/iu
const ROCKY = /\b(mountains?|alps?|peaks?|summit|fjord|rock(y|ies)?|volcano|glacier)\b/iu
const TREES = /\b(forests?|pines?|trees?|woods?|lakes?|mountains?|park|garden)\b/iu

/** Ranges behind ranges in haze, a lake that mirrors them or a valley, mist, pines. */
export function landscape(frame: Frame): string {
  const { width, height, unit, mood, prompt, random } = frame
  const hasWater = WATER.test(prompt) || (!FLAT.test(prompt) && random() < 0.5)
  const horizon = height * (hasWater ? 0.6 : 0.72)
  const rise = Math.min(horizon * 0.78, width * 0.5) * (FLAT.test(prompt) && !ROCKY.test(prompt) ? 0.3 : 1)
  const sun: Sun = {
    x: width * random.between(0.56, 0.7),
    y: mood.name === 'day' ? horizon * 0.24 : mood.name === 'night' ? horizon * 0.28 : horizon * 0.62,
    radius: 27 * unit,
  }
  const behind = mountains(frame, horizon, rise, sun.x)
  const view = sky(frame, horizon, sun) + behind
  return [
    hasWater ? mirrored(frame, view, horizon, sun) : view + valley(frame, horizon),
    mist(frame, horizon),
    TREES.test(prompt) ? shore(frame) : '',
    mood.name === 'night' ? '' : birds(frame, horizon),
  ].join('')

  function mountains({ mood: light }: Frame, foot: number, high: number, sunX: number): string {
    const sharpness = ROCKY.test(prompt) ? 0.85 : 0.35
    const layers = [
      { share: 0.74, peaks: 2.4, tone: 0.12, snow: ROCKY.test(prompt) },
      { share: 0.5, peaks: 3.4, tone: 0.42, snow: false },
      { share: 0.3, peaks: 4.4, tone: 0.68, snow: false },
      { share: 0.15, peaks: 6, tone: 0.9, snow: false },
    ]
    return layers
      .map(({ share, peaks, tone, snow }, index) => {
        const shape = { foot: foot + unit, rise: high * share, peaks, sharpness: sharpness * (1 - index * 0.16) }
        const color = mix(light.far, light.near, tone)
        const veil = `<ellipse cx="${round(width * random.between(0.2, 0.8))}" cy="${round(foot)}" rx="${round(width * 0.75)}" ry="${round(high * share * 0.4)}" fill="url(#haze)"/>`
        return ridge(frame, `range${index}`, shape, color, sunX, snow, index < 2) + veil
      })
      .join('')
  }
}

/** The view once more, upside down and dimmed, under ripples and a road of light below the sun. */
function mirrored(frame: Frame, view: string, horizon: number, sun: Sun): string {
  const { width, height, unit, mood, random } = frame
  const depth = height - horizon
  const squeeze = Math.max(0.62, depth / horizon)
  const ripples = Array.from({ length: 150 }, () => {
    const near = random() ** 1.7
    const length = random.between(20, 130) * unit * (0.35 + near)
    const light = random() < 0.5
    return `<rect x="${round(random() * width - length / 2)}" y="${round(horizon + 3 * unit + near * depth)}" width="${round(length)}" height="${round((0.7 + 2.2 * near) * unit)}" rx="${unit}" fill="${light ? mood.sky[3] : mood.ink}" fill-opacity="${round(random.between(0.04, 0.17))}"/>`
  })
  const road = Array.from({ length: 95 }, () => {
    const near = random() ** 1.25
    const spread = (16 + 95 * near) * unit
    const length = random.between(8, 46) * unit * (0.4 + near)
    const x = sun.x + (random() + random() - 1) * spread - length / 2
    return `<rect x="${round(x)}" y="${round(horizon + 2 * unit + near * depth * 0.96)}" width="${round(length)}" height="${round((1 + 2.1 * near) * unit)}" rx="${round(1.5 * unit)}" fill-opacity="${round(random.between(0.25, 0.85) * (1 - near * 0.55))}"/>`
  })
  return [
    `<defs>`,
    verticalGradient('deep', [
      { at: 0, color: mood.water, opacity: 0.1 },
      { at: 0.45, color: mood.water, opacity: 0.38 },
      { at: 1, color: mood.ink, opacity: 0.86 },
    ]),
    `<clipPath id="surface"><rect y="${round(horizon)}" width="${width}" height="${round(depth)}"/></clipPath></defs>`,
    `<g id="view">${view}</g>`,
    `<g clip-path="url(#surface)"><use href="#view" transform="matrix(1 0 0 ${round(-squeeze)} 0 ${round(horizon * (1 + squeeze))})"/></g>`,
    `<rect y="${round(horizon)}" width="${width}" height="${round(depth)}" fill="url(#deep)"/>`,
    `<g clip-path="url(#surface)"><ellipse cx="${round(sun.x)}" cy="${round(horizon + depth * 0.3)}" rx="${round(120 * unit)}" ry="${round(depth * 0.72)}" fill="url(#halo)"/></g>`,
    ripples.join(''),
    `<g fill="${mix(mood.sun, mood.glow, 0.3)}">${road.join('')}</g>`,
  ].join('')
}

function valley({ width, height, unit, mood, random }: Frame, horizon: number): string {
  const folds = [0.02, 0.32, 0.66].map((share, index) => {
    const y = horizon + (height - horizon) * share
    const swing = random.between(-60, 60) * unit
    const color = mix(mood.near, mood.ink, 0.2 + index * 0.3)
    return `<path d="M0 ${round(y)}C${round(width * 0.3)} ${round(y - swing)} ${round(width * 0.6)} ${round(y + swing)} ${width} ${round(y - swing * 0.4)}L${width} ${height}L0 ${height}Z" fill="${color}"/>`
  })
  return folds.join('')
}

function mist({ width, unit, mood, random }: Frame, horizon: number): string {
  const color = mix(mood.sky[3], '#ffffff', mood.name === 'night' ? 0 : 0.5)
  const banks = Array.from({ length: 8 }, () => {
    const reach = random.between(0.18, 0.45) * width
    return `<ellipse cx="${round(random() * width)}" cy="${round(horizon + random.between(-22, 9) * unit)}" rx="${round(reach)}" ry="${round(random.between(7, 22) * unit)}"/>`
  })
  return `<defs>${radialGradient('haze', [
    { at: 0, color, opacity: 0.5 },
    { at: 0.5, color, opacity: 0.2 },
    { at: 1, color, opacity: 0 },
  ])}</defs><g fill="url(#haze)">${banks.join('')}</g>`
}

/** Two dark banks in the lower corners with pines on them, the left one taller. */
function shore({ width, height, unit, mood, random }: Frame): string {
  const ink = mood.ink
  const bank = (from: number, to: number, top: number): string =>
    `<path d="M${round(from)} ${round(height)}L${round(from)} ${round(top)}C${round(from + (to - from) * 0.5)} ${round(top + 4 * unit)} ${round(from + (to - from) * 0.7)} ${round(height - 14 * unit)} ${round(to)} ${round(height)}Z"/>`
  const pines = (from: number, to: number, foot: number, count: number, tall: number): string =>
    Array.from({ length: count }, () => {
      const share = random() ** 1.4
      const x = from + (to - from) * share
      return pine(x, foot + share * (height - foot) * 0.9, tall * random.between(0.5, 1) * (1 - share * 0.45))
    }).join('')
  const left = height - 62 * unit
  const right = height - 40 * unit
  return `<g fill="${ink}">${bank(0, width * 0.42, left)}${bank(width, width * 0.66, right)}${pines(-0.01 * width, width * 0.24, left + 16 * unit, 13, 330 * unit)}${pines(width * 1.01, width * 0.83, right + 12 * unit, 9, 230 * unit)}</g>`

  /** A trunk and whorls of branches that sag and lose their symmetry. */
  function pine(x: number, foot: number, tall: number): string {
    const whorls = 9
    const side = (direction: number): string[] =>
      Array.from({ length: whorls }, (_, index) => {
        const share = (index + 1) / whorls
        const reach = tall * (0.03 + 0.15 * share) * random.between(0.75, 1.15)
        const y = foot - tall * (1 - share * 0.93)
        return `${round(x + direction * reach)} ${round(y + tall * 0.028)}L${round(x + direction * reach * 0.38)} ${round(y + tall * 0.004)}`
      })
    const down = side(1)
    const up = side(-1)
      .map((step) => step.split('L').toReversed().join('L'))
      .toReversed()
    return `<path d="M${round(x)} ${round(foot - tall)}L${down.join('L')}L${round(x + tall * 0.012)} ${round(foot)}L${round(x - tall * 0.012)} ${round(foot)}L${up.join('L')}Z"/>`
  }
}

function birds({ width, unit, mood, random }: Frame, horizon: number): string {
  const x = width * random.between(0.24, 0.42)
  const y = horizon * random.between(0.3, 0.42)
  const wings = Array.from({ length: 5 }, () => {
    const left = x + random.between(-70, 70) * unit
    const top = y + random.between(-32, 32) * unit
    const span = random.between(6, 11) * unit
    return `M${round(left - span)} ${round(top - span * 0.3)}Q${round(left - span * 0.4)} ${round(top - span * 0.5)} ${round(left)} ${round(top)}Q${round(left + span * 0.4)} ${round(top - span * 0.5)} ${round(left + span)} ${round(top - span * 0.3)}`
  })
  return `<path d="${wings.join('')}" fill="none" stroke="${mood.ink}" stroke-width="${round(1.7 * unit)}" stroke-linecap="round" stroke-opacity=".6"/>`
}
