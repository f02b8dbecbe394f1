import { mix, radialGradient, round, verticalGradient } from './color.ts'
import type { Frame } from './frame.ts'
import { toneOf } from './tone.ts'

/** A living room: a window with the hour of the day in it, its light on the wall and floor, a sofa, an arc lamp, a rug, a plant. */
export function room(frame: Frame): string {
  const { width, height, unit, mood, random, prompt } = frame
  const isNight = mood.name === 'night'
  const wall = toneOf(prompt, /wall/iu) ?? mix('#e9e1d3', mood.sky[2], isNight ? 0.5 : 0.14)
  const shade = isNight ? mix(wall, '#101730', 0.55) : wall
  const floorTop = height * 0.74
  const fromLeft = !/\bfrom the right\b/iu.test(prompt)
  const window = {
    width: Math.min(width * 0.3, 330 * unit),
    height: Math.min(height * 0.46, 430 * unit),
    x: fromLeft ? width * 0.07 : width * 0.93 - Math.min(width * 0.3, 330 * unit),
    y: height * 0.13,
  }
  return [
    `<defs>`,
    verticalGradient('wall', [
      { at: 0, color: mix(shade, '#3a3530', 0.16) },
      { at: 1, color: mix(shade, '#fff8ea', isNight ? 0 : 0.22) },
    ]),
    verticalGradient('floor', [
      { at: 0, color: mix('#b68a5c', shade, isNight ? 0.5 : 0.12) },
      { at: 1, color: mix('#6f4c2f', shade, isNight ? 0.4 : 0) },
    ]),
    verticalGradient('outside', [
      { at: 0, color: mood.sky[1] },
      { at: 0.6, color: mood.sky[2] },
      { at: 1, color: mood.sky[3] },
    ]),
    radialGradient('light', [
      { at: 0, color: isNight ? '#ffd58a' : mood.sky[3], opacity: 0.62 },
      { at: 1, color: isNight ? '#ffd58a' : mood.sky[3], opacity: 0 },
    ]),
    radialGradient('shadow', [
      { at: 0, color: '#1a120c', opacity: 0.5 },
      { at: 1, color: '#1a120c', opacity: 0 },
    ]),
    `</defs>`,
    `<rect width="${width}" height="${height}" fill="url(#wall)"/>`,
    `<rect y="${round(floorTop)}" width="${width}" height="${round(height - floorTop)}" fill="url(#floor)"/>`,
    boards(frame, floorTop),
    `<rect y="${round(floorTop - 11 * unit)}" width="${width}" height="${round(11 * unit)}" fill="${mix(shade, '#ffffff', 0.45)}"/>`,
    pane(frame, window),
    sunbeam(frame, window, floorTop, fromLeft),
    pictures(frame, fromLeft ? width * 0.6 : width * 0.32),
    rug(frame, width * 0.5, height * 0.89),
    sofa(frame, width * (fromLeft ? 0.57 : 0.43), height * 0.84),
    lamp(frame, fromLeft ? width * 0.93 : width * 0.07, height * 0.83, fromLeft ? -1 : 1),
    plant(frame, fromLeft ? width * 0.1 : width * 0.9, height * 0.84, random.between(0.9, 1.15)),
  ].join('')
}

function boards({ width, height, unit }: Frame, top: number): string {
  const lines = [0.16, 0.36, 0.62].map((share) => `M0 ${round(top + (height - top) * share)}H${width}`)
  return `<path d="${lines.join('')}" stroke="#3c2716" stroke-opacity=".28" stroke-width="${round(1.4 * unit)}"/>`
}

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

