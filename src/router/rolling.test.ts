import assert from 'node:assert/strict'
import { test } from 'node:test'

import { counted, covers, rolling, total } from './rolling.ts'

const MINUTE = 60_000

test('what is older than the span is forgotten, a bucket at a time', () => {
  const window = counted(rolling(MINUTE), 1_000, 1_000, { calls: 3, marked: 1 })

  assert.deepEqual(total(window, 59_999), { calls: 3, marked: 1 })
  assert.deepEqual(total(window, 60_000), { calls: 0, marked: 0 })
})

test('a change belongs to its own moment, and one that is forgotten changes nothing', () => {
  const sent = counted(rolling(MINUTE), 1_000, 1_000, { calls: 1 })
  const failed = counted(sent, 1_000, 50_000, { marked: 1 })

  assert.deepEqual(total(failed, 59_999), { calls: 1, marked: 1 })
  assert.equal(covers(failed, 1_000, 61_000), false)
  assert.equal(counted(failed, 1_000, 61_000, { marked: 1 }), failed)
})

test('a thousand changes over an hour are kept in twelve buckets', () => {
  let window = rolling(MINUTE)
  for (let at = 0; at < 60 * MINUTE; at += 3_600) window = counted(window, at, at, { calls: 1 })

  assert.ok(window.buckets.length <= 12)
  assert.ok(Math.abs(total(window, 60 * MINUTE).calls - 16) <= 2)
})

test('a count never falls below nothing', () => {
  assert.deepEqual(total(counted(rolling(MINUTE), 0, 0, { calls: -1 }), 0), { calls: 0, marked: 0 })
})
