import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { ROOT } from '../support/child.ts'

/** What a long form has measured: docs/reliability.md is made of these. */
export interface Figure {
  /** `M3 sqlite`: number of the promise, and what it was tried on. */
  readonly promise: string
  readonly figure: Readonly<Record<string, unknown>>
  readonly seed: number
  /** Day, UTC. */
  readonly when: string
}

const FILE = join(ROOT, 'test/figures/crash.json')

/** Takes the place of what was measured for the same promise before. */
export function noteFigure({ promise, figure, seed }: Omit<Figure, 'when'>): void {
  const others = earlier().filter((each) => each.promise !== promise)
  const fresh: Figure = { promise, figure, seed, when: new Date().toISOString().slice(0, 10) }
  const all = [...others, fresh].toSorted((a, b) => a.promise.localeCompare(b.promise))
  mkdirSync(dirname(FILE), { recursive: true })
  writeFileSync(FILE, `${JSON.stringify(all, undefined, 2)}\n`)
}

function earlier(): readonly Figure[] {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as readonly Figure[]
  } catch {
    return []
  }
}
