import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { fail, type Failure, type FailureCode } from '../core/errors.ts'
import { type GenerationId, newGenerationId } from '../core/ids.ts'
import type { AttemptState } from '../core/receipt.ts'
import type { Database } from '../db/database.ts'
import { eachEngine } from '../db/test-database.ts'
import type { Owner } from './engine-port.ts'
import { makeIdempotency, verdictOf } from './idempotency.ts'

const DAY_MS = 24 * 3_600_000

const KEY = { key: 'order-1', scope: 'POST /api/v1/images', fingerprint: 'f-1' }

const BUYER: Owner = {
  workspaceId: 'ws-1',
  mode: 'live',
  keyHash: 'k-1',
  caller: { requestId: 'req-1' },
  surface: 'openrouter/createImages',
  streamed: false,
  idempotency: KEY,
}

function buyer(more: Partial<Owner> = {}): Owner {
  return { ...BUYER, ...more }
}

function newId(): GenerationId {
  return newGenerationId(systemClock)
}

eachEngine((_engine, open) => {
  async function room() {
    const database = await open()
    const keys = makeIdempotency({ database })
    const claim = (owner: Owner, id = newId()) =>
      database.transaction((trx) => keys.claim(trx, owner, id, systemClock.now()))
    const close = (id: GenerationId, verdict: 'keep' | 'release', at = systemClock.now()) =>
      database.transaction((trx) => keys.close(trx, id, verdict, at))
    return { database, keys, claim, close }
  }

  async function rows(database: Database): Promise<number> {
    return (await database.db.selectFrom('idempotency_keys').select('key').execute()).length
  }

  test('a key means nothing, then the generation that claimed it, while that runs and after it has ended', async () => {
    const { keys, claim, close } = await room()
    const id = newId()

    assert.deepEqual(await keys.find(buyer()), { ok: true, value: undefined })
    assert.equal(await claim(buyer(), id), true)
    assert.deepEqual(await keys.find(buyer()), { ok: true, value: id })
    await close(id, 'keep')

    assert.deepEqual(await keys.find(buyer()), { ok: true, value: id })
    assert.equal(await claim(buyer()), false)
  })

  test('the same key for another request is refused by name', async () => {
    const { keys, claim } = await room()
    await claim(buyer())

    const found = await keys.find(buyer({ idempotency: { ...KEY, fingerprint: 'f-2' } }))

    assert.ok(!found.ok)
    assert.deepEqual([found.error.code, found.error.field], ['idempotency_key_reused', 'Idempotency-Key'])
  })

  test('another workspace, mode or route has nothing to do with it; another API key of the workspace has', async () => {
    const { keys, claim } = await room()
    const id = newId()
    await claim(buyer(), id)
    const strangers = [
      buyer({ workspaceId: 'ws-2' }),
      buyer({ mode: 'test' }),
      buyer({ idempotency: { ...KEY, scope: 'POST /v1/images/generations' } }),
      buyer({ idempotency: { ...KEY, key: 'Order-1' } }),
    ]

    for (const stranger of strangers) {
      assert.deepEqual(await keys.find(stranger), { ok: true, value: undefined })
      assert.equal(await claim(stranger), true)
    }
    assert.deepEqual(await keys.find(buyer({ keyHash: 'k-2' })), { ok: true, value: id })
  })

  test('without a key nothing is found, nothing claimed and nothing written', async () => {
    const { database, keys, claim } = await room()
    const { idempotency: _, ...plain } = BUYER

    assert.deepEqual(await keys.find(plain), { ok: true, value: undefined })
    assert.deepEqual([await claim(plain), await claim(plain)], [true, true])
    assert.equal(await rows(database), 0)
  })

  test('of many that claim a key at once one gets it, and all the others find that one', async () => {
    const { keys, claim } = await room()
    const ids = Array.from({ length: 40 }, () => newId())

    const claims = await Promise.all(ids.map((id) => claim(buyer(), id)))

    assert.equal(claims.filter(Boolean).length, 1)
    assert.deepEqual(await keys.find(buyer()), { ok: true, value: ids[claims.indexOf(true)] })
  })

  test('a claim goes with the transaction that it was made in', async () => {
    const { database, keys } = await room()

    const failed = database.transaction(async (trx) => {
      await keys.claim(trx, buyer(), newId(), systemClock.now())
      throw new Error('no credit')
    })

    await assert.rejects(failed, /no credit/)
    assert.deepEqual(await keys.find(buyer()), { ok: true, value: undefined })
  })

  test('a key that was let go is free at once', async () => {
    const { keys, claim, close } = await room()
    const id = newId()
    await claim(buyer(), id)

    await close(id, 'release')

    assert.deepEqual(await keys.find(buyer()), { ok: true, value: undefined })
    assert.equal(await claim(buyer()), true)
  })

  test('a key is kept for 24 hours from the end of its generation, and a second later it is new', async () => {
    const { database, keys, claim, close } = await room()
    const now = await database.now()
    const [young, old] = [newId(), newId()]
    const other = buyer({ idempotency: { ...KEY, key: 'order-2' } })
    await claim(buyer(), young)
    await claim(other, old)
    await close(young, 'keep', now - DAY_MS + 60_000)
    await close(old, 'keep', now - DAY_MS - 1_000)

    assert.deepEqual(await keys.find(buyer()), { ok: true, value: young })
    assert.deepEqual(await keys.find(other), { ok: true, value: undefined })
    assert.equal(await claim(other), true)
  })

  test('what is over is collected; what runs and what is kept stays', async () => {
    const { database, keys, claim, close } = await room()
    const owners = ['running', 'kept', 'over'].map((key) => buyer({ idempotency: { ...KEY, key } }))
    const ids = owners.map(() => newId())
    for (const [index, owner] of owners.entries()) await claim(owner, ids[index])
    const now = systemClock.now()
    await close(ids[1] ?? newId(), 'keep', now)
    await close(ids[2] ?? newId(), 'keep', now - DAY_MS)

    await keys.collect(now)

    const left = await database.db.selectFrom('idempotency_keys').select('key').orderBy('key').execute()
    assert.deepEqual(
      left.map(({ key }) => key),
      ['kept', 'running'],
    )
  })
})

