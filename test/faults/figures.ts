import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { ROOT } from '../support/child.ts'
import type { DatabaseKind } from '../support/home.ts'
import type { Figures } from './experiment.ts'

/** What one experiment of the long form came to: docs/reliability.md is made of these. */
export interface Told {
  readonly promise: string
  readonly claim: string
  readonly kept: boolean
  /** What was measured, or in words why the promise was not kept. */
  readonly figure: Figures | string
  readonly database: DatabaseKind
  readonly seed: number
  /** ISO 8601, UTC. */
  readonly when: string
}

const FILE = join(ROOT, 'test/figures/faults.json')

/** Takes the place of what the same experiment came to before on the same database. */
export function noteFigure(fresh: Told): void {
  const nameOf = ({ promise, claim, database }: Told) => `${promise} ${claim} ${database}`
  const all = [...earlier().filter((told) => nameOf(told) !== nameOf(fresh)), fresh]
  mkdirSync(dirname(FILE), { recursive: true })
  writeFileSync(
    FILE,
    `${JSON.stringify(
      all.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b))),
      undefined,
      2,
    )}\n`,
  )
}

function earlier(): readonly Told[] {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as readonly Told[]
  } catch {
    return []
  }
}
