import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { formatRate, formatUsd, type Nanos, priceOf, rateOf, usd, usdNumber } from './money.ts'

test('dollars are exact from decimal text to nanos and back', () => {
  for (const [text, nanos] of [
    ['0', 0n],
    ['0.0336', 33_600_000n],
    ['1', 1_000_000_000n],
    ['-1.5', -1_500_000_000n],
    ['0.000000001', 1n],
    ['9223372036.854775807', 9_223_372_036_854_775_807n],
  ] as const) {
    assert.equal(usd(text), nanos)
    assert.equal(formatUsd(nanos as Nanos), text)
  }
  assert.equal(usd('0.03360'), 33_600_000n)
})

test('what is not a decimal number, or finer than a nano-dollar, is refused', () => {
  for (const text of ['', '1e-3', '0x1', ' 1', '1.', '.5', 'NaN', '1,5', '+1'])
    assert.throws(() => usd(text), RangeError)
  assert.throws(() => usd('0.0000000001'), /finer than a nano-dollar/)
})

test('a price finer than a nano-dollar stays a pair and is written out in full', () => {
  const rate = rateOf('0.0000000013')

  assert.deepEqual(rate, { rate: 13n, per: 10n })
  assert.equal(formatRate(rate), '0.0000000013')
  assert.equal(formatRate(rateOf('0.00003')), '0.00003')
})

test('a product is rounded up once, to the nano', () => {
  assert.equal(priceOf(1_048_576n, rateOf('0.0000000013')), 1_363_149n)
  assert.equal(priceOf(1120n, rateOf('0.00003')), 33_600_000n)
  assert.equal(priceOf(0n, rateOf('0.00003')), 0n)
})

test('every amount survives the trip through its text, and the wire’s number is the same text', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (nanos) => {
      assert.equal(usd(formatUsd(nanos as Nanos)), nanos)
      assert.equal(usdNumber(nanos as Nanos), Number(formatUsd(nanos as Nanos)))
    }),
  )
})
