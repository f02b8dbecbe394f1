import assert from 'node:assert/strict'
import { test } from 'node:test'

import { dice, seeds } from '../ledger/test-ledger.ts'
import { makeBulkheads, type Slot } from './bulkhead.ts'
import { virtualClock } from './test-clock.ts'

const { signal: never } = new AbortController()

function open(inFlight = 2, queue = 2) {
  const clock = virtualClock()
  return { clock, bulkheads: makeBulkheads({ clock, inFlight, queue }) }
}

function taken(slot: Slot | undefined): Slot {
  assert.ok(slot)
  return slot
}

test('sixty-four calls to a provider at a time, and another provider has its own', () => {
  const bulkheads = makeBulkheads({ clock: virtualClock() })
  for (let call = 0; call < 64; call += 1) taken(bulkheads.take('a'))

  assert.equal(bulkheads.take('a'), undefined)
  assert.ok(bulkheads.take('b'))
  assert.deepEqual(bulkheads.state('a'), { inFlight: 64, queued: 0 })
  assert.equal(bulkheads.room('a'), 64)
})

test('who waits first is served first, and nobody who comes later overtakes', async () => {
  const { bulkheads } = open()
  const [one, two] = [taken(bulkheads.take('a')), taken(bulkheads.take('a'))]
  const served: string[] = []
  const wait = async (name: string): Promise<void> => {
    taken(await bulkheads.wait('a', never))
    served.push(name)
  }
  const waits = [wait('third'), wait('fourth')]

  one.release()
  assert.equal(bulkheads.take('a'), undefined)
  two.release()
  await Promise.all(waits)

  assert.deepEqual(served, ['third', 'fourth'])
  assert.deepEqual(bulkheads.state('a'), { inFlight: 2, queued: 0 })
})

test('a full queue takes nobody in', async () => {
  const { bulkheads } = open(1, 1)
  taken(bulkheads.take('a'))
  void bulkheads.wait('a', never)

  assert.equal(bulkheads.room('a'), 0)
  assert.equal(await bulkheads.wait('a', never), undefined)
})

test('who stops waiting leaves the queue and gets no slot', async () => {
  const { bulkheads } = open(1)
  const slot = taken(bulkheads.take('a'))
  const leaving = new AbortController()
  const wait = bulkheads.wait('a', leaving.signal)

  leaving.abort()
  assert.equal(await wait, undefined)
  assert.deepEqual(bulkheads.state('a'), { inFlight: 1, queued: 0 })

  slot.release()
  assert.deepEqual(bulkheads.state('a'), { inFlight: 0, queued: 0 })
  assert.equal(await bulkheads.wait('a', leaving.signal), undefined)
})

test('a slot that is given back twice is one slot', () => {
  const { bulkheads } = open()
  const slot = taken(bulkheads.take('a'))
  taken(bulkheads.take('a'))

  slot.release()
  slot.release()

  assert.deepEqual(bulkheads.state('a'), { inFlight: 1, queued: 0 })
})

test('the wait is told from what calls took lately; slots that went unused tell nothing', async () => {
  const { clock, bulkheads } = open()
  for (let call = 0; call < 100; call += 1) {
    const slot = taken(bulkheads.take('a'))
    await clock.pass(4_000)
    slot.release()
    taken(bulkheads.take('a')).release('unused')
  }
  assert.equal(bulkheads.waitMs('a', 2), 0)
  taken(bulkheads.take('a'))
  taken(bulkheads.take('a'))

  assert.ok(Math.abs(bulkheads.waitMs('a', 1) - 2_000) < 10)
  void bulkheads.wait('a', never)
  assert.ok(Math.abs(bulkheads.waitMs('a', 1) - 4_000) < 10)
})

test('under random comings and goings there are never more calls than slots, and none is lost', async (t) => {
  for (const seed of seeds(20)) {
    t.diagnostic(`PLANTAIN_SEED=${seed}`)
    const random = dice(seed)
    const { bulkheads } = open(3, 4)
    const held: Slot[] = []
    const waiting: AbortController[] = []

    for (let step = 0; step < 300; step += 1) {
      const deed = random.roll(4)
      if (deed === 0) held.push(...[bulkheads.take('a')].filter((slot) => slot !== undefined))
      if (deed === 1) {
        const leaving = new AbortController()
        waiting.push(leaving)
        void bulkheads.wait('a', leaving.signal).then((slot) => slot && held.push(slot))
      }
      if (deed === 2 && held.length > 0) random.take(held).release()
      if (deed === 3 && waiting.length > 0) random.take(waiting).abort()
      await Promise.resolve()
      await Promise.resolve()

      const { inFlight, queued } = bulkheads.state('a')
      assert.ok(inFlight <= 3 && queued <= 4, `seed ${seed} step ${step}: ${inFlight} in flight, ${queued} queued`)
      assert.ok(queued === 0 || inFlight === 3, `seed ${seed} step ${step}: somebody waits for a slot that is free`)
    }
    for (const leaving of waiting) leaving.abort()
    await new Promise(setImmediate)
    for (const slot of held) slot.release()

    assert.deepEqual(bulkheads.state('a'), { inFlight: 0, queued: 0 }, `seed ${seed}`)
  }
})
