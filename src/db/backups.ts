import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Removes the oldest copies of a directory until `kept` are left. Their names begin with the time they were made. */
export function pruneBackups(directory: string, kept: number): void {
  const copies = readdirSync(directory)
    .filter((name) => /^plantain-.*\.db$/.test(name))
    .sort()
  for (const name of copies.slice(0, -kept)) rmSync(join(directory, name))
}
