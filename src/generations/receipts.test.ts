import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'

import { noise } from '../assets/test-pictures.ts'
import { delivering, failing, idOf, makeRooms } from './test-rooms.ts'

const picture = await noise('png', 100, 100)
const ID = /^gen-\d{10}-[A-Za-z0-9]{20}$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

test('a receipt is exactly the document that is promised, in its order', async () => {
  const rooms = await makeRooms({
    providers: { first: delivering([picture], { upstreamId: 'up-1', modelVersion: 'tokens-1.0' }) },
  })

  const outcome = await rooms.generate({ resolution: '1K', aspectRatio: '3:2' })

  const { receipt } = await rooms.written(idOf(outcome))
  const [image, attempt] = [receipt.images[0], receipt.attempts[0]]
  assert.match(receipt.id, ID)
  for (const time of [receipt.created_at, receipt.finished_at, image?.expires_at, attempt?.sent_at])
    assert.match(time ?? '', TIME)
  assert.equal(Date.parse(image?.expires_at ?? '') - Date.parse(receipt.finished_at ?? ''), 30 * 24 * 3_600_000)
  assert.ok(Number.isInteger(attempt?.ms))
  const expected = {
    id: receipt.id,
    status: 'settled',
    mode: 'test',
    created_at: receipt.created_at,
    finished_at: receipt.finished_at,
    model: { requested: 'test/tokens', served: 'test/tokens', version: 'tokens-1.0' },
    requested: { n: 1, resolution: '1K', aspect_ratio: '3:2', format: null },
    delivered: 1,
    images: [
      {
        index: 0,
        sha256: createHash('sha256').update(picture).digest('hex'),
        media_type: 'image/png',
        width: 100,
        height: 100,
        bytes: picture.length,
        converted_from: null,
        url: `/api/v1/generations/${receipt.id}/images/0`,
        expires_at: image?.expires_at,
      },
    ],
    lines: [
      { billable: 'output_image', unit: 'token', quantity: '1000', unit_price_usd: '0.00003', usd: '0.03' },
      { billable: 'output_text', unit: 'token', quantity: '100', unit_price_usd: '0.000003', usd: '0.0003' },
      { billable: 'input_text', unit: 'token', quantity: '10', unit_price_usd: '0.000001', usd: '0.00001' },
    ],
    price_version: '2026-11-22.1',
    hold_usd: '0.042293',
    charge_usd: '0.03031',
    provider_cost_usd: '0.03031',
    savings: [],
    attempts: [
      {
        n: 1,
        provider: 'first',
        model: 'tokens-at-first',
        why: 'first',
        state: 'ok',
        status: 200,
        sent_at: attempt?.sent_at,
        ms: attempt?.ms,
        upstream_id: 'up-1',
      },
    ],
    routes: [
      { provider: 'first', model: 'tokens-at-first', served: 'test/tokens', taken: true, why: receipt.routes[0]?.why },
      {
        provider: 'second',
        model: 'tokens-at-second',
        served: 'test/tokens',
        taken: false,
        why: receipt.routes[1]?.why,
      },
    ],
    differences: [
      { image: 0, field: 'aspect_ratio', asked: '3:2', delivered: '100x100' },
      { image: 0, field: 'resolution', asked: '1K', delivered: '100x100' },
    ],
    warnings: [
      { code: 'differs', field: 'aspect_ratio', message: 'Picture 0 is 100x100, and aspect_ratio 3:2 was asked.' },
      { code: 'differs', field: 'resolution', message: 'Picture 0 is 100x100, and resolution 1K was asked.' },
    ],
    stored: true,
    error: null,
  }
  assert.deepEqual(receipt, expected)
  assert.equal(JSON.stringify(receipt), JSON.stringify(expected), 'and in this order')
  assert.deepEqual(outcome.ok && outcome.value.receipt, receipt, 'what is written down is what is delivered')
})

test('a failed generation’s receipt has the same shape, is voided and has its error', async () => {
  const rooms = await makeRooms({
    providers: { first: failing({ kind: 'refused', billed: 'no', status: 400, message: 'Blocked by SAFETY.' }) },
  })
  const good = await makeRooms({ providers: { first: delivering([picture]) } })
  const model = await good.written(idOf(await good.generate()))

  await rooms.generate()

  const [receipt] = await rooms.receipts()
  assert.ok(receipt)
  assert.deepEqual(Object.keys(receipt), Object.keys(model.receipt))
  assert.deepEqual(
    [receipt.status, receipt.delivered, receipt.images, receipt.lines, receipt.charge_usd, receipt.stored],
    ['voided', 0, [], [], '0', false],
  )
  assert.deepEqual(receipt.error, {
    code: 'content_refused',
    status: 400,
    message: 'The first provider: Blocked by SAFETY.',
  })
})

test('a receipt that is asked for while the work goes on says running, with the same keys and its progress', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const rooms = await makeRooms({
    providers: {
      first: async (...call) => {
        await promise
        return await delivering([picture])(...call)
      },
    },
  })

  const ending = rooms.generate()
  while ((await rooms.receipts()).length === 0) await new Promise((done) => setTimeout(done, 2))
  const [early] = await rooms.receipts()
  resolve()
  const { receipt } = await rooms.written(idOf(await ending))

  assert.ok(early)
  assert.deepEqual(Object.keys(early), [...Object.keys(receipt), 'progress'])
  assert.deepEqual(
    [early.status, early.finished_at, early.hold_usd, early.attempts[0]?.state],
    ['running', null, receipt.hold_usd, 'sent'],
  )
})
