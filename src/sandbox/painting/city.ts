import { mix, radialGradient, round } from './color.ts'
import type { Frame } from './frame.ts'
import { sky } from './sky.ts'

/** Three rows of houses under the sky, windows lit after dark, a wet street that mirrors them, lanterns along it. */
export function city(frame: Frame): string {
  const { width, height, unit, mood } = frame
  const street = height * 0.77
  const sun = {
    x: width * 0.64,
    y: mood.name === 'day' || mood.name === 'night' ? height * 0.2 : street * 0.6,
    radius: 28 * unit,
  }
  const rows = [0, 1, 2].map((row) => houses(frame, row, street)).join('')
  const view = `<g id="town">${sky(frame, street, sun)}${rows}</g>`
  return [
    `<defs>${radialGradient('lantern', [
      { at: 0, color: '#fff0bd', opacity: 0.95 },
      { at: 0.16, color: '#ffc766', opacity: 0.6 },
      { at: 1, color: '#ff9d3c', opacity: 0 },
    ])}<clipPath id="ground"><rect y="${round(street)}" width="${width}" height="${round(height - street)}"/></clipPath></defs>`,
    view,
    `<rect y="${round(street)}" width="${width}" height="${round(height - street)}" fill="${mood.ink}"/>`,
    `<g clip-path="url(#ground)" opacity=".42"><use href="#town" transform="matrix(1 0 0 -.7 0 ${round(street * 1.7)})"/></g>`,
    puddles(frame, street),
    lanterns(frame, street),
  ].join('')
}

function houses({ width, unit, mood, random }: Frame, row: number, street: number): string {
  const isDark = mood.name !== 'day'
  const color = mix(mood.far, mood.near, 0.12 + row * 0.4)
  const blocks: string[] = []
  for (let x = -20 * unit; x < width;) {
    const wide = random.between(54, 118) * unit * (1 + row * 0.18)
    const tall = street * random.between(0.3, 0.74) * (1 - row * 0.21)
    const tone = mix(color, mood.ink, random() * 0.2)
    const roof = random()
    const top = street - tall
    const spire =
      roof < 0.2
        ? `<path d="M${round(x + wide / 2)} ${round(top - 64 * unit)}L${round(x + wide * 0.62)} ${round(top)}H${round(x + wide * 0.38)}Z" fill="${tone}"/>`
        : ''
    const gable =
      roof > 0.7
        ? `<path d="M${round(x)} ${round(top)}L${round(x + wide / 2)} ${round(top - wide * 0.36)}L${round(x + wide)} ${round(top)}Z" fill="${mix(tone, mood.ink, 0.2)}"/>`
        : ''
    blocks.push(
      `${spire}${gable}<rect x="${round(x)}" y="${round(top)}" width="${round(wide + 1)}" height="${round(tall)}" fill="${tone}"/>`,
    )
    blocks.push(windows(x, top, wide, tall))
    x += wide + random.between(-6, 12) * unit
  }
  return blocks.join('')

  function windows(x: number, top: number, wide: number, tall: number): string {
    const step = 17 * unit
    const lit: string[] = []
    const dark: string[] = []
    for (let left = x + 9 * unit; left < x + wide - 12 * unit; left += step) {
      for (let y = top + 12 * unit; y < top + tall - 16 * unit; y += step * 1.35) {
        const target = isDark && random() < 0.34 + row * 0.08 ? lit : dark
        target.push(`M${round(left)} ${round(y)}h${round(7 * unit)}v${round(10 * unit)}h${round(-7 * unit)}z`)
      }
    }
    return `<path d="${dark.join('')}" fill="${isDark ? mood.ink : mood.sky[3]}" fill-opacity=".32"/><path d="${lit.join('')}" fill="#ffd98a" fill-opacity=".88"/>`
  }
}

function puddles({ width, height, unit, mood, random }: Frame, street: number): string {
  return Array.from({ length: 70 }, () => {
    const near = random() ** 1.4
    const length = random.between(20, 130) * unit * (0.4 + near)
    return `<rect x="${round(random() * width - length / 2)}" y="${round(street + near * (height - street))}" width="${round(length)}" height="${round((1 + near * 2.4) * unit)}" rx="${round(unit)}" fill="${random() < 0.5 ? mood.glow : '#000000'}" fill-opacity="${round(random.between(0.06, 0.24))}"/>`
  }).join('')
}

function lanterns({ width, height, unit, mood }: Frame, street: number): string {
  return [0.1, 0.29, 0.73, 0.92]
    .map((share) => {
      const x = width * share
      const foot = street + (height - street) * 0.3
      const top = foot - 250 * unit
      return [
        `<path d="M${round(x)} ${round(foot)}V${round(top)}q0 ${round(-22 * unit)} ${round(22 * unit)} ${round(-22 * unit)}" fill="none" stroke="${mood.ink}" stroke-width="${round(5.5 * unit)}"/>`,
        `<circle cx="${round(x + 24 * unit)}" cy="${round(top - 8 * unit)}" r="${round((mood.name === 'day' ? 26 : 92) * unit)}" fill="url(#lantern)"/>`,
        `<ellipse cx="${round(x + 24 * unit)}" cy="${round(foot + 34 * unit)}" rx="${round(60 * unit)}" ry="${round(13 * unit)}" fill="url(#lantern)" fill-opacity="${mood.name === 'day' ? 0 : 0.6}"/>`,
      ].join('')
    })
    .join('')
}
