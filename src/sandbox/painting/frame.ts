import type { Mood } from './mood.ts'
import type { Random } from './random.ts'

/** What a scene is drawn from. `unit` is a thousandth of the picture's mean side, so that detail keeps its size at any ratio. */
export interface Frame {
  readonly width: number
  readonly height: number
  readonly unit: number
  readonly prompt: string
  readonly mood: Mood
  readonly random: Random
}
