import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'

import type { Clock } from '../core/clock.ts'
import type { Nanos } from '../core/money.ts'
import type { Database } from '../db/database.ts'
import { spendWindows } from '../db/spend-windows.ts'
import { eachEngine } from '../db/test-database.ts'
import { bootstrap } from './bootstrap.ts'
import { makeKeyText, parseKey } from './keys.ts'
import type { Accounts } from './store.ts'
import { makeAccounts } from './store.ts'

eachEngine((engine, open) => {
  async function setUp() {
    const clock = handClock()
    const database = await open({ clock })
    const first = await bootstrap({ database, fundTest: async () => undefined })
    assert.ok(first)
    return { clock, database, first, accounts: makeAccounts({ database, clock }) }
  }

  test('X1: a new key authenticates as what it was made, and the database holds its hash but not its text', async () => {
    const { accounts, database } = await setUp()

    const created = await accounts.createKey({ name: 'Ci', mode: 'admin' })
    assert.ok(created.ok)
    const { key, facts } = created.value
    const principal = await accounts.authenticate(key)

    assert.deepEqual(principal, {
      ok: true,
      value: { keyHash: parseKey(key)?.hash, workspaceId: facts.workspaceId, mode: 'admin', label: facts.label },
    })
    const rows = JSON.stringify(await database.db.selectFrom('api_keys').selectAll().execute(), (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    )
    assert.ok(rows.includes(facts.hash))
    assert.ok(!rows.includes(key))
    assert.ok(!rows.includes(key.slice(16, 40)))
  })

  test('a key without a mode is a live key of the default workspace, with everything it was given', async () => {
    const { accounts } = await setUp()
    const expiresAt = Date.parse('2099-01-01')

    const created = await accounts.createKey({ name: 'App', limit: 5n as Nanos, limitReset: 'daily', expiresAt })

    assert.ok(created.ok)
    const { createdAt, hash, label, ...facts } = created.value.facts
    assert.ok(createdAt > 0 && hash.length === 64 && label.startsWith('sk-pl-live-'))
    assert.deepEqual(facts, {
      name: 'App',
      mode: 'live',
      disabled: false,
      limit: 5n,
      limitReset: 'daily',
      limitRemaining: 5n,
      usage: { total: 0n, daily: 0n, weekly: 0n, monthly: 0n },
      updatedAt: undefined,
      expiresAt,
      workspaceId: await accounts.defaultWorkspaceId(),
    })
  })

  test('unknown, disabled, deleted and expired keys are refused, each in its own words', async () => {
    const { accounts, clock, database } = await setUp()
    const now = await database.now()
    const disabled = await create(accounts, { name: 'a' })
    const deleted = await create(accounts, { name: 'b' })
    const expired = await create(accounts, { name: 'c', expiresAt: now - 1 })
    const expiring = await create(accounts, { name: 'd', expiresAt: now + 3_600_000 })
    await accounts.updateKey(disabled.hash, { disabled: true })
    await accounts.deleteKey(deleted.hash)

    assert.match(await refusal(accounts, undefined), /is needed/)
    assert.match(await refusal(accounts, makeKeyText('live', randomBytes(32))), /does not exist/)
    assert.match(await refusal(accounts, disabled.key), /disabled/)
    assert.match(await refusal(accounts, deleted.key), /does not exist or was deleted/)
    assert.match(await refusal(accounts, expired.key), /expired/)
    assert.equal(await refusal(accounts, expiring.key), 'accepted')
    clock.advance(3_600_001)
    if (engine === 'sqlite') assert.match(await refusal(accounts, expiring.key), /expired/)
  })

  test('a change made by another process is seen within 5 seconds, one made here at once', async () => {
    const { accounts, clock, database } = await setUp()
    const { key, hash } = await create(accounts, { name: 'a' })
    await accounts.authenticate(key)

    await database.db.updateTable('api_keys').set({ disabled: 1 }).where('hash', '=', hash).execute()
    clock.advance(4_999)
    assert.equal(await refusal(accounts, key), 'accepted')
    clock.advance(2)
    assert.match(await refusal(accounts, key), /disabled/)

    await accounts.updateKey(hash, { disabled: false })
    assert.equal(await refusal(accounts, key), 'accepted')
    await accounts.deleteKey(hash)
    assert.match(await refusal(accounts, key), /deleted/)
  })

  test('a deleted key is gone for everyone but its row and its spend stay', async () => {
    const { accounts, database } = await setUp()
    const { hash } = await create(accounts, { name: 'a' })
    await spend(database, hash, 'total', 0n, 7n)

    assert.equal((await accounts.deleteKey(hash)).ok, true)

    assert.deepEqual((await accounts.getKey(hash)).ok, false)
    assert.deepEqual((await accounts.deleteKey(hash)).ok, false)
    assert.deepEqual((await accounts.updateKey(hash, { name: 'b' })).ok, false)
    assert.ok(
      (await accounts.listKeys({ includeDisabled: true, offset: 0, limit: 100 })).every((key) => key.hash !== hash),
    )
    assert.equal((await database.db.selectFrom('api_keys').selectAll().where('hash', '=', hash).execute()).length, 1)
    assert.equal(
      (await database.db.selectFrom('key_spend').selectAll().where('key_hash', '=', hash).execute()).length,
      1,
    )
  })

  test('an update changes what it names, null clears, absent leaves', async () => {
    const { accounts } = await setUp()
    const { hash } = await create(accounts, { name: 'a', limit: 9n as Nanos, limitReset: 'monthly' })

    const renamed = await accounts.updateKey(hash, { name: 'b' })
    const cleared = await accounts.updateKey(hash, { limit: null, limitReset: null, disabled: true })

    assert.ok(renamed.ok && cleared.ok)
    assert.deepEqual([renamed.value.name, renamed.value.limit, renamed.value.limitReset], ['b', 9n, 'monthly'])
    assert.deepEqual(
      [
        cleared.value.name,
        cleared.value.limit,
        cleared.value.limitReset,
        cleared.value.limitRemaining,
        cleared.value.disabled,
      ],
      ['b', undefined, undefined, undefined, true],
    )
    assert.ok((cleared.value.updatedAt ?? 0) > 0)
  })

  test('usage counts what was charged in the present windows, the remaining limit counts open holds too', async () => {
    const { accounts, database } = await setUp()
    const { hash } = await create(accounts, { name: 'a', limit: 100n as Nanos, limitReset: 'weekly' })
    const windows = spendWindows(await database.now())
    await spend(database, hash, windows.total, 5n, 900n)
    await spend(database, hash, windows.monthly, 5n, 80n)
    await spend(database, hash, windows.weekly, 5n, 60n)
    await spend(database, hash, windows.daily, 5n, 10n)
    await spend(database, hash, 'day:2001-01-01', 0n, 77n)

    const facts = await accounts.getKey(hash)
    const lowered = await accounts.updateKey(hash, { limit: 50n as Nanos })

    assert.ok(facts.ok && lowered.ok)
    assert.deepEqual(facts.value.usage, { total: 900n, monthly: 80n, weekly: 60n, daily: 10n })
    assert.equal(facts.value.limitRemaining, 35n)
    assert.equal(lowered.value.limitRemaining, 0n, 'never below zero')
  })

  test('keys are listed newest first, in pages, by workspace, disabled ones on demand', async () => {
    const { accounts, clock } = await setUp()
    const workspace = await accounts.createWorkspace('Second')
    const names: string[] = []
    for (const name of ['a', 'b', 'c', 'd']) {
      clock.advance(1000)
      const { hash } = await create(accounts, { name, workspaceId: workspace.id })
      if (name === 'b') await accounts.updateKey(hash, { disabled: true })
      names.unshift(name)
    }
    const list = async (page: Partial<Parameters<Accounts['listKeys']>[0]>) =>
      (
        await accounts.listKeys({ includeDisabled: false, offset: 0, limit: 100, workspaceId: workspace.id, ...page })
      ).map(({ name }) => name)

    assert.deepEqual(await list({}), ['d', 'c', 'a'])
    assert.deepEqual(await list({ includeDisabled: true }), ['d', 'c', 'b', 'a'])
    assert.deepEqual(await list({ offset: 1, limit: 1 }), ['c'])
    assert.equal((await accounts.listKeys({ includeDisabled: true, offset: 0, limit: 100 })).length, 6)
  })

  test('a key in a workspace that does not exist is refused, and nothing is written', async () => {
    const { accounts } = await setUp()

    const result = await accounts.createKey({ name: 'a', workspaceId: 'none' })

    assert.ok(!result.ok)
    assert.equal(result.error.code, 'not_found')
    assert.equal((await accounts.listKeys({ includeDisabled: true, offset: 0, limit: 100 })).length, 2)
  })

  test('the first start makes a workspace, a test key, a live key and the test balance; later starts make nothing', async () => {
    const database = await open()
    const grants: unknown[] = []
    const start = () => bootstrap({ database, fundTest: async (_trx, grant) => grants.push(grant) })

    const starts = await Promise.all([start(), start(), start()])

    const [keys, ...others] = starts.filter((result) => result !== undefined)
    assert.equal(others.length, 0)
    assert.equal(parseKey(keys?.test ?? '')?.mode, 'test')
    assert.equal(parseKey(keys?.live ?? '')?.mode, 'live')
    const workspaces = await database.db.selectFrom('workspaces').selectAll().execute()
    assert.equal(workspaces.length, 1)
    assert.deepEqual(
      grants.map((grant) => ({ ...(grant as object), at: 0 })),
      [{ workspaceId: workspaces[0]?.id, amount: 100_000_000_000n, at: 0 }],
    )
    assert.equal((await database.db.selectFrom('api_keys').selectAll().execute()).length, 2)
  })

  test('a first start that fails half way leaves nothing, so the next one starts over', async () => {
    const database = await open()
    const broken = bootstrap({
      database,
      fundTest: async () => {
        throw new Error('no funds')
      },
    })

    await assert.rejects(broken, /no funds/)

    assert.ok(await bootstrap({ database, fundTest: async () => undefined }))
  })
})

function handClock(): Clock & { advance(ms: number): void } {
  let time = Date.parse('2026-11-22T12:00:00Z')
  let monotonic = 0
  return {
    now: () => time,
    monotonic: () => monotonic,
    sleep: async () => undefined,
    advance(ms) {
      time += ms
      monotonic += ms
    },
  }
}

async function create(accounts: Accounts, key: Parameters<Accounts['createKey']>[0]) {
  const created = await accounts.createKey(key)
  assert.ok(created.ok)
  return { key: created.value.key, hash: created.value.facts.hash }
}

async function refusal(accounts: Accounts, text: string | undefined): Promise<string> {
  const result = await accounts.authenticate(text)
  if (result.ok) return 'accepted'
  assert.equal(result.error.code, 'invalid_api_key')
  return result.error.message
}

async function spend({ db }: Database, hash: string, window: string, held: bigint, settled: bigint): Promise<void> {
  await db
    .insertInto('key_spend')
    .values({ key_hash: hash, window, held_nanos: held, settled_nanos: settled })
    .execute()
}
