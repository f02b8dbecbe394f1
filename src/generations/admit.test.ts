import assert from 'node:assert/strict'
import { test } from 'node:test'

import { noise } from '../assets/test-pictures.ts'
import { usd } from '../core/money.ts'
import { audit } from '../ledger/auditor.ts'
import { split } from './admit.ts'
import { asking, delivering, failing, idOf, makeRooms, type Rooms, tokenModel } from './test-rooms.ts'

const picture = await noise('png', 100, 100)

/** Everything that admission may leave behind. */
async function leavings({ database: { db } }: Rooms) {
  const count = async (table: 'holds' | 'generations' | 'attempts') =>
    (await db.selectFrom(table).selectAll().execute()).length
  return { holds: await count('holds'), generations: await count('generations'), attempts: await count('attempts') }
}

const NOTHING = { holds: 0, generations: 0, attempts: 0 }

test('a disk that cannot take a picture refuses before anything is held or sent', async () => {
  const rooms = await makeRooms({
    providers: { first: delivering([picture]) },
    spoil: (assets) => ({ ...assets, trouble: async () => 'the disk is full' }),
  })

  const outcome = await rooms.generate()

  assert.ok(!outcome.ok)
  assert.equal(outcome.error.code, 'storage_full')
  assert.match(outcome.error.message, /the disk is full/)
  assert.equal(outcome.error.sent, undefined)
  assert.deepEqual(rooms.calls, [])
  assert.deepEqual(await leavings(rooms), NOTHING)
})

test('a balance that does not cover the hold refuses, says both, and leaves nothing', async () => {
  const rooms = await makeRooms({ providers: { first: delivering([picture]) }, balance: usd('0.04') })

  const outcome = await rooms.generate()

  assert.ok(!outcome.ok)
  assert.equal(outcome.error.code, 'insufficient_credit')
  // 1,500 picture tokens (the largest tier), 4,096 of words, 5 bytes of prompt.
  assert.deepEqual(outcome.error.details, { limit_source: 'credits', hold_usd: '0.057293', available_usd: '0.04' })
  assert.deepEqual(rooms.calls, [])
  assert.deepEqual(await leavings(rooms), NOTHING)
})

test('metered live money needs no balance, prepaid needs one', async () => {
  const rooms = await makeRooms({ providers: { first: delivering([picture]) }, mode: 'live', balance: 0n })

  const metered = await rooms.generate()
  await rooms.book.ledger.setLiveMode('prepaid')
  const prepaid = await rooms.generate()
  await rooms.book.credit(usd('1'))
  const paid = await rooms.generate()

  assert.equal((await rooms.written(idOf(metered))).receipt.charge_usd, '0.03031')
  assert.ok(!prepaid.ok)
  assert.equal(prepaid.error.code, 'insufficient_credit')
  assert.equal((await rooms.written(idOf(paid))).receipt.charge_usd, '0.03031')
  assert.equal((await rooms.book.balance()).available, usd('0.96969'))
  assert.deepEqual(await audit(rooms.database), [])
})

test('hold, generation and first attempt are there, on disk, before the provider is called', async () => {
  const log: string[] = []
  let seen: unknown
  const rooms = await makeRooms({
    providers: {
      first: async (...call) => {
        log.push('call')
        const { db } = rooms.database
        seen = {
          holds: await db.selectFrom('holds').select('state').execute(),
          generations: await db.selectFrom('generations').select(['status', 'owner']).execute(),
          attempts: await db.selectFrom('attempts').select(['state', 'provider', 'model']).execute(),
        }
        return await delivering([picture])(...call)
      },
    },
    watch: (database) => ({
      ...database,
      transaction: async (work) => {
        const result = await database.transaction(work)
        log.push('commit')
        return result
      },
      durable: async () => {
        await database.durable()
        log.push('durable')
      },
    }),
  })

  await rooms.generate()

  assert.deepEqual(log, ['commit', 'durable', 'call', 'commit', 'durable'])
  assert.deepEqual(seen, {
    holds: [{ state: 'pending' }],
    generations: [{ status: 'running', owner: 'this-process' }],
    attempts: [{ state: 'sent', provider: 'first', model: 'tokens-at-first' }],
  })
})

test('the attempt of the next route is on disk before it is called, with the end of the one before', async () => {
  const log: string[] = []
  const states: unknown[] = []
  const noting =
    (name: string, answer: ReturnType<typeof delivering>): ReturnType<typeof delivering> =>
    async (...call) => {
      log.push(name)
      states.push(
        await rooms.database.db.selectFrom('attempts').select(['n', 'provider', 'state']).orderBy('n').execute(),
      )
      return await answer(...call)
    }
  const rooms = await makeRooms({
    models: [tokenModel()],
    providers: {
      first: noting('first', failing({ kind: 'unauthorized', billed: 'no', status: 401 })),
      second: noting('second', delivering([picture])),
    },
    watch: (database) => ({
      ...database,
      transaction: async (work) => {
        const result = await database.transaction(work)
        log.push('commit')
        return result
      },
      durable: async () => {
        await database.durable()
        log.push('durable')
      },
    }),
  })

  const outcome = await rooms.generate()

  assert.deepEqual(log, ['commit', 'durable', 'first', 'commit', 'durable', 'second', 'commit', 'durable'])
  assert.deepEqual(states, [
    [{ n: 1, provider: 'first', state: 'sent' }],
    [
      { n: 1, provider: 'first', state: 'not_billed' },
      { n: 2, provider: 'second', state: 'sent' },
    ],
  ])
  const { receipt } = await rooms.written(idOf(outcome))
  assert.deepEqual(
    receipt.attempts.map(({ n, provider, state, status }) => [n, provider, state, status]),
    [
      [1, 'first', 'not_billed', 401],
      [2, 'second', 'ok', 200],
    ],
  )
  assert.equal(receipt.charge_usd, '0.03031', 'the winner’s price only')
})

test('prompts are written down unless the operator does not want it', async () => {
  const kept = await makeRooms({ providers: { first: delivering([picture]) } })
  const dropped = await makeRooms({ providers: { first: delivering([picture]) }, keepPrompts: false })

  const [one, other] = [idOf(await kept.generate()), idOf(await dropped.generate())]

  const content = await kept.fetch.content(one, kept.owner)
  assert.ok(content.ok)
  assert.equal(content.value.turns?.[0]?.text, 'a fox')
  assert.equal((await dropped.fetch.content(other, dropped.owner)).ok, false)
  const rows = await dropped.database.db.selectFrom('generations').selectAll().execute()
  assert.doesNotMatch(JSON.stringify(rows), /a fox/)
})

test('references by link are refused in words, and nothing is held', async () => {
  const rooms = await makeRooms({ providers: { first: delivering([picture]) } })
  const linked = {
    type: 'image' as const,
    picture: { field: 'image', source: { type: 'url' as const, url: 'http://127.0.0.1/' } },
  }

  const outcome = await rooms.generate(asking({ turns: [{ role: 'user', parts: [linked] }] }))

  assert.ok(!outcome.ok)
  assert.deepEqual([outcome.error.code, outcome.error.field], ['invalid_image', 'image'])
  assert.deepEqual(await leavings(rooms), NOTHING)
})

test('pictures are shared out among calls as evenly as the model takes them', () => {
  assert.deepEqual(split(1, 4), [1])
  assert.deepEqual(split(5, 2), [2, 2, 1])
  assert.deepEqual(split(10, 10), [10])
  assert.deepEqual(split(3, 1), [1, 1, 1])
})