test('an answer is kept when a repetition might pay twice, and let go when it cost nothing and can be mended (I5)', () => {
  const failure = (code: FailureCode, sent: boolean): Failure => fail(code, 'Broken.', { sent })
  const cases: readonly [Failure | undefined, readonly AttemptState[], 'keep' | 'release'][] = [
    [undefined, ['ok'], 'keep'],
    [undefined, ['not_billed', 'ok'], 'keep'],
    // Nothing ever left.
    [failure('overloaded', false), [], 'release'],
    [failure('cancelled', false), [], 'release'],
    [failure('cancelled', false), ['not_billed'], 'release'],
    [failure('upstream_failed', false), ['not_billed'], 'release'],
    // Sent, free for certain, and the caller's to mend: 400, 402, 403, 413, 429.
    [failure('content_refused', true), ['not_billed'], 'release'],
    [failure('provider_rejected', true), ['not_billed'], 'release'],
    [failure('rate_limited', true), ['not_billed', 'not_billed'], 'release'],
    [failure('payload_too_large', true), ['not_billed'], 'release'],
    // Sent and free, but not the caller's to mend.
    [failure('upstream_failed', true), ['not_billed'], 'keep'],
    [failure('provider_unconfigured', true), ['not_billed'], 'keep'],
    [failure('cancelled', true), ['not_billed'], 'keep'],
    // It may have cost something.
    [failure('content_refused', true), ['billed_no_output'], 'keep'],
    [failure('rate_limited', true), ['unknown', 'not_billed'], 'keep'],
    [failure('timeout', true), ['unknown'], 'keep'],
    [failure('upstream_failed', true), ['sent'], 'keep'],
    [failure('internal', true), ['ok'], 'keep'],
  ]

  for (const [given, states, verdict] of cases) {
    assert.equal(verdictOf(given, states), verdict, `${given?.code ?? 'pictures'} ${given?.sent} ${states.join()}`)
  }
})
