import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { LimitReset } from '../core/ask.ts'
import { limitWindow, spendWindows } from '../db/spend-windows.ts'
import { eachEngine } from '../db/test-database.ts'
import { audit } from './auditor.ts'
import type { Dice } from './test-ledger.ts'
import { dice, seeds, SUNDAY, testBook } from './test-ledger.ts'

const SEEDS = { sqlite: 12, postgres: 3 }
const STEPS = 40

eachEngine((engine, open) => {
  test('after every one of many random operations the ledger agrees with a model of it and with the auditor', async (t) => {
    const database = await open()

    for (const seed of seeds(SEEDS[engine])) {
      t.diagnostic(`${engine}: PLANTAIN_SEED=${seed}`)
      const random = dice(seed)
      const limit = random.roll(2) === 0 ? undefined : BigInt(random.roll(2000))
      const limitReset = [undefined, 'daily' as const, 'weekly' as const, 'monthly' as const][random.roll(4)]
      const book = await testBook(database, {
        ...(limit !== undefined && { limit }),
        ...(limitReset && { limitReset }),
      })
      const model = makeModel(limit, limitReset)
      const name = (id: number): string => `${book.workspaceId}/${id}`

      for (let step = 0; step < STEPS; step += 1) {
        const where = `seed ${seed} step ${step}`
        const operation = draw(random)
        switch (operation.kind) {
          case 'credit':
            assert.equal(await book.credit(operation.amount, name(operation.id)), model.credit(operation), where)
            break
          case 'hold':
            if (model.isTaken(operation.id)) break
            assert.equal(
              await outcome(book.hold(name(operation.id), operation.amount, operation.at)),
              model.hold(operation),
              where,
            )
            break
          case 'settle':
            assert.equal(
              await book.settle(name(operation.id), operation.amount),
              model.resolve(operation.id, operation.amount),
              where,
            )
            break
          case 'void':
            assert.equal(
              await book.void(name(operation.id), { loss: operation.amount }),
              model.resolve(operation.id, 0n),
              where,
            )
            break
        }
        assert.deepEqual(await book.balance(), model.balance(), where)
        assert.deepEqual(await audit(database), [], where)
      }
    }
  })
})

interface Operation {
  readonly kind: 'credit' | 'hold' | 'settle' | 'void'
  readonly id: number
  readonly amount: bigint
  readonly at: number
}

function draw(random: Dice): Operation {
  const kinds = ['credit', 'hold', 'hold', 'hold', 'settle', 'settle', 'void'] as const
  return {
    kind: kinds[random.roll(kinds.length)] ?? 'hold',
    id: random.roll(15),
    amount: BigInt(random.roll(400)),
    // Within some weeks, so that limits start over in between.
    at: SUNDAY + random.roll(20) * 86_400_000,
  }
}

async function outcome(
  result: Promise<{ readonly ok: boolean; readonly error?: { readonly code: string } }>,
): Promise<string> {
  const { error } = await result
  return error?.code ?? 'held'
}

/** The ledger as a few numbers. */
function makeModel(limit: bigint | undefined, reset: LimitReset | undefined) {
  const credited = new Set<number>()
  const taken = new Set<number>()
  const open = new Map<number, { readonly amount: bigint; readonly window: string }>()
  const spent = new Map<string, bigint>()
  let available = 0n

  return {
    isTaken: (id: number) => taken.has(id),
    credit({ id, amount }: Operation): boolean {
      if (credited.has(id)) return false
      credited.add(id)
      available += amount
      return true
    },
    hold({ id, amount, at }: Operation): string {
      const window = limitWindow(reset, spendWindows(at))
      const inWindow = spent.get(window) ?? 0n
      if (amount > available) return 'insufficient_credit'
      if (limit !== undefined && inWindow + amount > limit) return 'key_limit_reached'
      taken.add(id)
      open.set(id, { amount, window })
      spent.set(window, inWindow + amount)
      available -= amount
      return 'held'
    },
    resolve(id: number, charge: bigint): boolean {
      const hold = open.get(id)
      if (hold === undefined) return false
      const rest = hold.amount - (charge < hold.amount ? charge : hold.amount)
      open.delete(id)
      spent.set(hold.window, (spent.get(hold.window) ?? 0n) - rest)
      available += rest
      return true
    },
    balance: () => ({ available, held: [...open.values()].reduce((sum, { amount }) => sum + amount, 0n) }),
  }
}
