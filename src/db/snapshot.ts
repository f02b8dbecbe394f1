import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'

import { syncDirectory } from './wal-sync.ts'

/** Copies a SQLite database that is in use into `target`, which must not exist: whole and on disk, or not there at all. */
export async function writeSnapshot(source: string, target: string): Promise<void> {
  if (existsSync(target)) throw new Error(`${target} exists already`)
  const partial = `${target}.partial`
  rmSync(partial, { force: true })
  await vacuumInto(source, partial)
  const descriptor = openSync(partial, 'r+')
  fsyncSync(descriptor)
  closeSync(descriptor)
  renameSync(partial, target)
  syncDirectory(dirname(target))
}

/** In a worker, on a connection of its own: copying a large database takes seconds, and the event loop has none to give. */
async function vacuumInto(source: string, target: string): Promise<void> {
  const worker = new Worker(new URL('snapshot-worker.ts', import.meta.url), { workerData: { source, target } })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  worker.once('error', reject)
  worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`the copy ended with code ${code}`))))
  await promise
}
