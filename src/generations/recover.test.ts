import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'

import { base64Blob, noise } from '../assets/test-pictures.ts'
import { usd } from '../core/money.ts'
import { JsonBlob } from '../core/json-blob.ts'
import { err, ok } from '../core/result.ts'
import { audit } from '../ledger/auditor.ts'
import type { GenerationId } from '../core/ids.ts'
import { makeIdempotency } from './idempotency.ts'
import { startKeeper } from './keeper.ts'
import type { Call } from '../providers/provider.ts'
import {
  type Answering,
  asking,
  delivering,
  failing,
  gated,
  generatedOf,
  idOf,
  imageModel,
  makeRooms,
  type Rooms,
  type RoomsOptions,
  tokenModel,
} from './test-rooms.ts'
import { LEASE_MS, renewLeases } from './leases.ts'

const picture = await noise('png', 100, 100)

/** What a process leaves that dies right after its first attempt was written down. */
async function die(rooms: Rooms, n = 1): Promise<string> {
  const admitted = await rooms.admit(asking({ n }), rooms.owner)
  assert.ok(admitted.ok && admitted.value !== 'claimed')
  return admitted.value.agreed.id
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
  assert.equal(await rooms.recover(), 0, 'what runs here is not abandoned')
  assert.equal(await rooms.afterDeath().recover(), 1)
  open()

  const outcome = await ending
  assert.ok(!outcome.ok && outcome.error.code === 'upstream_failed' && outcome.error.sent === true)

  const [receipt] = await rooms.receipts()
  assert.deepEqual([receipt?.status, receipt?.charge_usd], ['voided', '0'])
  assert.deepEqual(await rooms.book.balance(), { available: 100_000_000_000n, held: 0n })
  assert.deepEqual(rooms.crashes, [])
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
    recover: rooms.recover,
    idempotency: makeIdempotency(rooms),
    assets: rooms.assets,
    clock,
    processId: 'this-process',
    onError: (error) => assert.fail(String(error)),
    audit: async () => [],
    onFinding: () => assert.fail('found something'),
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
    recover: rooms.recover,
    idempotency: makeIdempotency(rooms),
    assets: rooms.assets,
    clock: {
      now: () => 0,
      monotonic: () => 0,
      sleep: (_, signal) =>
        new Promise((_done, fail) => signal?.addEventListener('abort', () => fail(new Error('stopped')))),
    },
    processId: 'this-process',
    onError: (error) => assert.fail(String(error)),
    audit: async () => [],
    onFinding: () => assert.fail('found something'),
  })

  assert.equal((await rooms.written(left)).receipt.status, 'voided')
  assert.equal((await rooms.written(own)).receipt.status, 'running')
  assert.deepEqual(await keeper.ready(), { ok: true, value: undefined })
  await keeper.stop()
})

test('a renewed lease keeps a generation from the sweep', async () => {
  const rooms = await makeRooms({ providers: { first: delivering([picture]) } })
  const id = await die(rooms)
  rooms.pass(LEASE_MS - 1000)
  await renewLeases(rooms.database.db, [id as GenerationId], (await rooms.database.now()) + LEASE_MS)
  rooms.pass(2000)

  assert.equal(await rooms.recover(), 0)
  rooms.pass(LEASE_MS)
  assert.equal(await rooms.recover(), 1)
})

/** A provider from whose answer the process never returns; `work` is what it still does for the call. */
function lastSeen(work: (call: Call) => void | Promise<void>) {
  const reached = Promise.withResolvers<void>()
  const answering: Answering = async (_, call) => {
    await work(call)
    reached.resolve()
    return await new Promise(() => {})
  }
  return { answering, reached: reached.promise }
}

