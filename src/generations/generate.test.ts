import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { noise } from '../assets/test-pictures.ts'
import { StorageTrouble } from '../assets/trouble.ts'
import { chargeLines, type PriceSnapshot } from '../catalog/charge.ts'
import { formatUsd, sum, usd } from '../core/money.ts'
import type { Receipt } from '../core/receipt.ts'
import { err, ok } from '../core/result.ts'
import { audit } from '../ledger/auditor.ts'
import {
  delivering,
  failing,
  gated,
  generatedOf,
  idOf,
  imageModel,
  makeRooms,
  type Rooms,
  tokenModel,
  USUAL,
} from './test-rooms.ts'

const picture = await noise('png', 100, 100)

/** What has to hold of any receipt and of the books behind it. */
async function assertHonest(rooms: Rooms, receipt: Receipt): Promise<void> {
  const { hold } = await rooms.written(receipt.id)
  assert.equal(
    formatUsd(sum(receipt.lines.map((line) => usd(line.usd)))),
    receipt.charge_usd,
    'lines sum to the charge',
  )
  assert.equal(formatUsd((hold.charge ?? 0n) as never), receipt.charge_usd, 'the ledger charged what the receipt says')
  assert.ok(usd(receipt.charge_usd) <= usd(receipt.hold_usd), 'never above the hold')
  assert.deepEqual(await audit(rooms.database), [])
  assert.deepEqual(rooms.crashes, [])
}

test('a picture is made, kept, charged by its reported usage and given back byte for byte', async () => {
  const rooms = await makeRooms({ providers: { first: delivering([picture]) } })

  const outcome = await rooms.generate()

  assert.ok(outcome.ok)
  const { receipt, pictures } = outcome.value
  assert.equal(receipt.charge_usd, '0.03031')
  assert.equal(receipt.provider_cost_usd, '0.03031')
  const stored = await rooms.fetch.picture(receipt.id, 0, rooms.owner)
  assert.ok(stored.ok)
  assert.deepEqual(
    readFileSync(join(rooms.directory, stored.value.asset.sha256.slice(0, 2), stored.value.asset.sha256)),
    picture,
  )
  assert.equal(Buffer.concat(pictures[0]?.slices ?? []).toString(), picture.toString('base64'))
  assert.equal((await rooms.book.balance()).available, 100_000_000_000n - usd('0.03031'))
  await assertHonest(rooms, receipt)
})

test('five pictures of a model that makes two at a time are three calls with a row each', async () => {
  const rooms = await makeRooms({
    models: [tokenModel({ maxNPerCall: 2 })],
    providers: { first: async (request) => ok(generatedOf(Array.from({ length: request.n ?? 1 }, () => picture))) },
  })

  const outcome = await rooms.generate({ n: 5 })

  const { receipt, attempts } = await rooms.written(idOf(outcome))
  assert.deepEqual(
    rooms.calls.map(({ request }) => request.n),
    [2, 2, undefined],
  )
  assert.deepEqual(
    attempts.map(({ n, state, provider }) => [n, state, provider]),
    [
      [1, 'ok', 'first'],
      [2, 'ok', 'first'],
      [3, 'ok', 'first'],
    ],
  )
  assert.equal(receipt.delivered, 5)
  assert.equal(receipt.charge_usd, formatUsd((3n * usd('0.03031')) as never), 'the usage of each call, once')
  await assertHonest(rooms, receipt)
})

test('of three calls one fails: two pictures are delivered and charged, with a warning', async () => {
  let call = 0
  const rooms = await makeRooms({
    models: [tokenModel({ routes: [{ provider: 'first', model: 'x' }] })],
    providers: {
      first: async () =>
        ++call === 2
          ? err({ kind: 'unavailable', billed: 'unknown', message: 'It broke off.', raw: '' })
          : ok(generatedOf([picture])),
    },
  })

  const outcome = await rooms.generate({ n: 3 })

  const { receipt, attempts } = await rooms.written(idOf(outcome))
  assert.equal(receipt.delivered, 2)
  assert.equal(receipt.charge_usd, '0.06062')
  assert.deepEqual(
    receipt.warnings.map(({ code }) => code),
    ['partial'],
  )
  assert.deepEqual(attempts.map(({ state }) => state).toSorted(), ['ok', 'ok', 'unknown'])
  assert.equal(await booked(rooms, 'unbilled_loss'), usd('0.03'), 'the lost one at list price is the operator’s loss')
  assert.equal(await booked(rooms, 'provider_cost'), usd('0.06062'))
  await assertHonest(rooms, receipt)
})

