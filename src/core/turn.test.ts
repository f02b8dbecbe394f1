import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test } from 'node:test'

import { spendTurn } from './turn.ts'

const MIB = 1024 * 1024

test('two megabytes pass in one turn, then the promise resolves in a later one', async () => {
  await nextTurn()
  assert.equal(spendTurn(MIB), undefined)
  let isLater = false
  setImmediate(() => (isLater = true))

  const pause = spendTurn(MIB)

  assert.ok(pause !== undefined)
  await Promise.race([pause, Promise.resolve()])
  assert.equal(isLater, false)
  await pause
  await nextTurn()
  assert.equal(isLater, true)
})

test('a new turn has a new budget', async () => {
  await nextTurn()
  await spendTurn(3 * MIB)
  await nextTurn()

  assert.equal(spendTurn(MIB), undefined)
})

test('those who wait are let go in order, about one budget of them per turn', async () => {
  await nextTurn()
  const order: number[] = []
  const perTurn: number[] = []
  for (let index = 0; index < 8; index++) void spendTurn(2 * MIB)?.then(() => order.push(index))

  while (order.length < 8) {
    const before = order.length
    await nextTurn()
    perTurn.push(order.length - before)
  }

  assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7])
  assert.ok(
    perTurn.every((count) => count <= 1),
    `released per turn: ${perTurn.join(' ')}`,
  )
})
