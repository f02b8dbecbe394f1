import assert from 'node:assert/strict'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'

import { sql } from 'kysely'

import type { Database } from './database.ts'
import { serverProblems } from './postgres.ts'
import { eachEngine } from './test-database.ts'

eachEngine((engine, open) => {
  if (engine === 'postgres')
    test('M4: connections that the server ends while they are idle are replaced, and end nothing else', async () => {
      const { db } = await open()
      const other = await open()
      const pidOf = async () => {
        const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid, pg_sleep(0.05)`.execute(db)
        return rows[0]?.pid ?? assert.fail('it has no process')
      }
      const pids = await Promise.all([pidOf(), pidOf(), pidOf()])

      for (const pid of pids) await sql`select pg_terminate_backend(${pid}::int)`.execute(other.db)
      await sleep(100)

      assert.equal(new Set(pids).size, 3)
      assert.ok(!pids.includes(await pidOf()))
    })

  test('a column that ends in _nanos is a bigint, every other number a number, bytes stay bytes', async () => {
    const { db } = await open()
    const bytes = Uint8Array.of(0, 255, 128)
    await db
      .insertInto('balances')
      .values({ account: 'a', balance_nanos: 2n ** 62n })
      .execute()
    await db.insertInto('balances').values({ account: 'b', balance_nanos: -1n }).execute()
    await db
      .insertInto('assets')
      .values({
        sha256: 'x',
        media_type: 'image/png',
        width: 3,
        height: 4,
        bytes: 3,
        inline: bytes,
        created_at: 1_795_000_000_123,
      })
      .execute()

    const balances = await db.selectFrom('balances').selectAll().orderBy('account').execute()
    const asset = await db.selectFrom('assets').selectAll().executeTakeFirstOrThrow()
    const sums = await db
      .selectFrom('balances')
      .select((row) => [row.fn.sum('balance_nanos').as('total_nanos'), row.fn.countAll().as('count')])
      .where('account', '=', 'b')
      .execute()
    const literal = await sql`select 1 as one, 1 as one_nanos, null as none_nanos, 'text' as word, 0.5 as half`.execute(
      db,
    )

    assert.deepEqual(balances, [
      { account: 'a', balance_nanos: 2n ** 62n },
      { account: 'b', balance_nanos: -1n },
    ])
    assert.deepEqual(
      { ...asset, inline: [...(asset.inline ?? [])] },
      {
        sha256: 'x',
        media_type: 'image/png',
        width: 3,
        height: 4,
        bytes: 3,
        inline: [0, 255, 128],
        created_at: 1_795_000_000_123,
      },
    )
    assert.ok(asset.inline instanceof Uint8Array)
    assert.deepEqual(sums, [{ total_nanos: -1n, count: 1 }])
    assert.deepEqual(literal.rows, [{ one: 1, one_nanos: 1n, none_nanos: null, word: 'text', half: 0.5 }])
  })

  test('a number too large to be exact is an error, not a rounded number', async () => {
    const { db } = await open()

    await assert.rejects(sql`select cast(${2n ** 53n + 1n} as bigint) as large`.execute(db), RangeError)
  })

  test('a transaction that throws leaves nothing, one that returns leaves everything', async () => {
    const database = await open()

    await database.transaction((trx) => put(trx, 'kept', 1n))
    await assert.rejects(
      database.transaction(async (trx) => {
        await put(trx, 'lost', 1n)
        throw new Error('no')
      }),
      /^Error: no$/,
    )

    assert.deepEqual(await accounts(database), ['kept'])
  })

  test('an error of the database inside a transaction undoes it, even when the work swallows the error', async () => {
    const database = await open()

    const outcome = database.transaction(async (trx) => {
      await put(trx, 'first', 1n)
      await put(trx, 'first', 1n).catch(() => undefined)
    })

    // SQLite undoes the failed statement alone, PostgreSQL refuses to commit. Work that swallows errors gets one or the other.
    if (engine === 'postgres') await assert.rejects(outcome, /rolled back/)
    else await outcome
    assert.deepEqual(await accounts(database), engine === 'postgres' ? [] : ['first'])
  })

  test(
    'the outer handle, a second transaction and a view are refused inside a transaction, at once',
    { timeout: 20_000 },
    async () => {
      const database = await open()
      const inside = (work: () => Promise<unknown>) => database.transaction(async () => work())
      const refusal = /outer database handle was used inside a transaction/

      await assert.rejects(
        inside(() => accounts(database)),
        refusal,
      )
      await assert.rejects(
        inside(() => database.transaction(async () => undefined)),
        refusal,
      )
      await assert.rejects(
        inside(() => database.view(async () => undefined)),
        refusal,
      )
      await assert.rejects(
        inside(() => Promise.resolve().then(() => accounts(database))),
        refusal,
      )
      await assert.rejects(
        database.view(async () => accounts(database)),
        refusal,
      )
      assert.deepEqual(await accounts(database), [])
    },
  )

  test('the outer handle works again after the transaction, in work that was started inside it too', async () => {
    const database = await open()
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    let detached: Promise<string[]> | undefined

    await database.transaction(async (trx) => {
      await put(trx, 'a', 1n)
      detached = ended.then(() => accounts(database))
    })
    end()

    assert.deepEqual(await detached, ['a'])
  })

  test('increments of 50 simultaneous transactions are all counted', async () => {
    const database = await open()
    await put(database.db, 'counter', 0n)

    await Promise.all(
      Array.from({ length: 50 }, () =>
        database.transaction(async (trx) => {
          await trx
            .updateTable('balances')
            .set(({ eb }) => ({ balance_nanos: eb('balance_nanos', '+', 1n) }))
            .execute()
        }),
      ),
    )

    const row = await database.db.selectFrom('balances').selectAll().executeTakeFirstOrThrow()
    assert.equal(row.balance_nanos, 50n)
  })

  test('a long queue of transactions lets timers and sockets have their turn', async () => {
    const database = await open()
    let ended = 0
    const all = Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        await database.transaction((trx) => put(trx, `${index}`, 1n))
        ended += 1
      }),
    )

    await turn()
    await turn()

    assert.ok(ended < 200, `${ended} transactions ran before the event loop had two turns`)
    await all
    assert.equal(ended, 200)
  })

  test('a view sees one moment', async () => {
    const database = await open()
    await put(database.db, 'before', 1n)
    let later: Promise<unknown> | undefined

    const seen = await database.view(async (view) => {
      const first = await view.selectFrom('balances').select('account').execute()
      later = turn()
        .then(() => put(database.db, 'after', 1n))
        .catch((error: unknown) => error)
      const second = await view.selectFrom('balances').select('account').execute()
      return [first.length, second.length]
    })

    await later
    assert.deepEqual(seen, [1, 1])
  })

  test('a handle kept past the end of its transaction is refused', async () => {
    const database = await open()

    const kept = await database.transaction(async (trx) => ({ trx }))

    await assert.rejects(put(kept.trx, 'late', 1n))
    assert.deepEqual(await accounts(database), [])
  })

  test('M17: history cannot be changed: UPDATE, DELETE and REPLACE of postings and transactions are refused', async () => {
    const { db } = await open()
    const transaction = { id: 't', kind: 'x', idempotency_key: 'k', generation_id: null, created_at: 1 }
    const posting = { id: 't.0', transaction_id: 't', account: 'a', amount_nanos: 5n }
    await db.insertInto('transactions').values(transaction).execute()
    await db.insertInto('postings').values(posting).execute()

    await assert.rejects(db.updateTable('postings').set({ amount_nanos: 6n }).execute(), /postings are append-only/)
    await assert.rejects(db.deleteFrom('postings').execute(), /postings are append-only/)
    await assert.rejects(db.updateTable('transactions').set({ kind: 'y' }).execute(), /transactions are append-only/)
    await assert.rejects(db.deleteFrom('transactions').execute(), /transactions are append-only/)
    const rewrite =
      engine === 'sqlite' ? sql`insert or replace into postings values ('t.0', 't', 'a', 7)` : sql`truncate postings`
    await assert.rejects(rewrite.execute(db), /postings are append-only/)

    assert.deepEqual(await db.selectFrom('postings').selectAll().execute(), [posting])
    assert.deepEqual(await db.selectFrom('transactions').selectAll().execute(), [transaction])
  })

  test('a posting belongs to a transaction that exists, and money is whole nanos', async () => {
    const { db } = await open()
    const posting = { id: 't.0', transaction_id: 'none', account: 'a', amount_nanos: 5n }

    await assert.rejects(db.insertInto('postings').values(posting).execute(), /foreign key/i)
    await assert.rejects(sql`insert into balances values ('a', ${'1.5'})`.execute(db))
  })

  if (engine === 'postgres') {
    test('a transaction that the server ends over a deadlock is run again', async () => {
      const database = await open()
      await put(database.db, 'a', 0n)
      await put(database.db, 'b', 0n)
      const add = (trx: Database['db'], account: string) =>
        trx
          .updateTable('balances')
          .set(({ eb }) => ({ balance_nanos: eb('balance_nanos', '+', 1n) }))
          .where('account', '=', account)
          .execute()
      let runs = 0
      const both = (first: string, second: string, meet: () => Promise<void>) =>
        database.transaction(async (trx) => {
          runs += 1
          await add(trx, first)
          await meet()
          await add(trx, second)
        })
      let waiting: (() => void) | undefined
      const meet = async (): Promise<void> => {
        // Both have their first row before either asks for its second; a second run finds no one to meet.
        if (runs > 2) return
        if (waiting !== undefined) return waiting()
        const { promise, resolve } = Promise.withResolvers<void>()
        waiting = resolve
        await promise
      }

      await Promise.all([both('a', 'b', meet), both('b', 'a', meet)])

      const rows = await database.db.selectFrom('balances').select('balance_nanos').execute()
      assert.deepEqual(rows, [{ balance_nanos: 2n }, { balance_nanos: 2n }])
      assert.ok(runs > 2, 'one of them was run again')
    })

    test('the clock is the server’s', async () => {
      const database = await open({ clock: { now: () => 5, monotonic: () => 5, sleep: async () => undefined } })

      assert.ok((await database.now()) > 1_700_000_000_000)
    })
  } else {
    test('the clock is the one that was given', async () => {
      const database = await open({ clock: { now: () => 5, monotonic: () => 5, sleep: async () => undefined } })

      assert.equal(await database.now(), 5)
    })
  }
})

test('a PostgreSQL that could lose acknowledged commits, or is too old, is refused by name', () => {
  const safe = { server_version_num: '150020', fsync: 'on', full_page_writes: 'on', synchronous_commit: 'remote_apply' }
  const problems = (change: Partial<typeof safe>) =>
    serverProblems(new Map(Object.entries({ ...safe, ...change }))).join()

  assert.equal(problems({}), '')
  assert.match(problems({ fsync: 'off' }), /^fsync is off/)
  assert.match(problems({ full_page_writes: 'off' }), /^full_page_writes is off/)
  assert.match(problems({ synchronous_commit: 'off' }), /^synchronous_commit is off/)
  assert.match(problems({ server_version_num: '140011' }), /^version 15 or newer is needed, this one is 14/)
})

async function put(db: Database['db'], account: string, balance: bigint): Promise<void> {
  await db.insertInto('balances').values({ account, balance_nanos: balance }).execute()
}

async function accounts({ db }: Database): Promise<string[]> {
  const rows = await db.selectFrom('balances').select('account').orderBy('account').execute()
  return rows.map(({ account }) => account)
}
