import assert from 'node:assert/strict'
import { fdatasync, fstatSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { promisify } from 'node:util'

import { sql } from 'kysely'

import { systemClock } from '../core/clock.ts'
import { openDatabase } from './open.ts'
import { scratchDirectory } from './test-database.ts'
import { makeWalSync, type SyncFile } from './wal-sync.ts'

const directories: string[] = []
after(() => directories.forEach((directory) => rmSync(directory, { recursive: true })))

test('everyone who arrives while a sync runs shares the next one', async () => {
  const { wal, gate } = setUp()

  wal.committed()
  const first = wal.durable()
  await turn()
  wal.committed()
  const followers = [wal.durable(), wal.durable(), wal.durable()]
  assert.equal(gate.count(), 1)
  await gate.open()
  await first
  await gate.open()
  await Promise.all(followers)

  assert.equal(gate.count(), 2)
})

test('a sync that began before a commit does not count for it', async () => {
  const { wal, gate } = setUp()
  const ended: string[] = []

  wal.committed()
  const early = wal.durable().then(() => ended.push('early'))
  await turn()
  wal.committed()
  const late = wal.durable().then(() => ended.push('late'))
  await gate.open()
  await early
  await turn()
  assert.deepEqual(ended, ['early'])
  await gate.open()
  await late

  assert.deepEqual(ended, ['early', 'late'])
})

test('with nothing new committed there is nothing to sync, and a running sync that covers everything is shared', async () => {
  const { wal, gate } = setUp()

  await wal.durable()
  assert.equal(gate.count(), 0)
  wal.committed()
  const both = [wal.durable(), wal.durable()]
  await gate.open()
  await Promise.all(both)
  await wal.durable()

  assert.equal(gate.count(), 1)
})

test(
  'a failed sync is fatal, told once, never retried, and fails everyone who waits from then on',
  { timeout: 20_000 },
  async () => {
    const { wal, gate, fatal } = setUp()

    wal.committed()
    const running = wal.durable()
    await turn()
    wal.committed()
    const waiting = wal.durable()
    const outcomes = Promise.allSettled([running, waiting])
    await gate.fail(new Error('EIO'))

    assert.deepEqual(
      (await outcomes).map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    await assert.rejects(wal.durable(), /could not be synced/)
    assert.equal(gate.count(), 1)
    assert.deepEqual(
      fatal.map(({ cause }) => cause),
      [new Error('EIO')],
    )
  },
)

test('a WAL that was replaced by another file is noticed and the new file synced', async () => {
  const { wal, gate, file } = setUp()
  const sync = async (): Promise<void> => {
    wal.committed()
    const done = wal.durable()
    await gate.open()
    await done
  }

  await sync()
  const old = statSync(file).ino
  writeFileSync(`${file}.new`, '')
  renameSync(`${file}.new`, file)
  await sync()

  assert.deepEqual(gate.inodes(), [old, statSync(file).ino])
})

test('a WAL that is gone after a commit is fatal', async () => {
  const { wal, file, fatal } = setUp()
  rmSync(file)

  wal.committed()

  await assert.rejects(wal.durable(), /could not be synced/)
  assert.equal(fatal.length, 1)
})

test('a real database syncs its own WAL from the first write on, through checkpoints and WAL restarts', async () => {
  const synced: number[] = []
  const flush = promisify(fdatasync)
  const directory = scratch()
  const database = await openDatabase({
    directory,
    clock: systemClock,
    onFatal: assert.fail,
    sync: async (descriptor) => {
      synced.push(fstatSync(descriptor).ino)
      await flush(descriptor)
    },
  })
  const write = (name: string) => database.db.insertInto('settings').values({ name, value: '' }).execute()

  await database.durable()
  const afterStart = synced.length
  await write('first')
  await database.durable()
  await sql`pragma wal_checkpoint(passive)`.execute(database.db)
  await write('after a checkpoint')
  await database.durable()
  await sql`pragma wal_checkpoint(truncate)`.execute(database.db)
  await write('after a restart of the WAL')
  await database.durable()
  const inode = statSync(join(directory, 'plantain.db-wal')).ino
  const beforeReads = synced.length
  await database.db.selectFrom('settings').selectAll().execute()
  await database.durable()
  await database.close()

  assert.equal(afterStart, 1, 'the migrations are synced')
  assert.ok(beforeReads - afterStart >= 3)
  assert.deepEqual(new Set(synced), new Set([inode]))
  assert.equal(synced.length, beforeReads, 'a read needs no sync')
})

test('64 simultaneous transactions share a few syncs', async () => {
  let syncs = 0
  const flush = promisify(fdatasync)
  const database = await openDatabase({
    directory: scratch(),
    clock: systemClock,
    onFatal: assert.fail,
    sync: async (descriptor) => {
      syncs += 1
      await flush(descriptor)
    },
  })

  await Promise.all(
    Array.from({ length: 64 }, async (_, index) => {
      await database.transaction((trx) =>
        trx
          .insertInto('settings')
          .values({ name: `${index}`, value: '' })
          .execute(),
      )
      await database.durable()
    }),
  )
  await database.close()

  assert.ok(syncs >= 1 && syncs <= 32, `${syncs} syncs for 64 commits`)
})

test('a real database whose sync fails reports it and acknowledges nothing', async () => {
  const fatal: Error[] = []
  let broken = false
  const database = await openDatabase({
    directory: scratch(),
    clock: systemClock,
    onFatal: (error) => fatal.push(error),
    sync: async () => {
      if (broken) throw new Error('EIO')
    },
  })
  await database.durable()
  broken = true

  await database.db.insertInto('settings').values({ name: 'a', value: '' }).execute()

  await assert.rejects(database.durable(), /could not be synced/)
  assert.equal(fatal.length, 1)
  await database.close()
})

function scratch(): string {
  const directory = scratchDirectory()
  directories.push(directory)
  return directory
}

/** A WAL of which every sync waits to be let through. */
function setUp() {
  const file = join(scratch(), 'plantain.db-wal')
  writeFileSync(file, '')
  const fatal: Error[] = []
  const inodes: number[] = []
  const gates: PromiseWithResolvers<void>[] = []
  const sync: SyncFile = (descriptor) => {
    inodes.push(fstatSync(descriptor).ino)
    const gate = Promise.withResolvers<void>()
    gates.push(gate)
    return gate.promise
  }
  /** The oldest sync that waits, as soon as there is one. */
  async function next(): Promise<PromiseWithResolvers<void>> {
    for (;;) {
      const waiting = gates.shift()
      if (waiting !== undefined) return waiting
      await turn()
    }
  }
  const gate = {
    count: () => inodes.length,
    inodes: () => inodes,
    open: async () => (await next()).resolve(),
    fail: async (error: Error) => (await next()).reject(error),
  }
  return { wal: makeWalSync({ file, sync, onFatal: (error) => fatal.push(error) }), gate, fatal, file }
}
