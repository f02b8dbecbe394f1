import assert from 'node:assert/strict'
import { test } from 'node:test'

import { noise } from '../assets/test-pictures.ts'
import { usd } from '../core/money.ts'
import { audit } from '../ledger/auditor.ts'
import { LEASE_MS } from './admit.ts'
import { startKeeper } from './keeper.ts'
import { asking, delivering, gated, idOf, makeRooms, type Rooms, tokenModel } from './test-rooms.ts'
import { renewLeases } from './store.ts'

const picture = await noise('png', 100, 100)

/** What a process leaves that dies right after its first attempt was written down. */
async function die(rooms: Rooms, n = 1): Promise<string> {
  const admitted = await rooms.admit(asking({ n }), rooms.owner)
  assert.ok(admitted.ok)
  return admitted.value.id
}

test('the sweep leaves a generation alone while its lease runs, and ends it after: hold home, loss booked, receipt says why', async () => {
  const rooms = await makeRooms({ providers: { first: delivering([picture]) } })
  const id = await die(rooms)

  const early = await rooms.recover()
  rooms.pass(LEASE_MS + 1)
  const late = await rooms.recover()
  const again = await rooms.recover()

  assert.deepEqual([early, late, again], [0, 1, 0])
  const { receipt, attempts, hold } = await rooms.written(id)
  assert.deepEqual([receipt.status, receipt.charge_usd, receipt.lines, receipt.delivered], ['voided', '0', [], 0])
  assert.deepEqual([receipt.error?.code, receipt.error?.status], ['upstream_failed', 502])
  assert.match(receipt.error?.message ?? '', /stopped.*Nothing was charged/)
  assert.ok(receipt.finished_at)
  assert.deepEqual(
    attempts.map(({ state }) => state),
    ['unknown'],
  )
  assert.deepEqual(
    receipt.attempts.map(({ state }) => state),
    ['unknown'],
  )
  assert.deepEqual([hold.state, hold.charge], ['voided', 0n])
  assert.deepEqual(await rooms.book.balance(), { available: 100_000_000_000n, held: 0n })
  assert.equal(await loss(rooms), usd('0.03'), 'one usual picture at list price')
  assert.deepEqual(await audit(rooms.database), [])
})

test('the loss is at the price of the hold, whatever the catalogue says by then', async () => {
  const model = { ...tokenModel({ tiers: ['1K'], tokens: { outputPerImage: { '1K': 1000 }, inputPerImage: 500 } }) }
  const rooms = await makeRooms({ models: [model], providers: { first: delivering([picture]) } })
  const id = await die(rooms, 3)
  Object.assign(model, {
    pricing: { ...model.pricing, version: '2027', entries: [{ billable: 'output_image', unit: 'token', usd: '9' }] },
  })

  rooms.pass(LEASE_MS + 1)
  await rooms.recover()

  assert.equal(await loss(rooms), usd('0.09'), 'three calls had been sent')
  const { receipt } = await rooms.written(id)
  assert.equal(receipt.price_version, '2026-11-22.1')
})

test('more than a sweep reads at a time are ended in one sweep', async () => {
  const rooms = await makeRooms({ providers: { first: delivering([picture]) } })
  for (let count = 0; count < 120; count += 1) await die(rooms)
  rooms.pass(LEASE_MS + 1)

  assert.equal(await rooms.recover(), 120)
  assert.deepEqual(await rooms.book.balance(), { available: 100_000_000_000n, held: 0n })
})

test('two sweeps at once end a generation once', async () => {
  const rooms = await makeRooms({ providers: { first: delivering([picture]) } })
  await die(rooms)
  rooms.pass(LEASE_MS + 1)

  const ended = await Promise.all([rooms.recover(), rooms.recover(), rooms.recover()])

  assert.equal(
    ended.reduce((total, count) => total + count, 0),
    1,
  )
  assert.equal(await loss(rooms), usd('0.03'))
  assert.deepEqual(await audit(rooms.database), [])
})

