import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'

import fc from 'fast-check'
import { Kysely } from 'kysely'

import { systemClock } from '../core/clock.ts'
import type { Database } from '../db/database.ts'
import type { ApiKeyRow, Schema } from '../db/schema.ts'
import { sqliteDialect } from '../db/sqlite-driver.ts'
import { makeKeyCache } from './key-cache.ts'
import { makeKeyText } from './keys.ts'
import { makeAccounts } from './store.ts'

const ODD = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({
    unit: fc.constantFrom('"', "'", '\0', '\\', ';', '-', '%', '_', '\r', '\n', '\uFFFD', '\uD800'),
    maxLength: 80,
  }),
  fc.stringMatching(/^sk-pl-(live|test|admin)-[0-9A-Za-z]{49}$/),
  fc.stringMatching(/^[Bb]earer sk-[a-z]{2}-[0-9A-Za-z]{1,60}$/),
  fc.integer({ min: 1000, max: 16_384 }).map((length) => 'sk-pl-live-'.padEnd(length, 'a')),
  fc.constantFrom('', ' ', 'null', 'undefined', '__proto__', "' or 1=1 --", 'sk-pl-live-', 'sk-or-v1-0123456789abcdef'),
)

test('X19: 10,000 odd texts are all refused without touching the database, and in no time', async () => {
  const accounts = makeAccounts({ database: untouchable(), clock: systemClock })
  const texts = fc.sample(ODD, { numRuns: 10_000 })
  let slow = 0

  for (const text of texts) {
    const began = systemClock.monotonic()
    const result = await accounts.authenticate(text)
    if (systemClock.monotonic() - began > 5) slow += 1
    assert.ok(!result.ok, JSON.stringify(text))
    assert.equal(result.error.code, 'invalid_api_key')
    assert.ok(text.length < 12 || !result.error.message.includes(text), 'a refusal never repeats what was sent')
  }

  assert.equal(texts.length, 10_000)
  // A collection of garbage, or a neighbour on the machine, may hit a few.
  assert.ok(slow <= 20, `${slow} took more than 5 ms`)
})

test('a database that cannot be asked is an error, never a refused key', async () => {
  const accounts = makeAccounts({ database: untouchable(), clock: systemClock })

  await assert.rejects(accounts.authenticate(makeKeyText('live', randomBytes(32))), /the database was asked/)
})

test('simultaneous questions for one key share one query, and a failed one is asked again', async () => {
  const reads: PromiseWithResolvers<ApiKeyRow | undefined>[] = []
  const cache = makeKeyCache({
    clock: systemClock,
    read: () => {
      const read = Promise.withResolvers<ApiKeyRow | undefined>()
      reads.push(read)
      return read.promise
    },
  })

  const first = [cache.find('a'), cache.find('a'), cache.find('a')]
  reads[0]?.reject(new Error('gone'))
  const outcomes = await Promise.allSettled(first)
  const second = [cache.find('a'), cache.find('a')]
  reads[1]?.resolve(ROW)

  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  assert.deepEqual(await Promise.all(second), [ROW, ROW])
  assert.equal(await cache.find('a'), ROW)
  assert.equal(reads.length, 2)
})

test('an answer that was on its way when the key changed is not kept', async () => {
  const reads: PromiseWithResolvers<ApiKeyRow | undefined>[] = []
  const cache = makeKeyCache({
    clock: systemClock,
    read: () => {
      const read = Promise.withResolvers<ApiKeyRow | undefined>()
      reads.push(read)
      return read.promise
    },
  })

  const before = cache.find('a')
  cache.forget('a')
  const after = cache.find('a')
  reads[1]?.resolve({ ...ROW, disabled: 1 })
  assert.equal((await after)?.disabled, 1)
  reads[0]?.resolve(ROW)
  assert.equal((await before)?.disabled, 0)
  assert.equal((await cache.find('a'))?.disabled, 1)
})

const ROW: ApiKeyRow = {
  hash: 'a',
  workspace_id: 'w',
  name: '',
  label: '',
  mode: 'live',
  disabled: 0,
  deleted_at: null,
  limit_nanos: null,
  limit_reset: null,
  expires_at: null,
  created_at: 1,
  updated_at: null,
}

/** A database that fails whoever asks it anything. */
function untouchable(): Database {
  const touched = (): never => {
    throw new Error('the database was asked')
  }
  const dialect = sqliteDialect({ database: new DatabaseSync(':memory:'), assertOutside: touched, committed: touched })
  return {
    engine: 'sqlite',
    db: new Kysely<Schema>({ dialect }),
    transaction: async () => touched(),
    view: async () => touched(),
    durable: async () => touched(),
    now: async () => touched(),
    snapshot: async () => touched(),
    close: async () => undefined,
  }
}
