import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { fail } from '../core/errors.ts'
import type { GenerationId } from '../core/ids.ts'
import { err, ok } from '../core/result.ts'
import { type EngineParts, makeEngine } from './engine.ts'
import type { Owner } from './engine-port.ts'

const ID = 'gen-1790000000-AbCdEfGhIjKlMnOpQrSt' as GenerationId
const FOREVER = new AbortController().signal
const ADMITTED = ok({
  agreed: { id: ID, createdAt: 1, deadlineAt: systemClock.now() + 60_000, roads: [{ served: 'google/pix' }] },
}) as never

function engineWith(parts: Partial<EngineParts>) {
  return makeEngine({
    admit: async () => ADMITTED,
    generate: async () => err(fail('content_refused', 'No.')),
    idempotency: {} as never,
    providers: new Map(),
    database: {} as never,
    processId: 'this-process',
    recall: async () => assert.fail('asked the database for what runs here'),
    clock: systemClock,
    onCrash: () => assert.fail('crashed'),
    ...parts,
  })
}

test('a defect while a generation runs is told to the log and, without its words, to whoever waits: not to be repeated', async () => {
  const crashes: unknown[] = []
  const defect = new Error('the prompt was: a secret')
  const engine = engineWith({
    generate: () => Promise.reject(defect),
    onCrash: (id, error) => crashes.push([id, error]),
  })

  await engine.start({} as never, {} as Owner)
  const outcome = await engine.wait(ID, FOREVER)

  assert.ok(!outcome.ok && outcome.error.code === 'internal' && outcome.error.sent === true)
  assert.doesNotMatch(outcome.error.message, /secret/)
  assert.deepEqual(crashes, [[ID, defect]])
  assert.deepEqual(engine.inFlight(), [])
})

test('the signal ends the waiting and not the work', async () => {
  const work = Promise.withResolvers<Awaited<ReturnType<EngineParts['generate']>>>()
  const engine = engineWith({ generate: () => work.promise })
  const leaving = new AbortController()

  await engine.start({} as never, {} as Owner)
  const first = engine.wait(ID, leaving.signal)
  leaving.abort(new Error('gone'))
  const second = engine.wait(ID, FOREVER)

  await assert.rejects(first, /gone/)
  assert.deepEqual(engine.inFlight(), [ID])
  work.resolve(err(fail('content_refused', 'No.')))
  const outcome = await second
  assert.ok(!outcome.ok && outcome.error.code === 'content_refused')
  assert.deepEqual(engine.inFlight(), [])
})

test('what ran before, or elsewhere, is recalled from the database', async () => {
  const engine = engineWith({ recall: async () => err(fail('not_found', 'It does not exist.')) })

  const outcome = await engine.wait(ID, FOREVER)

  assert.ok(!outcome.ok && outcome.error.code === 'not_found')
})

test('progress reaches those who watch, until they stop', async () => {
  const seen: string[] = []
  const step = Promise.withResolvers<void>()
  const engine = engineWith({
    async generate(_admitted, { progress }) {
      progress({ type: 'status', message: 'before anyone could watch' })
      await step.promise
      progress({ type: 'status', message: 'half' })
      return err(fail('content_refused', 'No.'))
    },
  })

  await engine.start({} as never, {} as Owner)
  engine.watch(ID, (event) => seen.push(event.type === 'status' ? (event.message ?? '') : ''))
  engine.watch(ID, () => assert.fail('told after it stopped watching'))()
  step.resolve()
  await engine.wait(ID, FOREVER)

  assert.deepEqual(seen, ['half'])
})
