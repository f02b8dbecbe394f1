import assert from 'node:assert/strict'
import { test } from 'node:test'

import { makeFetchQuota } from './quota.ts'

test('S5: a request may fetch four URLs and not five', () => {
  const quota = makeFetchQuota()

  assert.equal(quota.take('w1', 4).ok, true)
  const fifth = quota.take('w2', 5)
  assert.equal(!fifth.ok && fifth.error.code, 'invalid_request')
})

test('S5: a workspace may fetch eight URLs at once, others beside it as many', () => {
  const quota = makeFetchQuota()
  const [first, second] = [quota.take('w1', 4), quota.take('w1', 4)]

  const third = quota.take('w1', 1)
  assert.equal(!third.ok && third.error.code, 'overloaded')
  assert.equal(quota.take('w2', 4).ok, true)

  assert.ok(first.ok && second.ok)
  first.value.release()
  assert.equal(quota.take('w1', 4).ok, true)
  assert.equal(quota.take('w1', 1).ok, false)
})

test('places are given back once, however often they are released', () => {
  const quota = makeFetchQuota()
  {
    const places = quota.take('w1', 4)
    assert.ok(places.ok)
    using held = places.value
    held.release()
    assert.equal(quota.take('w1', 4).ok, true)
  }

  assert.equal(quota.take('w1', 4).ok, true)
  assert.equal(quota.take('w1', 1).ok, false)
})
