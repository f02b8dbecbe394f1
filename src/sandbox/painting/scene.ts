import { round } from './color.ts'
import type { Frame } from './frame.ts'
import { city } from './city.ts'
import { landscape } from './landscape.ts'
import { moodOf } from './mood.ts'
import { randomFrom } from './random.ts'
import { room } from './room.ts'
import { stillLife } from './still-life.ts'

/** Draws the prompt as an SVG of the given size. The same words and seed always give the same drawing. */
export function scene(prompt: string, seed: string, width: number, height: number): string {
  const random = randomFrom(`${seed}\n${prompt}`)
  const unit = Math.sqrt(width * height) / 1000
  const frame: Frame = { width, height, unit, prompt, random, mood: moodOf(prompt, random) }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    sceneFor(prompt)(frame),
    vignette(width, height),
    `</svg>`,
  ].join('')
}

/** Rooms before landscapes, for a room may have a view; whatever names no place is a still life. */
const SCENES: readonly (readonly [RegExp, (frame: Frame) => string])[] = [
  [/\b(rooms?|interior|sofa|couch|kitchen|bedroom|office|furniture|rug|armchair|loft|apartment)\b/iu, room],
  [/\b(city|cities|streets?|skyline|town|village|alley|buildings?|skyscrapers?|downtown|cyberpunk|houses?)\b/iu, city],
  [
    /\b(mountains?|lakes?|sea|ocean|rivers?|beach|coast|islands?|forests?|desert|valleys?|hills?|meadows?|fields?|landscape|sky|clouds?|sunrise|sunset|dawn|dusk|moon|stars?|snow|waterfall|park|trees?|kite|boat|ship|birds?|alps|canyon|volcano|fjord|nature|outdoors?)\b/iu,
    landscape,
  ],
]

function sceneFor(prompt: string): (frame: Frame) => string {
  return SCENES.find(([words]) => words.test(prompt))?.[1] ?? stillLife
}

function vignette(width: number, height: number): string {
  return `<defs><radialGradient id="edge" r=".75"><stop offset=".55" stop-opacity="0"/><stop offset="1" stop-opacity=".42"/></radialGradient></defs><rect width="${round(width)}" height="${round(height)}" fill="url(#edge)"/>`
}