test('a result that comes after the sweep charges nothing and changes nothing', async () => {
  const { answering, reached, open } = gated(delivering([picture]))
  const rooms = await makeRooms({ providers: { first: answering } })
  const ending = rooms.generate()
  await reached
  rooms.pass(LEASE_MS + 1)
  assert.equal(await rooms.recover(), 1)
  open()

  const outcome = await ending
  assert.ok(!outcome.ok && outcome.error.code === 'internal' && outcome.error.sent === true)

  const [receipt] = await rooms.receipts()
  assert.deepEqual([receipt?.status, receipt?.charge_usd], ['voided', '0'])
  assert.deepEqual(await rooms.book.balance(), { available: 100_000_000_000n, held: 0n })
  assert.equal(rooms.crashes.length, 1)
  assert.deepEqual(await audit(rooms.database), [])
})

test('a machine that slept does not take its own running generations for abandoned ones', async () => {
  const { answering, reached, open } = gated(delivering([picture]))
  const rooms = await makeRooms({ providers: { first: answering } })
  const sleeps: { ms: number; wake: () => void }[] = []
  const clock = {
    now: () => 0,
    monotonic: () => 0,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((wake, fail) => {
        sleeps.push({ ms, wake })
        signal?.addEventListener('abort', () => fail(new Error('stopped')))
      }),
  }
  const keeper = await startKeeper({
    engine: rooms.engine,
    database: rooms.database,
    ledger: rooms.book.ledger,
    assets: rooms.assets,
    clock,
    processId: 'this-process',
    onError: (error) => assert.fail(String(error)),
  })
  const ending = rooms.generate()
  await reached
  const other = await die(rooms)

  rooms.pass(3_600_000)
  for (const { ms, wake } of sleeps.splice(0)) if (ms === 10_000) wake()
  while (!sleeps.some(({ ms }) => ms === 10_000)) await new Promise((resolve) => setTimeout(resolve, 5))
  open()
  const outcome = await ending

  assert.equal((await rooms.written(idOf(outcome))).receipt.status, 'settled')
  assert.equal((await rooms.written(other)).receipt.status, 'voided', 'what nobody runs is still swept')
  await keeper.stop()
})

test('on one machine a start ends at once what the last process left, and not what is its own', async () => {
  const rooms = await makeRooms({ providers: { first: delivering([picture]) } })
  const left = await die(rooms)
  await rooms.database.db.updateTable('generations').set({ owner: 'a-dead-process' }).execute()
  const own = await die(rooms)

  const keeper = await startKeeper({
    engine: rooms.engine,
    database: rooms.database,
    ledger: rooms.book.ledger,
    assets: rooms.assets,
    clock: {
      now: () => 0,
      monotonic: () => 0,
      sleep: (_, signal) =>
        new Promise((_done, fail) => signal?.addEventListener('abort', () => fail(new Error('stopped')))),
    },
    processId: 'this-process',
    onError: (error) => assert.fail(String(error)),
  })

  assert.equal((await rooms.written(left)).receipt.status, 'voided')
  assert.equal((await rooms.written(own)).receipt.status, 'running')
  assert.deepEqual(await keeper.ready(), { ok: true, value: undefined })
  await keeper.stop()
})

test('a renewed lease keeps a generation from the sweep', async () => {
  const rooms = await makeRooms({ providers: { first: delivering([picture]) } })
  const admitted = await rooms.admit(asking(), rooms.owner)
  assert.ok(admitted.ok)
  rooms.pass(LEASE_MS - 1000)
  await renewLeases(rooms.database.db, [admitted.value.id], (await rooms.database.now()) + LEASE_MS)
  rooms.pass(2000)

  assert.equal(await rooms.recover(), 0)
  rooms.pass(LEASE_MS)
  assert.equal(await rooms.recover(), 1)
})

async function loss(rooms: Rooms): Promise<bigint> {
  const { workspaceId, mode } = rooms.owner
  const row = await rooms.database.db
    .selectFrom('balances')
    .select('balance_nanos')
    .where('account', '=', `${workspaceId}:${mode}:unbilled_loss`)
    .executeTakeFirst()
  return row?.balance_nanos ?? 0n
}