function pane({ unit, mood }: Frame, { x, y, width, height }: Box): string {
  const edge = 10 * unit
  const hills = `M${round(x)} ${round(y + height * 0.8)}Q${round(x + width * 0.3)} ${round(y + height * 0.58)} ${round(x + width * 0.55)} ${round(y + height * 0.76)}T${round(x + width)} ${round(y + height * 0.68)}V${round(y + height)}H${round(x)}Z`
  return [
    `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="url(#outside)"/>`,
    `<circle cx="${round(x + width * 0.68)}" cy="${round(y + height * 0.36)}" r="${round(22 * unit)}" fill="${mood.sun}" fill-opacity=".95"/>`,
    `<path d="${hills}" fill="${mix(mood.far, mood.near, 0.5)}"/>`,
    `<path d="M${round(x + width / 2)} ${round(y)}v${round(height)}M${round(x)} ${round(y + height * 0.46)}h${round(width)}" stroke="#fbf8f1" stroke-width="${round(edge * 0.7)}"/>`,
    `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="none" stroke="#fbf8f1" stroke-width="${round(edge)}"/>`,
    `<rect x="${round(x - edge * 1.6)}" y="${round(y + height)}" width="${round(width + edge * 3.2)}" height="${round(edge * 1.5)}" fill="#f3eee2"/>`,
  ].join('')
}

/** The window's light, slanting across the wall and lying on the floor. */
function sunbeam(
  { unit, height, mood }: Frame,
  { x, y, width, height: tall }: Box,
  floor: number,
  fromLeft: boolean,
): string {
  const slant = (fromLeft ? 1 : -1) * 230 * unit
  const beam = `M${round(x)} ${round(y)}L${round(x + width)} ${round(y)}L${round(x + width + slant * 1.5)} ${round(floor + (height - floor) * 0.55)}L${round(x + slant)} ${round(height)}L${round(x)} ${round(y + tall)}Z`
  return [
    `<path d="${beam}" fill="${mood.sky[3]}" fill-opacity="${mood.name === 'night' ? 0.05 : 0.13}"/>`,
    `<ellipse cx="${round(x + width / 2 + slant)}" cy="${round(floor + (height - floor) * 0.4)}" rx="${round(width)}" ry="${round((height - floor) * 0.42)}" fill="url(#light)"/>`,
  ].join('')
}

function pictures({ unit, random, mood, height }: Frame, centre: number): string {
  return [-1, 0, 1]
    .map((place) => {
      const wide = random.between(74, 100) * unit
      const tall = random.between(96, 132) * unit
      const x = centre + place * 128 * unit - wide / 2
      const y = height * 0.3 - tall / 2
      const tone = random.pick([mood.far, mood.glow, mood.near, mood.sky[2]])
      return `<rect x="${round(x)}" y="${round(y)}" width="${round(wide)}" height="${round(tall)}" fill="#fbfaf4" stroke="#7c5a38" stroke-width="${round(4.5 * unit)}"/><circle cx="${round(x + wide / 2)}" cy="${round(y + tall * 0.42)}" r="${round(wide * 0.24)}" fill="${tone}"/><path d="M${round(x + wide * 0.14)} ${round(y + tall * 0.84)}Q${round(x + wide * 0.5)} ${round(y + tall * 0.5)} ${round(x + wide * 0.86)} ${round(y + tall * 0.84)}Z" fill="${mix(tone, mood.ink, 0.4)}"/>`
    })
    .join('')
}

function rug({ unit, width, prompt }: Frame, x: number, y: number): string {
  const tone = toneOf(prompt, /rug|carpet/iu) ?? '#c9ab78'
  const wide = Math.min(width * 0.43, 470 * unit)
  const rings = [1, 0.86, 0.7, 0.52, 0.32].map(
    (share, index) =>
      `<ellipse cx="${round(x)}" cy="${round(y)}" rx="${round(wide * share)}" ry="${round(80 * unit * share)}" fill="${mix(tone, index % 2 ? '#fff6e2' : '#5b4326', 0.16)}"/>`,
  )
  return rings.join('')
}

