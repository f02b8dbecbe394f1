import assert from 'node:assert/strict'
import { test } from 'node:test'

import { noise } from '../assets/test-pictures.ts'
import { sum, usd } from '../core/money.ts'
import { proRata } from './pro-rata.ts'
import { delivering, idOf, imageModel, makeRooms } from './test-rooms.ts'

const half = await noise('png', 724, 724)

test('pictures are charged for the share that came, rounded up once; tokens as they were counted', () => {
  const lines = [
    { billable: 'output_image', unit: 'image', quantity: '3', unit_price_usd: '0.033333333', usd: '0.099999999' },
    { billable: 'input_text', unit: 'token', quantity: '10', unit_price_usd: '0.000001', usd: '0.00001' },
  ] as const

  const charged = proRata({ lines, total: usd('0.100009999'), warnings: [] }, 0.25)

  assert.deepEqual(
    charged.lines.map((line) => [line.quantity, line.usd]),
    [
      ['0.75', '0.025'],
      ['10', '0.00001'],
    ],
  )
  assert.equal(charged.total, sum(charged.lines.map((line) => usd(line.usd))))
})

const different = { model: 'test/images', resolution: '1K' } as const

test('a picture that is smaller than asked is delivered at its price, and the receipt says so', async () => {
  const rooms = await makeRooms({ models: [imageModel()], providers: { first: delivering([half]) } })

  const { receipt } = await rooms.written(idOf(await rooms.generate(different)))

  assert.deepEqual(receipt.differences, [{ image: 0, field: 'resolution', asked: '1K', delivered: '724x724' }])
  assert.equal(receipt.charge_usd, '0.04')
  assert.ok(receipt.warnings.some(({ code }) => code === 'differs'))
})

test('charged pro rata, it costs the share of its pixels, and what was saved is named', async () => {
  const rooms = await makeRooms({
    models: [imageModel()],
    providers: { first: delivering([half]) },
    onDifferent: 'pro_rata',
  })

  const { receipt } = await rooms.written(idOf(await rooms.generate(different)))

  // 724² of 1024² pixels are 0.499893.
  assert.deepEqual([receipt.lines[0]?.quantity, receipt.charge_usd], ['0.499894', '0.01999576'])
  assert.deepEqual(receipt.savings, [{ kind: 'pro_rata', usd: '0.02000424' }])
  assert.equal(receipt.provider_cost_usd, '0.04', 'the provider took its whole price')
})

test('failed over, the next provider makes it, and the first one is the operator’s loss', async () => {
  const whole = await noise('png', 1024, 1024)
  const rooms = await makeRooms({
    models: [imageModel()],
    providers: { first: delivering([half]), second: delivering([whole]) },
    onDifferent: 'failover',
  })

  const { receipt } = await rooms.written(idOf(await rooms.generate(different)))

  assert.deepEqual(
    receipt.attempts.map(({ provider, state }) => [provider, state]),
    [
      ['first', 'billed_no_output'],
      ['second', 'ok'],
    ],
  )
  assert.deepEqual([receipt.images[0]?.width, receipt.charge_usd, receipt.differences], [1024, '0.04', []])
})
