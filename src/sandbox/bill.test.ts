import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeBill } from './bill.ts'

const call = {
  simulator: 'google-ai-studio',
  method: 'generateContent',
  model: 'm',
  tier: '1K',
  images: 1,
  tokens: null,
  outcome: 'answered',
  status: 200,
  billed_nanos: '33600000',
  faults: {},
  header_names: [],
  request_complete: true,
  request: { contents: [] },
} as const

test('the sums count every call, the list keeps the last 10,000 and the requests of the last 100', () => {
  const bill = makeBill()

  for (let n = 0; n < 12_345; n++) bill.record(call)

  const { calls, billed_nanos: billed, models, recent } = bill.report()
  assert.equal(calls, 12_345)
  assert.equal(billed, String(12_345n * 33_600_000n))
  assert.deepEqual(models, { m: { calls: 12_345, images: 12_345, billed_nanos: billed } })
  assert.equal(recent.length, 10_000)
  assert.equal(recent.at(-1)?.n, 12_345)
  assert.equal(recent.filter(({ request }) => request !== undefined).length, 100)
})

test('how an answer ended is written to its own call, even after others came', () => {
  const bill = makeBill()
  const first = bill.record(call)
  bill.record(call)

  first(true)

  assert.deepEqual(
    bill.report().recent.map(({ answer_complete: complete }) => complete),
    [true, false],
  )
})

test('what was seen is counted by key until the reset', () => {
  const bill = makeBill()

  assert.deepEqual([bill.seen('a'), bill.seen('a'), bill.seen('b')], [0, 1, 0])
  bill.reset()
  assert.equal(bill.seen('a'), 0)
})
