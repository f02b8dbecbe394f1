import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { formatRate, formatUsd, type Nanos, priceOf, rateOf, sum, usd } from '../core/money.ts'
import type { Billable, ReceiptLine } from '../core/receipt.ts'
import { capped } from './cap.ts'

function line(billable: Billable, quantity: bigint, price: string): ReceiptLine {
  const rate = rateOf(price)
  return {
    billable,
    unit: 'token',
    quantity: String(quantity),
    unit_price_usd: formatRate(rate),
    usd: formatUsd(priceOf(quantity, rate)),
  }
}

const charge = (lines: readonly ReceiptLine[]) => ({
  lines,
  total: sum(lines.map((each) => usd(each.usd))),
  warnings: [],
})

test('a charge within its hold is left alone', () => {
  const whole = charge([line('output_image', 1120n, '0.00003')])

  assert.deepEqual(capped(whole, whole.total), { charge: whole, saved: 0n })
})

test('words give way before what was sent, and the picture last', () => {
  const whole = charge([
    line('output_image', 1000n, '0.00003'),
    line('output_text', 5000n, '0.000003'),
    line('input_text', 100n, '0.000001'),
  ])

  const { charge: cut, saved } = capped(whole, usd('0.0361'))

  assert.deepEqual(
    cut.lines.map(({ billable, quantity }) => [billable, quantity]),
    [
      ['output_image', '1000'],
      ['output_text', '2000'],
      ['input_text', '100'],
    ],
  )
  assert.equal(cut.total, usd('0.0361'))
  assert.equal(saved, usd('0.009'))
})

test('a line of which nothing is left is none', () => {
  const { charge: cut } = capped(
    charge([line('output_image', 2n, '0.04'), line('output_text', 9n, '0.01')]),
    usd('0.05'),
  )

  assert.deepEqual(
    cut.lines.map(({ billable, quantity, usd: amount }) => [billable, quantity, amount]),
    [
      ['output_image', '1', '0.04'],
      ['output_text', '1', '0.01'],
    ],
  )
})

test('whatever the lines and the hold: within it, lines honest and summing, less than a unit unused', () => {
  const lines = fc.array(
    fc.record({
      billable: fc.constantFrom<Billable>('output_image', 'output_text', 'input_text', 'input_image'),
      quantity: fc.bigInt(1n, 1_000_000n),
      price: fc.bigInt(0n, 10n ** 12n).map((rate) => formatRate({ rate: rate as Nanos, per: 1000n })),
    }),
    { maxLength: 5 },
  )
  fc.assert(
    fc.property(lines, fc.bigInt(0n, 10n ** 12n), (asked, hold) => {
      const whole = charge(asked.map(({ billable, quantity, price }) => line(billable, quantity, price)))

      const { charge: cut, saved } = capped(whole, hold as Nanos)

      assert.ok(cut.total <= hold || cut.total === whole.total)
      assert.ok(cut.total <= (hold > whole.total ? whole.total : hold) || whole.total <= hold)
      assert.equal(sum(cut.lines.map((each) => usd(each.usd))), cut.total)
      assert.equal(cut.total + saved, whole.total)
      for (const { quantity, unit_price_usd: price, usd: amount } of cut.lines)
        assert.equal(priceOf(BigInt(quantity), rateOf(price)), usd(amount))
      if (saved > 0n) {
        const dearest = whole.lines
          .map((each) => priceOf(1n, rateOf(each.unit_price_usd)))
          .reduce((a, b) => (a > b ? a : b), 0n)
        assert.ok(hold - cut.total < dearest + 1n, 'no whole unit of the dearest price would still fit')
      }
    }),
    { numRuns: 500 },
  )
})
