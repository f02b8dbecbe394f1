import type { Random } from './random.ts'

/** Where the light comes from and what it does to everything. All colours `#rrggbb`. */
export interface Mood {
  readonly name: 'sunrise' | 'sunset' | 'day' | 'night'
  /** Top of the sky to the horizon. */
  readonly sky: readonly [string, string, string, string]
  readonly sun: string
  readonly glow: string
  /** Ridges far away and near. */
  readonly far: string
  readonly near: string
  /** What light does to a slope that faces the sun. */
  readonly lit: string
  readonly water: string
  readonly ink: string
}

const MOODS: Readonly<Record<Mood['name'], Mood>> = {
  sunrise: {
    name: 'sunrise',
    sky: ['#2b3f77', '#7a6ea6', '#f0a48c', '#ffdca0'],
    sun: '#fff6dc',
    glow: '#ffc873',
    far: '#c795a5',
    near: '#2c3a5c',
    lit: '#ffc9a0',
    water: '#3b4d7c',
    ink: '#121a2c',
  },
  sunset: {
    name: 'sunset',
    sky: ['#241f4d', '#7b3b77', '#e8654f', '#ffb457'],
    sun: '#fff0c8',
    glow: '#ff8b4a',
    far: '#a85d74',
    near: '#2b2246',
    lit: '#ff9c6e',
    water: '#40305f',
    ink: '#150f22',
  },
  day: {
    name: 'day',
    sky: ['#2f7fc4', '#68aee0', '#a9d6ef', '#e6f3f6'],
    sun: '#fffdf0',
    glow: '#fff3c4',
    far: '#a9c4d6',
    near: '#2f5a55',
    lit: '#f4f6ef',
    water: '#2c6f8f',
    ink: '#17322c',
  },
  night: {
    name: 'night',
    sky: ['#070b20', '#10193d', '#22336a', '#48608f'],
    sun: '#f4f1e2',
    glow: '#9fb6e6',
    far: '#3c5183',
    near: '#0e1730',
    lit: '#9fb2de',
    water: '#14224a',
    ink: '#050914',
  },
}

const WORDS: readonly (readonly [RegExp, Mood['name']])[] = [
  [/\b(sunrise|dawn|morning|first light)\b/iu, 'sunrise'],
  [/\b(sunset|dusk|evening|golden hour)\b/iu, 'sunset'],
  [/\b(night|moon|moonlit|stars?|starry|midnight|dark|neon|space|galaxy)\b/iu, 'night'],
  [/\b(day|noon|midday|sunny|bright|daylight|blue sky)\b/iu, 'day'],
]

/** The hour of the day by the words of the prompt; any hour where they say nothing. */
export function moodOf(prompt: string, random: Random): Mood {
  const chance = random.pick(['sunrise', 'sunset', 'day', 'day'] as const)
  const said = WORDS.find(([pattern]) => pattern.test(prompt))
  return MOODS[said?.[1] ?? chance]
}
