import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT } from './child.ts'

/** What a long form has measured: docs/reliability.md is made of these. */
export interface Figure {
  /** Number of the promise, and what it was tried on: `M3 parallel sqlite`. */
  readonly promise: string
  /** What was measured, or in words why the promise was not kept. */
  readonly figure: object | string
  readonly seed?: number
  readonly claim?: string
  readonly database?: string
  /** False when the run showed that the promise is not kept. */
  readonly kept?: boolean
}

/** Writes to test/figures/`instrument`.json, in place of what the same thing came to on the same database before. */
export function noteFigure(instrument: string, fresh: Figure): void {
  const folder = join(ROOT, 'test/figures')
  const file = join(folder, `${instrument}.json`)
  const nameOf = ({ promise, claim, database }: Figure) => `${promise} ${claim} ${database}`
  const all = [...earlier(file).filter((figure) => nameOf(figure) !== nameOf(fresh)), { ...fresh, when: today() }]
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, `${JSON.stringify(all.toSorted(byName), undefined, 2)}\n`)

  function byName(a: Figure, b: Figure): number {
    return nameOf(a).localeCompare(nameOf(b))
  }
}

/** Day, UTC. */
function today(): string {
  return new Date().toISOString().slice(0, 10)
}

function earlier(file: string): readonly Figure[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as readonly Figure[]
  } catch {
    return []
  }
}
