import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { Nanos } from '../core/money.ts'
import type { Posting } from './ledger.ts'
import { accountName, bill, credit, hold, resolve } from './ledger.ts'

const nanos = fc.bigInt({ min: 0n, max: 10n ** 15n }).map((amount) => amount as Nanos)

test('whatever happens to a hold, every transaction balances and nothing stays held', () => {
  fc.assert(
    fc.property(
      nanos,
      nanos,
      nanos,
      nanos,
      fc.constantFrom('balance' as const, 'operator' as const),
      (held, part, cost, loss, funding) => {
        const charge = part < held ? part : held
        const funded = funding === 'operator' ? credit(held) : []

        const all = [...funded, ...hold(held), ...resolve({ held, funding, charge, providerCost: cost, loss })]

        assert.equal(total(all), 0n)
        assert.equal(total(all, 'held'), 0n)
        assert.equal(total(all, 'revenue'), charge)
        assert.equal(total(all, 'available'), funding === 'balance' ? 0n - charge : 0n)
        assert.equal(total(all, 'operator_funds'), funding === 'balance' ? 0n : 0n - charge)
        assert.equal(total(all, 'provider_cost') + total(all, 'unbilled_loss') + total(all, 'provider_payable'), 0n)
      },
    ),
  )
})

test('the rest of a prepaid hold returns to the balance, of a metered one to the operator', () => {
  const amounts = { held: 100n as Nanos, charge: 30n as Nanos, providerCost: 20n as Nanos, loss: 5n as Nanos }

  assert.deepEqual(resolve({ ...amounts, funding: 'balance' }), [
    { account: 'available', amount: 70n },
    { account: 'held', amount: -100n },
    { account: 'revenue', amount: 30n },
    { account: 'provider_cost', amount: 20n },
    { account: 'unbilled_loss', amount: 5n },
    { account: 'provider_payable', amount: -25n },
  ])
  assert.deepEqual(resolve({ ...amounts, funding: 'operator' })[0], { account: 'operator_funds', amount: 70n })
})

test('amounts that make no sense are refused', () => {
  const amounts = {
    held: 5n as Nanos,
    funding: 'balance' as const,
    charge: 0n as Nanos,
    providerCost: 0n as Nanos,
    loss: 0n as Nanos,
  }

  assert.throws(() => hold(-1n as Nanos), /not negative/)
  assert.throws(() => credit(-1n as Nanos), /not negative/)
  assert.throws(() => bill(0n as Nanos, -1n as Nanos), /not negative/)
  assert.throws(() => resolve({ ...amounts, charge: 6n as Nanos }), /between nothing and the hold/)
  assert.throws(() => resolve({ ...amounts, charge: -1n as Nanos }), /between nothing and the hold/)
})

test('live and test money have different accounts', () => {
  assert.equal(accountName({ workspaceId: 'w', mode: 'live' }, 'held'), 'w:live:held')
  assert.equal(accountName({ workspaceId: 'w', mode: 'test' }, 'held'), 'w:test:held')
})

function total(postings: readonly Posting[], only?: string): bigint {
  return postings
    .filter(({ account }) => only === undefined || account === only)
    .reduce((sum, { amount }) => sum + amount, 0n)
}