/** Starts a generation, waits until its call is as far as it gets, and lets another process find it. */
async function leave(
  work: (call: Call) => void | Promise<void>,
  more: Partial<RoomsOptions> = {},
  wish: Parameters<typeof asking>[0] = {},
): Promise<{ rooms: Rooms; id: GenerationId; next: ReturnType<Rooms['afterDeath']> }> {
  const { answering, reached } = lastSeen(work)
  const rooms = await makeRooms({ ...more, providers: { first: answering } })
  const started = await rooms.engine.start(asking(wish), rooms.owner)
  assert.ok(started.ok)
  await reached
  rooms.pass(LEASE_MS + 1)
  return { rooms, id: started.value.id, next: rooms.afterDeath() }
}

/** The picture arrives whole, as the shared HTTP functions feed it. */
async function arrive({ intake }: Call, bytes = picture): Promise<void> {
  const opened = intake([], 'image/png')
  await opened?.write(Buffer.from(bytes.toString('base64')))
  opened?.end()
  // Written by another thread; the process dies after that.
  await new Promise((resolve) => setTimeout(resolve, 200))
}

test('a call that never left the machine is no loss, and the caller may come again', async () => {
  const rooms = await makeRooms({ providers: { first: delivering([picture]) } })
  const id = await die(rooms)
  rooms.pass(LEASE_MS + 1)

  assert.equal(await rooms.afterDeath().recover(), 1)

  const { receipt, attempts } = await rooms.written(id)
  assert.deepEqual([receipt.status, attempts[0]?.state, receipt.charge_usd], ['voided', 'not_billed', '0'])
  assert.equal(await loss(rooms), 0n)
  assert.deepEqual(await audit(rooms.database), [])
})

test('M3: a call that left is unknown, free, and the operator’s loss at list price', async () => {
  const { rooms, id, next } = await leave(() => {})

  assert.equal(await next.recover(), 1)

  const { receipt, attempts } = await rooms.written(id)
  assert.deepEqual([receipt.status, attempts[0]?.state, receipt.charge_usd], ['voided', 'unknown', '0'])
  assert.equal(await loss(rooms), usd('0.03'))
})

test('M3: a picture that had arrived whole is adopted: settled at the tokens of the catalogue, and can be fetched', async () => {
  const { rooms, id, next } = await leave((call) => arrive(call))

  assert.equal(await next.recover(), 1)

  const { receipt, attempts } = await rooms.written(id)
  assert.deepEqual([receipt.status, receipt.delivered, attempts[0]?.state], ['settled', 1, 'ok'])
  assert.equal(receipt.charge_usd, '0.03')
  assert.ok(receipt.warnings.some(({ code }) => code === 'usage_missing'))
  const again = await next.fetch.recall(id, AbortSignal.timeout(5_000))
  assert.ok(again.ok)
  assert.deepEqual(Buffer.concat(again.value.pictures[0]?.slices ?? []), picture)
  assert.equal(await loss(rooms), 0n)
  assert.deepEqual(await audit(rooms.database), [])
})

test('a picture that is in its place but not in the books is adopted too, and leaves nothing among the temporary files', async () => {
  const stuck = Promise.withResolvers<void>()
  const rooms = await makeRooms({
    providers: {
      first: async (_, call) => {
        const intake = call.intake([], 'image/png')
        const { slices } = base64Blob(picture)
        for (const slice of slices) await intake?.write(slice)
        intake?.end()
        return ok({ ...generatedOf([]), images: [{ blob: new JsonBlob('base64', slices, 'image/png', intake) }] })
      },
    },
    spoil: (assets) => ({
      ...assets,
      async keep(...given) {
        await assets.keep(...given)
        stuck.resolve()
        return await new Promise(() => {})
      },
    }),
  })
  const started = await rooms.engine.start(asking(), rooms.owner)
  assert.ok(started.ok)
  await stuck.promise
  rooms.pass(LEASE_MS + 1)

  assert.equal(await rooms.afterDeath().recover(), 1)

  assert.equal((await rooms.written(started.value.id)).receipt.status, 'settled')
  await until(() => globSync('tmp/gen-*', { cwd: rooms.directory }).length === 0)
})

