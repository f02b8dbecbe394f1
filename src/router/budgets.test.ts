import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Budgets, makeBudgets, type Permit } from './budgets.ts'
import { virtualClock } from './test-clock.ts'

function open({ calls }: { calls: number }) {
  const clock = virtualClock()
  const budgets = makeBudgets(clock)
  for (let call = 0; call < calls; call += 1) budgets.sent('a', true)
  return { clock, budgets }
}

/** How many retries are allowed, each over before the next when `isPrompt`, else all at the same time; a thousand stands for no end. */
function allowed(budgets: Budgets, isPrompt: boolean, ambiguousAt?: string): number {
  for (let count = 0; count < 1_000; count += 1) {
    const permit: Permit | string = budgets.take(ambiguousAt)
    if (typeof permit === 'string') return count
    if (isPrompt) permit.end()
  }
  return 1_000
}

test('retries are a tenth of the runs of a minute', async () => {
  const { clock, budgets } = open({ calls: 1_000 })

  assert.equal(allowed(budgets, false), 100)
  assert.equal(budgets.take(undefined), 'retries')
  await clock.pass(60_000)
  assert.equal(budgets.report().calls, 0)
})

test('a quiet gateway may have two retries in flight', () => {
  const { budgets } = open({ calls: 1 })

  const first = budgets.take(undefined)
  assert.equal(typeof budgets.take(undefined), 'object')
  assert.equal(budgets.take(undefined), 'retries')
  assert.ok(typeof first === 'object')
  first.end()
  first.end()
  assert.equal(typeof budgets.take(undefined), 'object')
  assert.equal(budgets.take(undefined), 'retries')
})

test('retries that end at once do not live by the floor without end', () => {
  assert.equal(allowed(open({ calls: 1 }).budgets, true), 20)
  assert.equal(allowed(open({ calls: 150 }).budgets, true), 20)
  assert.equal(allowed(open({ calls: 300 }).budgets, true), 30)
})

test('after an ambiguous failure there are three attempts for a provider in ten minutes', async () => {
  const { clock, budgets } = open({ calls: 100 })

  assert.equal(allowed(budgets, true, 'a'), 3)
  assert.equal(budgets.take('a'), 'ambiguous')
  assert.deepEqual(budgets.ambiguous('a'), { used: 3, left: 0 })
  assert.equal(typeof budgets.take('b'), 'object')
  assert.equal(typeof budgets.take(undefined), 'object')
  await clock.pass(600_000)
  assert.deepEqual(budgets.ambiguous('a'), { used: 0, left: 3 })
})

test('or two in a hundred of its calls, if that is more', () => {
  const { budgets } = open({ calls: 1_000 })

  assert.equal(allowed(budgets, true, 'a'), 20)
})

test('an ambiguous attempt is a retry as well, and what is refused takes nothing', () => {
  const { budgets } = open({ calls: 1 })
  budgets.take(undefined)
  budgets.take(undefined)

  assert.equal(budgets.take('a'), 'retries')
  assert.deepEqual(budgets.ambiguous('a'), { used: 0, left: 3 })
  assert.deepEqual(budgets.report().totals, { retries: 2, refused: { retries: 1, ambiguous: 0 } })
})
