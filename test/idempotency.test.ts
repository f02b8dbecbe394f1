import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { type Nanos, usd } from '../src/core/money.ts'
import { audit } from '../src/ledger/auditor.ts'
import { startGatewayChild } from './support/gateway.ts'
import { bearer, listReceipts, until } from './support/generations.ts'
import { DATABASES } from './support/home.ts'
import { openShop, type Shop } from './support/purchases.ts'

const DAY_MS = 24 * 3_600_000

for (const database of DATABASES) {
  describe(`one Idempotency-Key is one purchase (${database})`, () => {
    let shop: Shop

    before(async () => {
      shop = await openShop(database)
    })
    after(() => shop.stop())

    /** What a step cost: calls at the provider and receipts. */
    async function cost<T>(work: () => Promise<T>): Promise<{ result: T; calls: number; receipts: number }> {
      const earlier = { calls: await shop.calls(), receipts: (await listReceipts(shop.gateway)).length }
      const result = await work()
      return {
        result,
        calls: (await shop.calls()) - earlier.calls,
        receipts: (await listReceipts(shop.gateway)).length - earlier.receipts,
      }
    }

    test('M7: a hundred calls at once are one call upstream, one charge and a hundred equal answers', async () => {
      const many = Array.from({ length: 100 })

      const { result, calls, receipts } = await cost(
        async () =>
          await Promise.all(
            many.map(async () => await shop.buy({ key: 'hundred', prompt: 'One lake.[[fault:delay=300]]' })),
          ),
      )

      assert.deepEqual([calls, receipts], [1, 1])
      assert.deepEqual([...new Set(result.map(({ status }) => status))], [200])
      assert.equal(new Set(result.map(({ text }) => text)).size, 1)
      assert.equal(new Set(result.map(({ id }) => id)).size, 1)
      assert.equal(result.filter(({ headers }) => headers.get('idempotent-replayed') === 'true').length, 99)
    })

    test('who can pay for one picture gets it a hundred times: nobody is refused for the hold of the first', async () => {
      const estimate = await fetch(`${shop.gateway.url}/api/v1/estimate`, {
        method: 'POST',
        headers: { ...bearer(shop.gateway.keys.live), 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'google/gemini-nano-banana-2.1', prompt: 'One lake.' }),
      })
      const { hold_usd: hold } = (await estimate.json()) as { hold_usd: string }
      const limit = ((usd(hold) * 3n) / 2n) as Nanos
      const made = await shop.gateway.gateway.accounts.createKey({ name: 'for one', mode: 'live', limit })
      assert.ok(made.ok)
      const apiKey = made.value.key

      const answers = await Promise.all(
        Array.from({ length: 50 }, async () => await shop.buy({ key: 'for-one', prompt: 'One lake.', apiKey })),
      )

      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
      assert.equal(new Set(answers.map(({ id }) => id)).size, 1)
    })

    if (database === 'postgres') {
      test('M7: three processes on one database buy one picture for sixty calls, and each of them answers with it', async () => {
        const environment = { GEMINI_API_KEY: 'a-key', PLANTAIN_GOOGLE_BASE_URL: shop.simulator.google }
        const nodes = await Promise.all([1, 2, 3].map(() => startGatewayChild({ home: shop.home, environment })))
        try {
          const wish = { key: 'nodes', prompt: 'One lake for all.[[fault:delay=500]]', apiKey: shop.gateway.keys.live }

          const { result, calls, receipts } = await cost(
            async () =>
              await Promise.all(
                Array.from({ length: 60 }, async (_, n) => await shop.buy({ ...wish, url: nodes[n % 3]?.url ?? '' })),
              ),
          )

          assert.deepEqual([calls, receipts], [1, 1])
          assert.deepEqual([...new Set(result.map(({ status }) => status))], [200])
          assert.equal(new Set(result.map(({ text }) => text)).size, 1)
        } finally {
          await Promise.all(nodes.map(({ child }) => child.end()))
        }
      })
    }

    test('after it has ended the same call is answered as it was, free, by a later process too', async () => {
      const first = await shop.buy({ key: 'again' })
      const again = await cost(async () => await shop.buy({ key: 'again' }))
      shop = await shop.restart()
      const elsewhere = await cost(async () => await shop.buy({ key: 'again' }))

      for (const { result, calls, receipts } of [again, elsewhere]) {
        assert.deepEqual([result.status, result.id, result.text], [200, first.id, first.text])
        assert.equal(result.headers.get('idempotent-replayed'), 'true')
        assert.deepEqual([calls, receipts], [0, 0])
      }
    })

    test('M8: another body under the same key is a 422, however alike; another route is another purchase', async () => {
      await shop.buy({ key: 'reused', body: { seed: 1 } })

      const other = await cost(async () => await shop.buy({ key: 'reused', body: { seed: 2 } }))
      const route = await cost(
        async () => await shop.buy({ key: 'reused', body: { seed: 1 }, path: '/api/v1/images/generations' }),
      )

      assert.deepEqual([other.result.status, other.result.code, other.calls], [422, 'idempotency_key_reused', 0])
      assert.deepEqual([route.result.headers.get('idempotent-replayed'), route.calls], [null, 1])
    })

    test('a test key and a live key with the same Idempotency-Key have nothing to do with each other', async () => {
      await shop.buy({ key: 'modes' })

      const sandboxed = await shop.buy({ key: 'modes', apiKey: shop.gateway.keys.test })

      assert.deepEqual([sandboxed.status, sandboxed.headers.get('idempotent-replayed')], [200, null])
    })

    test('M8: a 400, a 402 and a 429 leave the key free: once mended, the call runs', async () => {
      const { accounts } = shop.gateway.gateway
      const made = await accounts.createKey({ name: 'poor', mode: 'live', limit: usd('0.001') })
      assert.ok(made.ok)
      const apiKey = made.value.key

      const refused = [
        await shop.buy({ key: 'mended-400', body: { n: 11 } }),
        await shop.buy({ key: 'mended-402', apiKey }),
        await shop.buy({ key: 'mended-429', prompt: 'A kite.[[fault:status=429,retry-after=1]]' }),
      ]
      await accounts.updateKey(made.value.facts.hash, { limit: null })
      await sleep(1_100)
      const mended = [
        await shop.buy({ key: 'mended-400' }),
        await shop.buy({ key: 'mended-402', apiKey }),
        await shop.buy({ key: 'mended-429', prompt: 'A kite.' }),
      ]

      assert.deepEqual(
        refused.map(({ status }) => status),
        [400, 402, 429],
      )
      assert.deepEqual(
        mended.map(({ status, headers }) => [status, headers.get('idempotent-replayed')]),
        [200, 200, 200].map((status) => [status, null]),
      )
    })

    test('a failure after a paid call is the answer from then on: told again, and not paid for again', async () => {
      const wish = { key: 'broken', prompt: 'A kite.[[fault:truncate=1000]]' }
      const first = await shop.buy(wish)

      const again = await cost(async () => await shop.buy(wish))

      assert.deepEqual([first.status, first.code], [502, 'upstream_failed'])
      assert.deepEqual([again.result.status, again.result.code, again.result.id], [502, 'upstream_failed', first.id])
      assert.deepEqual([again.calls, again.receipts], [0, 0])
      assert.equal(again.result.headers.get('x-should-retry'), 'false')
    })

    test('M8: a day and a second after its end a key is new', async () => {
      const first = await shop.buy({ key: 'old' })
      const { db } = shop.gateway.database
      const moved = await db
        .updateTable('idempotency_keys')
        .set((row) => ({ expires_at: row('expires_at', '-', DAY_MS + 1_000) }))
        .where('key', '=', 'old')
        .executeTakeFirst()
      assert.equal(moved.numUpdatedRows, 1n)

      const { result, calls } = await cost(async () => await shop.buy({ key: 'old', prompt: 'Something else.' }))

      assert.deepEqual([result.status, result.headers.get('idempotent-replayed'), calls], [200, null, 1])
      assert.notEqual(result.id, first.id)
    })

    test('a stream is replayed event by event', async () => {
      const wish = { key: 'stream', body: { stream: true } }
      const events = (text: string) => text.split('\n\n').filter((event) => event !== '' && !event.startsWith(':'))
      const first = await shop.buy(wish)

      const { result, calls } = await cost(async () => await shop.buy(wish))

      assert.equal(result.headers.get('content-type'), 'text/event-stream')
      assert.match(first.text, /image_generation\.completed/)
      assert.deepEqual(events(result.text), events(first.text))
      assert.equal(calls, 0)
    })

    test('who will not wait for the first call is told when to come again, and then gets its picture', async () => {
      const wish = { key: 'slow', prompt: 'A slow kite.[[fault:delay=2500]]' }
      const first = shop.buy(wish)
      await until(
        'the first call',
        async () => (await listReceipts(shop.gateway))[0]?.status === 'running' || undefined,
      )

      const early = await shop.buy({ ...wish, headers: { prefer: 'wait=1' } })
      const promised = await shop.buy({ ...wish, headers: { prefer: 'respond-async' } })
      const late = await shop.buy(wish)

      assert.deepEqual([early.status, early.code], [409, 'idempotency_in_progress'])
      assert.match(early.headers.get('retry-after') ?? '', /^[1-5]$/)
      assert.deepEqual([promised.status, promised.id], [202, early.id])
      assert.deepEqual([late.status, late.text], [200, (await first).text])
    })

    test('two equal calls without a key are two purchases', async () => {
      const { calls, receipts } = await cost(async () => {
        await shop.buy({ prompt: 'Twice.' })
        await shop.buy({ prompt: 'Twice.' })
      })

      assert.deepEqual([calls, receipts], [2, 2])
    })

    test('what has failed three times after it was sent is not sent a fourth time; anything else is', async () => {
      const wish = { prompt: 'A doomed kite.[[fault:truncate=1000]]' }
      const tries = [await shop.buy(wish), await shop.buy(wish), await shop.buy(wish)]

      const { result, calls } = await cost(async () => await shop.buy(wish))
      const other = await shop.buy({ ...wish, body: { seed: 3 } })

      assert.deepEqual(
        tries.map(({ status }) => status),
        [502, 502, 502],
      )
      assert.deepEqual([result.status, result.code, calls], [400, 'repeated_failure', 0])
      assert.equal(other.status, 502)
    })

    test('the books balance, and every key belongs to a generation', async () => {
      const { db } = shop.gateway.database
      const orphans = await db
        .selectFrom('idempotency_keys')
        .leftJoin('generations', 'generations.id', 'idempotency_keys.generation_id')
        .select('idempotency_keys.key')
        .where('generations.id', 'is', null)
        .execute()

      assert.deepEqual(orphans, [])
      assert.deepEqual(await audit(shop.gateway.database), [])
    })
  })
}