test('A9: of an answer that had arrived in part, the pictures that are there are charged and all that were made are booked', async () => {
  const models = [imageModel()]
  const { rooms, id, next } = await leave((call) => arrive(call), { models }, { model: 'test/images', n: 3 })

  assert.equal(await next.recover(), 1)

  const { receipt } = await rooms.written(id)
  assert.deepEqual([receipt.status, receipt.delivered, receipt.charge_usd], ['settled', 1, '0.04'])
  assert.equal(receipt.provider_cost_usd, '0.12')
  assert.deepEqual(await audit(rooms.database), [])
})

test('A9: a lost call for four of five pictures is four fifths of the list price, whatever became of the fifth', async () => {
  const rooms = await makeRooms({
    models: [imageModel()],
    providers: {
      first: async ({ n = 1 }, call) =>
        n === 4
          ? err({ kind: 'unavailable', billed: 'unknown', message: 'It broke off.', raw: '' })
          : await delivering([picture])({ model: 'test/images', turns: [] }, call),
    },
  })

  const outcome = await rooms.generate({ model: 'test/images', n: 5 })

  assert.ok(outcome.ok)
  assert.deepEqual([outcome.value.receipt.delivered, outcome.value.receipt.charge_usd], [1, '0.04'])
  assert.equal(await loss(rooms), usd('0.16'))
})

test('a picture that had not arrived whole is not adopted', async () => {
  const { rooms, id, next } = await leave((call) => arrive(call, picture.subarray(0, picture.length - 5_000)))

  await next.recover()

  const { receipt, attempts } = await rooms.written(id)
  assert.deepEqual([receipt.status, attempts[0]?.state], ['voided', 'unknown'])
})

test('M3: a provider that can be asked about a call is asked, and not asked to make it again', async () => {
  const asked: string[] = []
  const { rooms, id, next } = await leave(async (call) => await call.submitted('job-7'), {
    asking: {
      first: {
        async resume(upstreamId) {
          asked.push(upstreamId)
          return ok({ ...generatedOf([picture]), upstreamId })
        },
      },
    },
  })

  assert.equal(await next.recover(), 1)
  const outcome = await next.engine.wait(id, AbortSignal.timeout(5_000))

  assert.ok(outcome.ok)
  const { receipt, attempts } = await rooms.written(id)
  assert.deepEqual([receipt.status, receipt.charge_usd, attempts[0]?.upstream_id], ['settled', '0.03031', 'job-7'])
  assert.deepEqual(asked, ['job-7'])
  assert.equal(rooms.calls.length, 1)
  assert.deepEqual(await audit(rooms.database), [])
})

test('what a provider says of a call that it has lost is believed', async () => {
  const { rooms, id, next } = await leave(async (call) => await call.submitted('job-7'), {
    asking: { first: { resume: failing({ kind: 'unavailable', billed: 'no', message: 'No such job.' }) as never } },
  })

  await next.recover()
  await next.engine.wait(id, AbortSignal.timeout(5_000))

  assert.equal((await rooms.written(id)).attempts[0]?.state, 'not_billed')
  assert.equal(await loss(rooms), 0n)
})

test('whoever waits for a generation of a dead process ends it as soon as its lease is over', async () => {
  const { id, next } = await leave(() => {})

  const outcome = await next.engine.wait(id, AbortSignal.timeout(5_000))

  assert.ok(!outcome.ok)
  assert.deepEqual([outcome.error.code, outcome.error.sent], ['upstream_failed', true])
})

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds() && tries < 200; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10))
  assert.ok(holds())
}

async function loss(rooms: Rooms): Promise<bigint> {
  const { workspaceId, mode } = rooms.owner
  const row = await rooms.database.db
    .selectFrom('balances')
    .select('balance_nanos')
    .where('account', '=', `${workspaceId}:${mode}:unbilled_loss`)
    .executeTakeFirst()
  return row?.balance_nanos ?? 0n
}
