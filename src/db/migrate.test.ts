import assert from 'node:assert/strict'
import { test } from 'node:test'

import { sql } from 'kysely'

import type { Database } from './database.ts'
import { migrate, MIGRATIONS } from './migrate.ts'
import type { Migration } from './migration.ts'
import { eachEngine } from './test-database.ts'

test('migrations are numbered from 1 without gaps', () => {
  assert.deepEqual(
    MIGRATIONS.map(({ number }) => number),
    MIGRATIONS.map((_, index) => index + 1),
  )
})

eachEngine((engine, open) => {
  const next = (name: string, statement: string): Migration => ({
    number: MIGRATIONS.length + 1,
    name,
    async up(trx) {
      await sql.raw(statement).execute(trx)
    },
  })

  test('only the steps that are missing are carried out, each written down with its time', async () => {
    const { db } = await open()
    const migrations = [...MIGRATIONS, next('more', 'create table more (id text)')]

    await migrate(db, { engine, now: 7, migrations })
    await migrate(db, { engine, now: 8, migrations })

    const steps =
      await sql`select number, name, applied_at from schema_migrations order by number desc limit 1`.execute(db)
    assert.deepEqual(steps.rows, [{ number: MIGRATIONS.length + 1, name: 'more', applied_at: 7 }])
    await sql`insert into more values ('a')`.execute(db)
  })

  test('a step that fails leaves the schema as it was', async () => {
    const { db } = await open()
    const broken: Migration = {
      ...next('broken', ''),
      async up(trx) {
        await sql`create table half (id text)`.execute(trx)
        throw new Error('no further')
      },
    }

    await assert.rejects(migrate(db, { engine, now: 7, migrations: [...MIGRATIONS, broken] }), /no further/)

    await assert.rejects(sql`select * from half`.execute(db))
    assert.equal(await version(db), MIGRATIONS.length)
  })

  test('a schema from a newer program is refused in words and left alone', async () => {
    const { db } = await open()
    await migrate(db, { engine, now: 7, migrations: [...MIGRATIONS, next('newer', 'create table newer (id text)')] })

    await assert.rejects(
      migrate(db, { engine, now: 8 }),
      new RegExp(
        `database has schema ${MIGRATIONS.length + 1}, this Plantain knows schemas up to ${MIGRATIONS.length}`,
      ),
    )

    assert.equal(await version(db), MIGRATIONS.length + 1)
  })

  if (engine === 'postgres') {
    test('nodes that start at the same time migrate once', async () => {
      const { db } = await open()
      const migrations = [...MIGRATIONS, next('once', 'create table once (id text)')]

      await Promise.all([1, 2, 3].map((now) => migrate(db, { engine, now, migrations })))

      assert.equal(await version(db), MIGRATIONS.length + 1)
    })
  }
})

async function version(db: Database['db']): Promise<number | undefined> {
  const { rows } = await sql<{ version: number }>`select max(number) as version from schema_migrations`.execute(db)
  return rows[0]?.version
}
