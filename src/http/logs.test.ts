import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { delivery, LIVE_KEY, listen, playedEngine, testEdge } from './test-edge.ts'

test('X20: twelve places where a caller’s words come in, and none of them reaches the log', async () => {
  const canary = 'CANARY7f3a'
  const { app, lines } = testEdge({
    engine: playedEngine({ delivery: () => delivery(10, 'throw') }).engine,
    describe: (error) => {
      throw new Error(`${canary} ${error.message}\n    at ${canary} (prompt.txt:1:1)`)
    },
  })
  const port = await listen(app)
  const headers = {
    authorization: `Bearer ${LIVE_KEY}`,
    'content-type': 'application/json',
    'user-agent': canary,
    'http-referer': `https://${canary}.test`,
    'x-title': canary,
    'x-session-id': canary,
    'idempotency-key': canary,
    'x-request-id': `sk-pl-live-${canary}`,
    cookie: canary,
  }
  const post = (body: string) =>
    fetch(`http://127.0.0.1:${port}/api/v1/pictures?${canary}=${canary}`, { method: 'POST', headers, body })

  await (await post(JSON.stringify({ prompt: canary, user: canary }))).text()
  await (await post(JSON.stringify({ prompt: canary, [canary]: 1 }))).text()
  await (await post(`{"${canary}`)).text()
  await (await fetch(`http://127.0.0.1:${port}/${canary}`, { headers: { authorization: `Bearer ${canary}` } })).text()
  await (await fetch(`http://127.0.0.1:${port}/api/v1/key`, { headers: { authorization: `Bearer ${canary}` } })).text()
  while (lines.filter((line) => line.includes('"msg":"request"')).length < 5) await systemClock.sleep(2)

  assert.doesNotMatch(lines.join(''), new RegExp(`${canary}|${LIVE_KEY}`, 'i'))
  assert.equal(lines.filter((line) => line.includes('unexpected error')).length, 2)
  await app.close()
})

test('a line says method, pattern, status, time, ids, masked key, workspace and the catalogue’s model, and nothing else', async () => {
  const { app, lines } = testEdge()
  const port = await listen(app)

  await fetch(`http://127.0.0.1:${port}/api/v1/pictures`, {
    method: 'POST',
    headers: { authorization: `Bearer ${LIVE_KEY}`, 'content-type': 'application/json', 'x-request-id': 'trace-1' },
    body: '{"prompt":"a"}',
  })
  while (lines.length === 0) await systemClock.sleep(2)

  const line = JSON.parse(lines[0] ?? '')
  assert.match(line.generation, /^gen-/)
  assert.deepEqual(
    { ...line, time: 0, ms: 0, generation: '' },
    {
      level: 30,
      time: 0,
      request: 'trace-1',
      method: 'POST',
      route: '/api/v1/pictures',
      surface: 'openrouter',
      status: 200,
      ms: 0,
      generation: '',
      model: 'acme/pix-1',
      key: 'sk-pl-live-0123…cdef',
      workspace: 'ws-1',
      mode: 'live',
      msg: 'request',
    },
  )
  await app.close()
})
