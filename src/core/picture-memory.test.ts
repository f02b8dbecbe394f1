import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { testMemory } from './json-fixture.ts'

test('all that is held counts together, and three quarters of the budget are full', () => {
  const { memory } = testMemory(1000)
  const [one, other] = [memory.hold(), memory.hold()]

  one.set(500)
  other.set(249)
  assert.deepEqual([memory.heldBytes, memory.isFull], [749, false])
  other.set(250)
  assert.deepEqual([memory.heldBytes, memory.isFull], [750, true])
  one.release()
  one.release()
  assert.deepEqual([memory.heldBytes, memory.isFull], [250, false])
})

test('what was forgotten without a word stops counting with the next garbage', async () => {
  const { memory } = testMemory(1000)
  const forget = (): void => memory.hold().set(800)
  forget()
  assert.equal(memory.heldBytes, 800)
  setFlagsFromString('--expose-gc')
  const collectGarbage: unknown = runInNewContext('gc')
  assert.ok(typeof collectGarbage === 'function')

  for (let tries = 0; tries < 100 && memory.heldBytes > 0; tries++) {
    collectGarbage()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }

  assert.equal(memory.heldBytes, 0)
})
