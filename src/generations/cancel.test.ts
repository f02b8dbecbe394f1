import assert from 'node:assert/strict'
import { test } from 'node:test'

import { noise } from '../assets/test-pictures.ts'
import { err } from '../core/result.ts'
import { audit } from '../ledger/auditor.ts'
import { type Answering, asking, delivering, gated, idOf, makeRooms, type Rooms } from './test-rooms.ts'

const picture = await noise('png', 100, 100)

/** A provider whose job runs until its call is aborted. */
function endless() {
  const submitted = Promise.withResolvers<void>()
  const answering: Answering = async (_, call) => {
    await call.submitted('job-7')
    submitted.resolve()
    await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
    return err({ kind: 'timeout', billed: 'unknown', message: 'Aborted.', raw: '' })
  }
  return { answering, submitted: submitted.promise }
}

async function startIn(rooms: Rooms) {
  const started = await rooms.engine.start(asking(), rooms.owner)
  assert.ok(started.ok)
  return started.value.id
}

test('a call that the provider takes back is voided, costs nobody anything and says cancelled', async () => {
  const { answering, submitted } = endless()
  const taken: string[] = []
  const cancel = async (upstreamId: string) => {
    taken.push(upstreamId)
    return 'cancelled' as const
  }
  const rooms = await makeRooms({ providers: { first: answering }, asking: { first: { cancel } } })
  const id = await startIn(rooms)
  await submitted

  assert.equal(await rooms.engine.cancel(id), 'cancelled')
  const outcome = await rooms.engine.wait(id, AbortSignal.timeout(5_000))

  assert.ok(!outcome.ok && outcome.error.code === 'cancelled')
  const { receipt, attempts } = await rooms.written(id)
  assert.deepEqual([receipt.status, receipt.error?.code, attempts[0]?.state], ['voided', 'cancelled', 'not_billed'])
  assert.deepEqual(taken, ['job-7'])
  assert.deepEqual(await rooms.book.balance(), { available: 100_000_000_000n, held: 0n })
  assert.deepEqual(await audit(rooms.database), [])
})

test('a call that the provider does not take back goes on and is delivered', async () => {
  const { answering, reached, open } = gated(delivering([picture]))
  const rooms = await makeRooms({
    providers: { first: answering },
    asking: { first: { cancel: async () => 'too_late' as const } },
  })
  const id = await startIn(rooms)
  await reached

  assert.equal(await rooms.engine.cancel(id), 'too_late')
  open()

  assert.equal(idOf(await rooms.engine.wait(id, AbortSignal.timeout(5_000))), id)
  assert.equal((await rooms.written(id)).receipt.charge_usd, '0.03031')
})

test('what has ended cannot be cancelled', async () => {
  const rooms = await makeRooms({ providers: { first: delivering([picture]) } })
  const id = idOf(await rooms.generate())

  assert.notEqual(await rooms.engine.cancel(id), 'cancelled')
  assert.equal((await rooms.written(id)).receipt.status, 'settled')
})
