import type { DatabaseKind } from '../support/home.ts'
import type { Simulator } from '../support/simulator.ts'

/** What an experiment may use. */
export interface Stage {
  readonly simulator: Simulator
  readonly database: DatabaseKind
  /** Of everything that is left to chance. */
  readonly seed: number
  readonly isLong: boolean
}

export type Figures = Readonly<Record<string, number | string>>

/** One promise put to the test through a whole gateway. Throws when it is not kept. */
export interface Experiment {
  /** `M13`. */
  readonly promise: string
  /** A sentence about behaviour, the promise's number left out. */
  readonly claim: string
  readonly run: (stage: Stage) => Promise<Figures>
  /** In the long form alone: it takes too long, or shows once more what another one shows. */
  readonly longOnly?: true
}

/** The middle of some times in milliseconds, rounded; 0 of none. */
export function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0)
}
