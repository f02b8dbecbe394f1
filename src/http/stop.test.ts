import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { ok } from '../core/result.ts'
import { stop } from './stop.ts'
import { delivery, listen, playedEngine, post, rawConnection, testEdge } from './test-edge.ts'

test('R13: a graceful stop: not ready at once, nothing new, everything in flight answered, no reset', async () => {
  const played = playedEngine()
  const { app } = testEdge({ engine: played.engine })
  const port = await listen(app)
  const working = Array.from({ length: 8 }, () => rawConnection(port))
  const streaming = rawConnection(port)
  const idle = rawConnection(port)
  const silent = rawConnection(port)
  for (const { socket } of working) socket.write(post('/api/v1/pictures', { prompt: 'a' }))
  await played.until(8)
  streaming.socket.write(post('/api/v1/pictures', { prompt: 'a', stream: true }))
  await played.until(9)
  idle.socket.write('GET /ready HTTP/1.1\r\nhost: a\r\n\r\n')
  await idle.until((received) => received.includes('ready'))
  while (app.edge.connections.size < 11) await systemClock.sleep(2)

  const stopping = stop(app, played.engine, 5_000, systemClock)
  const notReady = app.edge.stopping
  await Promise.all([idle.closed, silent.closed])
  const refused = rawConnection(port)
  await refused.closed
  for (const { id } of played.started) played.finish(ok(delivery(300_000)), id)
  const isDrained = await stopping
  await Promise.all([...working, streaming].map(({ closed }) => closed))

  assert.equal(notReady, true)
  assert.equal(isDrained, true)
  assert.equal(refused.state.received, '')
  for (const { state } of working) {
    assert.match(state.received, /^HTTP\/1\.1 200 /)
    assert.match(state.received, /\r\nconnection: close\r\n/i)
    assert.ok(state.received.endsWith('}'))
    assert.equal(state.reset, false)
  }
  assert.ok(streaming.state.received.endsWith('data: [DONE]\n\n\r\n0\r\n\r\n'))
  assert.deepEqual([idle.state.reset, silent.state.reset, streaming.state.reset], [false, false, false])
})

test('a request that was half sent when the stop began is read to its end and told to come back later', async () => {
  const { app } = testEdge()
  const connection = rawConnection(await listen(app))
  const text = post('/api/v1/pictures', { prompt: 'a' })
  connection.socket.write(text.slice(0, 40))
  while ([...app.edge.connections.keys()][0]?.bytesRead !== 40) await systemClock.sleep(2)

  const stopping = stop(app, playedEngine().engine, 5_000, systemClock)
  connection.socket.write(text.slice(40))
  await connection.closed

  assert.equal(await stopping, true)
  assert.match(connection.state.received, /^HTTP\/1\.1 503 /)
  assert.match(connection.state.received, /\r\nretry-after: 5\r\n/)
  assert.match(connection.state.received, /\r\nconnection: close\r\n/i)
  assert.match(connection.state.received, /The gateway is stopping/)
  assert.equal(connection.state.reset, false)
})

test('work whose caller has left is waited for, too; past the drain time the rest is cut', async () => {
  const left = playedEngine()
  const patient = testEdge({ engine: left.engine })
  const gone = rawConnection(await listen(patient.app))
  gone.socket.write(post('/api/v1/pictures', { prompt: 'a' }))
  await left.until(1)
  gone.socket.destroy()
  const stuck = playedEngine()
  const impatient = testEdge({ engine: stuck.engine })
  const cut = rawConnection(await listen(impatient.app))
  cut.socket.write(post('/api/v1/pictures', { prompt: 'a' }))
  await stuck.until(1)

  const waiting = stop(patient.app, left.engine, 5_000, systemClock)
  await systemClock.sleep(100)
  const stillWaiting = await Promise.race([waiting, Promise.resolve('still waiting')])
  left.finish(ok(delivery(8)))

  assert.equal(stillWaiting, 'still waiting')
  assert.equal(await waiting, true)
  assert.equal(await stop(impatient.app, stuck.engine, 100, systemClock), false)
  await cut.closed
})
