import assert from 'node:assert/strict'
import { test } from 'node:test'

import { makeRepeatedFailures } from './repeated-failures.ts'

const AT = 1_790_000_000_000
const MINUTE = 60_000

test('a request that failed three times within ten minutes is refused until the first of them is ten minutes old', () => {
  const failures = makeRepeatedFailures()

  failures.note('a', AT)
  failures.note('a', AT + MINUTE)
  assert.equal(failures.isRefused('a', AT + 2 * MINUTE), false)
  failures.note('a', AT + 2 * MINUTE)

  assert.equal(failures.isRefused('a', AT + 2 * MINUTE), true)
  assert.equal(failures.isRefused('b', AT + 2 * MINUTE), false)
  assert.equal(failures.isRefused('a', AT + 10 * MINUTE - 1), true)
  assert.equal(failures.isRefused('a', AT + 10 * MINUTE), false)
})

test('three failures over a longer time are no reason to refuse, and a fourth within it is one again', () => {
  const failures = makeRepeatedFailures()

  for (const minute of [0, 6, 12]) failures.note('a', AT + minute * MINUTE)
  assert.equal(failures.isRefused('a', AT + 12 * MINUTE), false)
  failures.note('a', AT + 13 * MINUTE)

  assert.equal(failures.isRefused('a', AT + 13 * MINUTE), true)
})

test('what failed longest ago is forgotten when ten thousand others have failed since', () => {
  const failures = makeRepeatedFailures()
  for (let times = 0; times < 3; times += 1) failures.note('first', AT)

  for (let other = 0; other < 9_999; other += 1) failures.note(`other ${other}`, AT)
  const before = failures.isRefused('first', AT)
  for (let other = 0; other < 10_000; other += 1) failures.note(`another ${other}`, AT)

  assert.equal(before, true)
  assert.equal(failures.isRefused('first', AT), false)
})