test('of three pictures in one answer one is unusable: two are charged', async () => {
  const rooms = await makeRooms({
    models: [imageModel()],
    providers: { first: delivering([picture, Buffer.from('no picture at all, but quite some text'), picture]) },
  })

  const outcome = await rooms.generate({ model: 'test/images', n: 3 })

  const { receipt } = await rooms.written(idOf(outcome))
  assert.equal(receipt.delivered, 2)
  assert.deepEqual(
    receipt.lines.map(({ quantity, unit, usd: amount }) => [quantity, unit, amount]),
    [['2', 'image', '0.08']],
  )
  await assertHonest(rooms, receipt)
})

test('a call for one picture that returns drafts delivers the last and is charged the reported usage', async () => {
  const [draft, better, final] = [
    await noise('png', 90, 100),
    await noise('png', 95, 100),
    await noise('png', 100, 100),
  ]
  const usage = { ...USUAL, outputTokens: 3100, outputImageTokens: 3000 }
  const rooms = await makeRooms({
    models: [tokenModel({ tokens: { outputPerImage: { '1K': 4000 }, inputPerImage: 500 } })],
    providers: { first: delivering([draft, better, final], { usage }) },
  })

  const outcome = await rooms.generate()

  const { receipt } = await rooms.written(idOf(outcome))
  assert.equal(receipt.delivered, 1)
  assert.equal(receipt.images[0]?.width, 100)
  assert.equal(receipt.lines[0]?.quantity, '3000')
  await assertHonest(rooms, receipt)
})

test('usage above the hold is cut to whole units of it, the receipt names what was saved, and its lines still sum', async () => {
  const usage = { ...USUAL, outputTokens: 900_000, outputImageTokens: 1000, thoughtTokens: 890_000 }
  const rooms = await makeRooms({ providers: { first: delivering([picture], { usage }) } })

  const outcome = await rooms.generate()

  const { receipt, hold } = await rooms.written(idOf(outcome))
  const uncapped = usd('0.03') + 899_000n * usd('0.000003') + 10n * usd('0.000001')
  assert.equal(receipt.lines[0]?.usd, '0.03', 'the picture is charged whole')
  assert.deepEqual(receipt.savings, [
    { kind: 'hold_cap', usd: formatUsd((uncapped - usd(receipt.charge_usd)) as never) },
  ])
  assert.ok(hold.amount - usd(receipt.charge_usd) < usd('0.000003'), 'less than a unit is left of the hold')
  for (const { quantity, unit_price_usd: price, usd: amount } of receipt.lines)
    assert.equal(BigInt(quantity) * usd(price), usd(amount), 'each line is quantity times price')
  assert.equal(receipt.provider_cost_usd, formatUsd(uncapped as never), 'what the provider takes is not cut')
  await assertHonest(rooms, receipt)
})

test('M18: the charge uses the prices that were stored with the hold, whatever the catalogue says by then', async () => {
  const model = { ...tokenModel() }
  const { answering, reached, open } = gated(delivering([picture]))
  const rooms = await makeRooms({ models: [model], providers: { first: answering } })

  const ending = rooms.generate()
  await reached
  const dearer = model.pricing.entries.map((entry) => ({ ...entry, usd: `${entry.usd}9` }))
  Object.assign(model, { pricing: { ...model.pricing, version: '2026-12-01.1', entries: dearer } })
  open()
  const outcome = await ending

  const { receipt, hold } = await rooms.written(idOf(outcome))
  const [stored] = JSON.parse(hold.pricing) as [PriceSnapshot]
  const byHold = chargeLines(stored, {
    calls: [{ images: [{ width: 100, height: 100 }], usage: USUAL }],
    request: {},
    references: [],
  })
  assert.equal(receipt.charge_usd, '0.03031')
  assert.equal(receipt.charge_usd, formatUsd(byHold.total))
  assert.equal(receipt.price_version, '2026-11-22.1')
  assert.equal(stored.version, '2026-11-22.1')
  assert.notEqual(idOf(await rooms.generate()), receipt.id)
  assert.equal((await rooms.receipts())[0]?.price_version, '2026-12-01.1', 'the next one pays the new price')
  await assertHonest(rooms, receipt)
})

