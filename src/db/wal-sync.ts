import { close, fdatasync, fstatSync, fsyncSync, openSync, closeSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

/** Flushes a file's data to the disk, off the event loop. */
export type SyncFile = (descriptor: number) => Promise<void>

const closeFile = promisify(close)

/** Makes the commits of one SQLite connection durable. */
export interface WalSync {
  /** Every commit is told; a sync with nothing new to flush costs nothing. */
  committed(): void
  /** Resolves when everything committed before the call is on disk. Rejects after a failed sync, for ever. */
  durable(): Promise<void>
  close(): Promise<void>
}

interface Parts {
  /** The database's `-wal` file. */
  readonly file: string
  readonly onFatal: (error: Error) => void
  readonly sync?: SyncFile
}

/**
 * Group commit for a WAL that SQLite itself syncs only at checkpoints (`synchronous=NORMAL`). Frames that are no longer in the
 * WAL were synced into the database file before SQLite gave their place away, so syncing the WAL covers every commit.
 *
 * Everyone who arrives while one sync runs shares the next. A failed sync is never retried: the kernel may have dropped the dirty
 * pages and would call the second try a success (https://wiki.postgresql.org/wiki/Fsync_Errors, read 2026-11-22).
 */
export function makeWalSync({ file, onFatal, sync = promisify(fdatasync) }: Parts): WalSync {
  let descriptor: number | undefined
  let commits = 0
  let synced = 0
  let running: { readonly covers: number; readonly done: Promise<void> } | undefined
  let next: Promise<void> | undefined
  let failure: Error | undefined

  async function syncOnce(covers: number): Promise<void> {
    try {
      descriptor = await openCurrent(file, descriptor)
      await sync(descriptor)
      synced = covers
    } catch (error) {
      failure = new Error(`${file} could not be synced: what was acknowledged may not be on disk`, { cause: error })
      onFatal(failure)
      throw failure
    } finally {
      running = undefined
    }
  }

  function start(): Promise<void> {
    const covers = commits
    running = { covers, done: syncOnce(covers) }
    return running.done
  }

  async function afterRunning(): Promise<void> {
    // A failure of the running sync fails those who wait for the next one too.
    await running?.done
    next = undefined
    return running?.done ?? start()
  }

  return {
    committed() {
      commits += 1
    },
    async durable() {
      if (failure !== undefined) throw failure
      if (synced === commits) return
      if (running === undefined) return start()
      if (running.covers === commits) return running.done
      next ??= afterRunning()
      return next
    },
    async close() {
      await (next ?? running?.done)?.catch(() => undefined)
      if (descriptor !== undefined) await closeFile(descriptor)
      descriptor = undefined
    },
  }
}

/** The open descriptor if it still is the file of that name, else a fresh one whose directory entry is on disk. */
async function openCurrent(file: string, descriptor: number | undefined): Promise<number> {
  if (descriptor !== undefined) {
    const [named, open] = [statSync(file, { bigint: true }), fstatSync(descriptor, { bigint: true })]
    if (named.ino === open.ino && named.dev === open.dev) return descriptor
    await closeFile(descriptor)
  }
  const fresh = openSync(file, 'r')
  syncDirectory(dirname(file))
  return fresh
}

/** Flushes a directory, so that files created, renamed or removed in it are so after a power loss. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
