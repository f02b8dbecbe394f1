import type { DatabaseKind } from '../support/home.ts'

/** One life of a world. The same values give the same life. */
export interface Run {
  readonly seed: number
  readonly database: DatabaseKind
  readonly nodes: number
  /** Steps after which nothing new is begun, where the scenario has no end of its own. */
  readonly steps: number
  /** Whether processes may stand still for longer than their leases last. */
  readonly stalls?: boolean
}

export interface Figures {
  readonly steps: number
  readonly trace: readonly string[]
  readonly counts: Readonly<Record<string, number | bigint>>
}

export type Scenario = (run: Run) => Promise<Figures>
