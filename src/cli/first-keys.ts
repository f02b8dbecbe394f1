import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { FirstKeys } from '../accounts/bootstrap.ts'
import type { Terminal } from './terminal.ts'

/** Shown once: on a terminal, else in a file that only this user can read. Never in a log. */
export function showFirstKeys({ test, live }: FirstKeys, directory: string, terminal: Terminal): void {
  if (terminal.isInteractive) {
    terminal.note(`Your first keys, shown this once:\n  test  ${test}\n  live  ${live}`)
    return
  }
  const file = join(directory, 'first-keys')
  writeFileSync(file, `test ${test}\nlive ${live}\n`, { mode: 0o600 })
  terminal.note(`The first keys are in ${file}.`)
}
