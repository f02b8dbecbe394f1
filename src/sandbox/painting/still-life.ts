import { mix, radialGradient, round, verticalGradient } from './color.ts'
import type { Frame } from './frame.ts'
import { firstTone } from './tone.ts'

/** For everything that is no place: a backdrop, a table, and on it a bowl of spheres, a bottle and, where the prompt has one, a banana. */
export function stillLife(frame: Frame): string {
  const { width, height, unit, mood, random, prompt } = frame
  const tone = firstTone(prompt) ?? random.pick(['#c9573f', '#3f7fb0', '#d9a53c', '#5f8f57', '#8a5aa5', '#d0708c'])
  const table = height * 0.68
  const spheres = Array.from({ length: 5 }, (_, index) => {
    const radius = random.between(52, 92) * unit
    const x = width / 2 + (index - 2) * 96 * unit + random.between(-16, 16) * unit
    return sphere(
      frame,
      index,
      x,
      table + random.between(8, 66) * unit - radius,
      radius,
      index === 2
        ? tone
        : mix(tone, random.pick([mood.glow, mood.far, mood.near, mood.sky[1]]), random.between(0.35, 0.85)),
    )
  })
  return [
    `<defs>`,
    verticalGradient('back', [
      { at: 0, color: mix(mood.sky[0], tone, 0.2) },
      { at: 1, color: mix(mood.sky[2], tone, 0.16) },
    ]),
    verticalGradient('table', [
      { at: 0, color: mix('#8a6142', mood.sky[3], 0.2) },
      { at: 1, color: '#352115' },
    ]),
    radialGradient('pool', [
      { at: 0, color: mix(mood.sky[3], '#ffffff', 0.4), opacity: 0.75 },
      { at: 1, color: mood.sky[3], opacity: 0 },
    ]),
    radialGradient('drop', [
      { at: 0, color: '#0d0704', opacity: 0.6 },
      { at: 1, color: '#0d0704', opacity: 0 },
    ]),
    `</defs>`,
    `<rect width="${width}" height="${height}" fill="url(#back)"/>`,
    `<ellipse cx="${round(width * 0.36)}" cy="${round(height * 0.34)}" rx="${round(width * 0.5)}" ry="${round(height * 0.42)}" fill="url(#pool)"/>`,
    `<rect y="${round(table)}" width="${width}" height="${round(height - table)}" fill="url(#table)"/>`,
    `<ellipse cx="${round(width * 0.42)}" cy="${round(table + 90 * unit)}" rx="${round(width * 0.46)}" ry="${round(90 * unit)}" fill="url(#pool)" fill-opacity=".45"/>`,
    bottle(frame, width / 2 - 280 * unit, table + 44 * unit, mix(tone, mood.near, 0.55)),
    spheres.join(''),
    /\b(banana|plantain)s?\b/iu.test(prompt) ? banana(frame, width / 2 + 40 * unit, table + 120 * unit) : '',
  ].join('')
}

function sphere({ unit }: Frame, index: number, x: number, y: number, radius: number, tone: string): string {
  return [
    `<defs><radialGradient id="ball${index}" cx=".36" cy=".3" r=".78"><stop offset="0" stop-color="${mix(tone, '#ffffff', 0.72)}"/><stop offset=".34" stop-color="${tone}"/><stop offset="1" stop-color="${mix(tone, '#120a14', 0.66)}"/></radialGradient></defs>`,
    `<ellipse cx="${round(x + radius * 0.34)}" cy="${round(y + radius * 0.97)}" rx="${round(radius * 1.2)}" ry="${round(radius * 0.24)}" fill="url(#drop)"/>`,
    `<circle cx="${round(x)}" cy="${round(y)}" r="${round(radius)}" fill="url(#ball${index})"/>`,
    `<ellipse cx="${round(x - radius * 0.32)}" cy="${round(y - radius * 0.42)}" rx="${round(Math.max(radius * 0.16, unit))}" ry="${round(radius * 0.1)}" fill="#ffffff" fill-opacity=".55"/>`,
  ].join('')
}

function bottle({ unit }: Frame, x: number, foot: number, tone: string): string {
  const body = `M${round(x - 46 * unit)} ${round(foot)}V${round(foot - 190 * unit)}Q${round(x - 46 * unit)} ${round(foot - 244 * unit)} ${round(x - 17 * unit)} ${round(foot - 270 * unit)}V${round(foot - 350 * unit)}H${round(x + 17 * unit)}V${round(foot - 270 * unit)}Q${round(x + 46 * unit)} ${round(foot - 244 * unit)} ${round(x + 46 * unit)} ${round(foot - 190 * unit)}V${round(foot)}Q${round(x)} ${round(foot + 14 * unit)} ${round(x - 46 * unit)} ${round(foot)}Z`
  return [
    `<ellipse cx="${round(x + 30 * unit)}" cy="${round(foot)}" rx="${round(92 * unit)}" ry="${round(18 * unit)}" fill="url(#drop)"/>`,
    `<path d="${body}" fill="${tone}"/>`,
    `<rect x="${round(x - 33 * unit)}" y="${round(foot - 200 * unit)}" width="${round(11 * unit)}" height="${round(165 * unit)}" rx="${round(5 * unit)}" fill="#ffffff" fill-opacity=".4"/>`,
  ].join('')
}

function banana({ unit }: Frame, x: number, y: number): string {
  const at = (dx: number, dy: number): string => `${round(x + dx * unit)} ${round(y + dy * unit)}`
  return [
    `<ellipse cx="${round(x)}" cy="${round(y + 42 * unit)}" rx="${round(170 * unit)}" ry="${round(24 * unit)}" fill="url(#drop)"/>`,
    `<path d="M${at(-160, -40)}Q${at(-60, 96)} ${at(132, 20)}L${at(160, -22)}L${at(148, -30)}Q${at(6, 44)} ${at(-132, -66)}Z" fill="#f0c93a"/>`,
    `<path d="M${at(-156, -38)}Q${at(-56, 62)} ${at(134, 12)}Q${at(-50, 96)} ${at(-156, -38)}Z" fill="#c79320" fill-opacity=".7"/>`,
    `<path d="M${at(-160, -40)}L${at(-132, -66)}L${at(-142, -78)}L${at(-172, -50)}ZM${at(150, -12)}L${at(168, -42)}L${at(154, -48)}L${at(144, -26)}Z" fill="#5d4420"/>`,
  ].join('')
}