test('no usable picture charges nothing and books what the provider took', async () => {
  const rooms = await makeRooms({ providers: { first: delivering([Buffer.from('<html>sorry</html>')]) } })

  const outcome = await rooms.generate()

  assert.ok(!outcome.ok)
  assert.equal(outcome.error.code, 'upstream_failed')
  assert.equal(outcome.error.sent, true)
  const [receipt] = await rooms.receipts()
  assert.ok(receipt)
  assert.deepEqual(
    [receipt.status, receipt.charge_usd, receipt.lines, receipt.attempts[0]?.state],
    ['voided', '0', [], 'billed_no_output'],
  )
  assert.equal(receipt.error?.status, 502)
  assert.equal(await booked(rooms, 'unbilled_loss'), usd('0.03031'))
  assert.equal((await rooms.book.balance()).available, 100_000_000_000n)
  await assertHonest(rooms, receipt)
})

test('a failure that cost nothing books nothing', async () => {
  const rooms = await makeRooms({ providers: { first: failing({ kind: 'refused', billed: 'no', status: 400 }) } })

  const outcome = await rooms.generate()

  assert.ok(!outcome.ok)
  assert.equal(outcome.error.code, 'content_refused')
  assert.equal(await booked(rooms, 'unbilled_loss'), 0n)
  assert.equal((await rooms.receipts())[0]?.attempts[0]?.state, 'not_billed')
})

test('with the store off the picture is delivered and charged, and nothing of it is kept', async () => {
  const rooms = await makeRooms({ providers: { first: delivering([picture]) }, store: 'off' })

  const outcome = await rooms.generate()

  assert.ok(outcome.ok)
  const { receipt, pictures } = outcome.value
  assert.equal(receipt.stored, false)
  assert.deepEqual([receipt.images[0]?.url, receipt.images[0]?.expires_at], [null, null])
  assert.match(receipt.images[0]?.sha256 ?? '', /^[0-9a-f]{64}$/)
  assert.equal(receipt.charge_usd, '0.03031')
  assert.ok(pictures[0])
  assert.deepEqual(globSync('**/*', { cwd: rooms.directory }), [])
  assert.equal((await rooms.fetch.picture(receipt.id, 0, rooms.owner)).ok, false)
  await assertHonest(rooms, receipt)
})

test('a disk that fails after the picture came frees the hold at once and charges nothing', async () => {
  const rooms = await makeRooms({
    providers: { first: delivering([picture]) },
    spoil: (assets) => ({
      ...assets,
      keep: () => Promise.reject(new StorageTrouble('ENOSPC', 'no space left on device')),
    }),
  })

  const outcome = await rooms.generate()

  assert.ok(!outcome.ok)
  assert.equal(outcome.error.code, 'storage_full')
  const [receipt] = await rooms.receipts()
  assert.ok(receipt)
  assert.equal(receipt.status, 'voided')
  assert.deepEqual(await rooms.book.balance(), { available: 100_000_000_000n, held: 0n })
  await assertHonest(rooms, receipt)
})

test('a caller that stops waiting stops nothing', async () => {
  const { answering, reached, open } = gated(delivering([picture]))
  const rooms = await makeRooms({ providers: { first: answering } })
  const started = await rooms.engine.start(
    { model: 'test/tokens', turns: [{ role: 'user', parts: [{ type: 'text', text: 'x' }] }] },
    rooms.owner,
  )
  assert.ok(started.ok)
  const leaving = new AbortController()
  const waiting = rooms.engine.wait(started.value.id, leaving.signal)
  await reached
  leaving.abort(new Error('gone'))

  await assert.rejects(waiting, /gone/)
  open()
  const again = await rooms.engine.wait(started.value.id, AbortSignal.timeout(5_000))

  assert.ok(again.ok)
  assert.equal(again.value.receipt.status, 'settled')
  const later = await rooms.fetch.recall(started.value.id, AbortSignal.timeout(5_000))
  assert.ok(later.ok)
  assert.deepEqual(
    Buffer.concat(later.value.pictures[0]?.slices ?? []),
    picture,
    'and it can be had again, from the store',
  )
  assert.equal(rooms.calls.length, 1)
})

async function booked(rooms: Rooms, account: string): Promise<bigint> {
  const { workspaceId, mode } = rooms.owner
  const row = await rooms.database.db
    .selectFrom('balances')
    .select('balance_nanos')
    .where('account', '=', `${workspaceId}:${mode}:${account}`)
    .executeTakeFirst()
  return row?.balance_nanos ?? 0n
}