function sofa({ unit, width, prompt }: Frame, x: number, foot: number): string {
  const cloth = toneOf(prompt, /sofa|couch|sectional|armchair/iu) ?? '#efe4cf'
  const wide = Math.min(width * 0.52, 560 * unit)
  const left = x - wide / 2
  const dark = mix(cloth, '#3a2a1c', 0.24)
  const light = mix(cloth, '#ffffff', 0.3)
  const box = (dx: number, dy: number, w: number, h: number, radius: number, fill: string): string =>
    `<rect x="${round(left + dx)}" y="${round(foot - dy)}" width="${round(w)}" height="${round(h)}" rx="${round(radius * unit)}" fill="${fill}"/>`
  const arm = 66 * unit
  const seat = (wide - 2 * arm) / 2
  return [
    `<ellipse cx="${round(x)}" cy="${round(foot + 8 * unit)}" rx="${round(wide * 0.56)}" ry="${round(28 * unit)}" fill="url(#shadow)"/>`,
    box(arm * 0.6, 0, 12 * unit, 24 * unit, 3, '#5d4129') + box(wide - arm, 0, 12 * unit, 24 * unit, 3, '#5d4129'),
    box(arm * 0.4, 212 * unit, wide - arm * 0.8, 190 * unit, 40, dark),
    ...[0, 1].map((side) =>
      box(arm + side * seat, 196 * unit, seat - 4 * unit, 130 * unit, 30, mix(cloth, light, 0.4)),
    ),
    ...[0, 1].map((side) => box(arm + side * seat, 92 * unit, seat - 4 * unit, 56 * unit, 22, light)),
    box(arm * 0.5, 46 * unit, wide - arm, 50 * unit, 18, cloth),
    box(0, 146 * unit, arm * 1.15, 152 * unit, 34, cloth) +
      box(wide - arm * 1.15, 146 * unit, arm * 1.15, 152 * unit, 34, cloth),
    box(arm * 1.15, 170 * unit, 88 * unit, 84 * unit, 20, '#b9734a'),
  ].join('')
}

function lamp({ unit, mood, prompt }: Frame, x: number, foot: number, side: number): string {
  const metal = toneOf(prompt, /lamp/iu) ?? '#c79a48'
  const top = foot - 470 * unit
  const headX = x + side * 210 * unit
  const headY = top + 78 * unit
  return [
    `<path d="M${round(x)} ${round(foot)}V${round(top + 120 * unit)}Q${round(x)} ${round(top)} ${round(x + side * 110 * unit)} ${round(top)}T${round(headX)} ${round(headY - 30 * unit)}" fill="none" stroke="${metal}" stroke-width="${round(6 * unit)}"/>`,
    `<ellipse cx="${round(x)}" cy="${round(foot)}" rx="${round(52 * unit)}" ry="${round(13 * unit)}" fill="${mix(metal, '#2a1d0c', 0.35)}"/>`,
    `<circle cx="${round(headX)}" cy="${round(headY + 30 * unit)}" r="${round((mood.name === 'night' ? 330 : 150) * unit)}" fill="url(#light)"/>`,
    `<path d="M${round(headX - 62 * unit)} ${round(headY + 26 * unit)}A${round(62 * unit)} ${round(58 * unit)} 0 0 1 ${round(headX + 62 * unit)} ${round(headY + 26 * unit)}Z" fill="${metal}"/>`,
    `<ellipse cx="${round(headX)}" cy="${round(headY + 26 * unit)}" rx="${round(62 * unit)}" ry="${round(9 * unit)}" fill="#fff3c9"/>`,
  ].join('')
}

function plant({ unit, random }: Frame, x: number, foot: number, grown: number): string {
  const leaves = Array.from({ length: 13 }, (_, index) => {
    const bend = (index - 6) * 24 * unit * grown + random.between(-9, 9) * unit
    const tall = (250 - Math.abs(index - 6) * 19) * unit * grown
    const tone = mix('#2f5d3b', '#7fa35c', random())
    return `<path d="M${round(x)} ${round(foot - 70 * unit)}Q${round(x + bend * 0.2)} ${round(foot - tall)} ${round(x + bend)} ${round(foot - tall * 1.05)}Q${round(x + bend * 0.75)} ${round(foot - tall * 0.62)} ${round(x)} ${round(foot - 70 * unit)}Z" fill="${tone}"/>`
  })
  return `${leaves.join('')}<path d="M${round(x - 48 * unit)} ${round(foot - 84 * unit)}h${round(96 * unit)}l${round(-13 * unit)} ${round(90 * unit)}h${round(-70 * unit)}Z" fill="#a8603f"/>`
}
