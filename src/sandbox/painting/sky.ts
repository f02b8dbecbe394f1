import { mix, radialGradient, round, verticalGradient } from './color.ts'
import type { Frame } from './frame.ts'

export interface Sun {
  readonly x: number
  readonly y: number
  readonly radius: number
}

/** Sky from the top down to `horizon`, with sun or moon, its glow, clouds or stars. */
export function sky(frame: Frame, horizon: number, sun: Sun): string {
  const { width, height, mood } = frame
  const [top, upper, lower, low] = mood.sky
  return [
    `<defs>`,
    verticalGradient('sky', [
      { at: 0, color: top },
      { at: 0.42, color: upper },
      { at: 0.8, color: lower },
      { at: 1, color: low },
    ]),
    radialGradient('halo', [
      { at: 0, color: mood.glow, opacity: 0.85 },
      { at: 0.25, color: mood.glow, opacity: 0.42 },
      { at: 0.6, color: mood.glow, opacity: 0.12 },
      { at: 1, color: mood.glow, opacity: 0 },
    ]),
    radialGradient('core', [
      { at: 0, color: '#ffffff' },
      { at: 0.72, color: mood.sun },
      { at: 0.86, color: mood.sun, opacity: 0.55 },
      { at: 1, color: mood.glow, opacity: 0 },
    ]),
    radialGradient('cloud', [
      { at: 0, color: mix(low, '#ffffff', 0.35), opacity: 0.5 },
      { at: 0.6, color: mix(lower, '#ffffff', 0.15), opacity: 0.2 },
      { at: 1, color: lower, opacity: 0 },
    ]),
    `</defs>`,
    `<rect width="${width}" height="${round(horizon + 2)}" fill="url(#sky)"/>`,
    mood.name === 'night' ? stars(frame, horizon) : clouds(frame, horizon),
    `<circle cx="${round(sun.x)}" cy="${round(sun.y)}" r="${round(Math.max(width, height) * 0.46)}" fill="url(#halo)"/>`,
    `<circle cx="${round(sun.x)}" cy="${round(sun.y)}" r="${round(sun.radius * 1.35)}" fill="url(#core)"/>`,
  ].join('')
}

function stars({ width, unit, random }: Frame, horizon: number): string {
  const dots = Array.from({ length: 170 }, () => {
    const radius = random() < 0.08 ? random.between(1.4, 2.2) : random.between(0.4, 1.2)
    return `<circle cx="${round(random() * width)}" cy="${round(random() * horizon * 0.9)}" r="${round(radius * unit)}" fill-opacity="${round(random.between(0.35, 1))}"/>`
  })
  return `<g fill="#fdfbf0">${dots.join('')}</g>`
}

/** Long thin veils, thinner towards the horizon, each of a few soft ellipses. */
function clouds({ width, unit, random }: Frame, horizon: number): string {
  const veils = Array.from({ length: 9 }, () => {
    const depth = random()
    const y = horizon * (0.1 + 0.68 * depth)
    const x = random() * width
    const reach = random.between(0.16, 0.34) * width
    return Array.from({ length: 4 }, (_, index) => {
      const shift = random.between(-0.6, 0.6) * reach
      const thick = random.between(5, 17) * unit * (1.15 - depth) + 2 * unit
      return `<ellipse cx="${round(x + shift)}" cy="${round(y + (index - 2) * thick * 0.45)}" rx="${round(reach * random.between(0.4, 1))}" ry="${round(thick)}"/>`
    }).join('')
  })
  return `<g fill="url(#cloud)">${veils.join('')}</g>`
}
