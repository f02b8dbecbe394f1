import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import type { Result } from '../core/result.ts'
import { err, ok } from '../core/result.ts'

/** Who holds a data directory, for people and for the command line to find the gateway by. */
export interface OwnerFacts {
  readonly pid: number
  /** Where it listens: `http://127.0.0.1:7878`. Empty while it does not listen. */
  readonly address: string
}

/** A data directory held by this process until `release`, or until the process ends in any way. */
export interface Owner {
  /** Tells a new address, once it is known. */
  announce(address: string): void
  release(): void
}

/** SQLite's primary result code for a lock that someone else holds: https://sqlite.org/rescode.html#busy (read 2026-11-22). */
const SQLITE_BUSY = 5

/**
 * Takes a data directory for this process alone; else tells who has it. The lock is SQLite's own lock on `owner.db`: the system drops
 * it with the process, so there is no stale lock after a crash and no heartbeat to wait for.
 */
export function acquireOwner(directory: string, facts: OwnerFacts): Result<Owner, OwnerFacts> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const note = join(directory, 'owner.txt')
  const connection = new DatabaseSync(join(directory, 'owner.db'), { timeout: 0 })
  try {
    connection.exec('begin exclusive')
  } catch (error) {
    connection.close()
    if (isBusy(error)) return err(readNote(note))
    throw error
  }
  writeNote(note, facts)

  return ok({
    announce(address) {
      writeNote(note, { ...facts, address })
    },
    release() {
      if (!connection.isOpen) return
      rmSync(note, { force: true })
      connection.close()
    },
  })
}

/** What the owner wrote beside its lock. Only meaningful while the lock is held; pid 0 when the owner has not written yet. */
function readNote(file: string): OwnerFacts {
  try {
    const [pid = '', address = ''] = readFileSync(file, 'utf8').split('\n')
    return { pid: Number(pid), address }
  } catch {
    return { pid: 0, address: '' }
  }
}

/** Whole or not at all: another process may be reading. */
function writeNote(file: string, { pid, address }: OwnerFacts): void {
  writeFileSync(`${file}.new`, `${pid}\n${address}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}
