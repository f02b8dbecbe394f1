import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { Kysely } from 'kysely'

import type { Database, DatabaseOptions } from './database.ts'
import { pruneBackups } from './backups.ts'
import { makeCheckpoints } from './checkpoints.ts'
import { migrate } from './migrate.ts'
import type { Schema } from './schema.ts'
import { writeSnapshot } from './snapshot.ts'
import { sqliteDialect } from './sqlite-driver.ts'
import { makeTransactionScope } from './transaction-scope.ts'
import { makeWalSync } from './wal-sync.ts'

/** How long another program's lock on the file is waited for. Ours is the only writer, so only a backup tool could hold one. */
const BUSY_TIMEOUT_MS = 5000

const BACKUPS_KEPT = 3

/**
 * SQLite in one file with one writer connection for the life of the process. The caller owns the directory alone (`owner.ts`);
 * nothing but SQLite may open the database file or its `-shm` meanwhile, since closing such a descriptor drops the locks.
 */
export async function openSqlite({ directory, clock, onFatal, sync, migrations }: DatabaseOptions): Promise<Database> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const file = join(directory, 'plantain.db')
  const connection = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true })
  connection.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma wal_autocheckpoint = 0')
  // Without it INSERT OR REPLACE would delete a row past the triggers that keep postings immutable.
  connection.exec('pragma recursive_triggers = on')

  const wal = makeWalSync({ file: `${file}-wal`, onFatal, ...(sync && { sync }) })
  const checkpoints = makeCheckpoints({
    file,
    onBehind: () => connection.exec('pragma wal_checkpoint(passive)'),
    onError: onFatal,
  })
  const scope = makeTransactionScope()
  const db = new Kysely<Schema>({
    dialect: sqliteDialect({
      database: connection,
      assertOutside: () => scope.assertOutside(),
      committed() {
        wal.committed()
        checkpoints.committed()
      },
    }),
  })
  const snapshots = new Set<Promise<void>>()

  async function snapshot(target: string): Promise<void> {
    const writing = writeSnapshot(file, target)
    snapshots.add(writing)
    try {
      await writing
    } finally {
      snapshots.delete(writing)
    }
  }

  async function backUp(version: number): Promise<void> {
    const backups = join(directory, 'backups')
    mkdirSync(backups, { recursive: true, mode: 0o700 })
    const time = new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-')
    await snapshot(join(backups, `plantain-${time}-schema-${version}.db`))
    pruneBackups(backups, BACKUPS_KEPT)
  }

  async function close(): Promise<void> {
    // A snapshot's connection that outlived ours would do our last checkpoint.
    await Promise.allSettled(snapshots)
    await checkpoints.close()
    await wal.close()
    await db.destroy()
    if (connection.isOpen) connection.close()
  }

  try {
    await migrate(db, { engine: 'sqlite', now: clock.now(), beforeChange: backUp, ...(migrations && { migrations }) })
  } catch (error) {
    await close()
    throw error
  }

  return {
    engine: 'sqlite',
    db,
    async transaction(work) {
      scope.assertOutside()
      return db.transaction().execute((trx) => scope.run(() => work(trx)))
    },
    async view(work) {
      scope.assertOutside()
      const transaction = db.transaction().setAccessMode('read only')
      return transaction.execute((trx) => scope.run(() => work(trx)))
    },
    durable: () => wal.durable(),
    now: async () => clock.now(),
    snapshot,
    close,
  }
}
