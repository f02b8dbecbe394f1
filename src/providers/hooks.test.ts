import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { ok } from '../core/result.ts'
import { makeHooks } from './hooks.ts'
import { callTo } from './playback.ts'
import { pollUntil } from './poll.ts'

test('a call of its address ends the wait of a poll, and only of its own', async () => {
  const hooks = makeHooks('https://pictures.example/gateway/')
  const hook = hooks.open()
  const other = hooks.open()
  assert.match(hook.url, /^https:\/\/pictures\.example\/gateway\/hooks\/[\da-f]{48}$/)
  assert.notEqual(hook.url, other.url)
  const [token = '', otherToken = ''] = [hook.url, other.url].map((url) => url.split('/').at(-1))
  let asked = 0
  const startedAt = systemClock.monotonic()

  setTimeout(() => hooks.call(otherToken), 10)
  setTimeout(() => hooks.call(token), 60)
  const polled = await pollUntil(
    { ...callTo('http://unused'), hook },
    {
      everyMs: 3_000,
      capMs: 3_000,
      ask: async () => ok((asked += 1) === 2 ? { is: 'done', value: 'picture' } : { is: 'waiting' }),
    },
  )

  assert.deepEqual(polled, ok('picture'))
  const ms = systemClock.monotonic() - startedAt
  assert.ok(ms >= 55 && ms < 1_500, `${ms} ms`)
})

test('a call that comes before anybody waits is not lost, and counts once', async () => {
  const hooks = makeHooks('http://127.0.0.1:1')
  const hook = hooks.open()
  hooks.call(hook.url.split('/').at(-1) ?? '')
  hooks.call('nobody gave this out')

  await hook.called()
  const second = await Promise.race([hook.called().then(() => 'rung'), systemClock.sleep(30).then(() => 'quiet')])

  assert.equal(second, 'quiet')
})

test('the deadline ends a wait that no hook ends', async () => {
  const hook = makeHooks('http://127.0.0.1:1').open()
  const polled = await pollUntil(
    { ...callTo('http://unused', { deadlineMs: 80 }), hook },
    { everyMs: 5_000, capMs: 5_000, ask: async () => ok({ is: 'waiting' }) },
  )

  assert.ok(!polled.ok)
  assert.equal(polled.error.kind, 'timeout')
})
