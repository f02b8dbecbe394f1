import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'

import { sql } from 'kysely'

import { systemClock } from '../core/clock.ts'
import type { Database } from './database.ts'
import { MIGRATIONS } from './migrate.ts'
import { openDatabase } from './open.ts'
import { scratchDirectory } from './test-database.ts'

const directories: string[] = []
after(() => directories.forEach((directory) => rmSync(directory, { recursive: true })))

test('what was written is there after closing and opening again', async () => {
  const directory = scratch()
  const first = await open(directory)
  await first.db.insertInto('settings').values({ name: 'a', value: 'b' }).execute()
  await first.close()

  const second = await open(directory)

  assert.deepEqual(await second.db.selectFrom('settings').selectAll().execute(), [{ name: 'a', value: 'b' }])
  assert.equal(existsSync(join(directory, 'backups')), false, 'nothing was migrated, so nothing was copied')
  await second.close()
})

test('a snapshot taken while writes go on is a whole database', async () => {
  const directory = scratch()
  const database = await open(directory)
  const write = (from: number) =>
    Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        database.db
          .insertInto('settings')
          .values({ name: `${from + index}`, value: 'x'.repeat(500) })
          .execute(),
      ),
    )
  await write(0)
  const target = join(directory, 'copy.db')

  await Promise.all([database.snapshot(target), write(1000)])

  const copy = new DatabaseSync(target, { readOnly: true })
  const counted = copy.prepare('select count(*) as count from settings').get()
  assert.deepEqual(
    copy
      .prepare('pragma integrity_check')
      .all()
      .map((row) => ({ ...row })),
    [{ integrity_check: 'ok' }],
  )
  copy.close()
  assert.ok(Number(counted?.['count']) >= 200)
  await assert.rejects(database.snapshot(target), /exists already/)
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.endsWith('.partial')),
    [],
  )
  await database.close()
})

test('a snapshot that cannot be written is an error and leaves no file of that name', async () => {
  const database = await open(scratch())
  const target = join(scratch(), 'missing', 'copy.db')

  await assert.rejects(database.snapshot(target))

  assert.equal(existsSync(target), false)
  await database.close()
})

test('a full disk fails the transaction with its own error and the next one works', async () => {
  const database = await open(scratch())
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(database.db)
  await sql.raw(`pragma max_page_count = ${(rows[0]?.page_count ?? 0) + 2}`).execute(database.db)

  const large = database.transaction((trx) =>
    trx
      .insertInto('settings')
      .values({ name: 'large', value: 'x'.repeat(1_000_000) })
      .execute(),
  )

  await assert.rejects(large, /full/)
  await database.transaction((trx) => trx.insertInto('settings').values({ name: 'small', value: '' }).execute())
  assert.deepEqual(await database.db.selectFrom('settings').select('name').execute(), [{ name: 'small' }])
  await database.close()
})

test('the database is copied before it is migrated, and the last three copies are kept', async () => {
  const directory = scratch()
  const backups = join(directory, 'backups')
  mkdirSync(backups)
  for (const year of [2021, 2022, 2023, 2024]) writeFileSync(join(backups, `plantain-${year}-01-01-schema-1.db`), '')
  writeFileSync(join(backups, 'notes.txt'), '')
  const before = await open(directory)
  await before.db.insertInto('settings').values({ name: 'a', value: 'b' }).execute()
  await before.close()

  const migrated = await open(directory, [
    ...MIGRATIONS,
    {
      number: MIGRATIONS.length + 1,
      name: 'forget',
      async up(trx) {
        await sql`delete from settings`.execute(trx)
      },
    },
  ])

  assert.deepEqual(await migrated.db.selectFrom('settings').selectAll().execute(), [])
  await migrated.close()
  const [notes, oldest, middle, newest = ''] = readdirSync(backups).sort()
  assert.deepEqual(
    [notes, oldest, middle],
    ['notes.txt', 'plantain-2023-01-01-schema-1.db', 'plantain-2024-01-01-schema-1.db'],
  )
  const copy = new DatabaseSync(join(backups, newest), { readOnly: true })
  assert.deepEqual({ ...copy.prepare('select * from settings').get() }, { name: 'a', value: 'b' })
  copy.close()
})

function scratch(): string {
  const directory = scratchDirectory()
  directories.push(directory)
  return directory
}

function open(directory: string, migrations = MIGRATIONS): Promise<Database> {
  return openDatabase({ directory, clock: systemClock, onFatal: assert.fail, migrations })
}
