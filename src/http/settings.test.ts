import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { ok } from '../core/result.ts'
import { delivery, listen, playedEngine, post, rawConnection, testEdge } from './test-edge.ts'

test('P6: the server runs with the promised settings', async () => {
  const { app } = testEdge()
  await listen(app)

  const { headersTimeout, requestTimeout, keepAliveTimeout, maxRequestsPerSocket, maxConnections } = app.server
  const options = Reflect.ownKeys(app.server).flatMap((key) => {
    const value: unknown = Reflect.get(app.server, key)
    return typeof key === 'string' && ['maxHeaderSize', 'insecureHTTPParser'].includes(key) ? [[key, value]] : []
  })

  assert.deepEqual(
    { headersTimeout, requestTimeout, keepAliveTimeout, maxRequestsPerSocket, maxConnections },
    {
      headersTimeout: 15_000,
      requestTimeout: 120_000,
      keepAliveTimeout: 75_000,
      maxRequestsPerSocket: 1_000,
      maxConnections: 16_384,
    },
  )
  assert.equal(Reflect.get(app.server, 'connectionsCheckingInterval'), 5_000)
  assert.deepEqual(Object.fromEntries(options), { maxHeaderSize: 16_384, insecureHTTPParser: false })
  await app.close()
})

test('a generation may take longer than a request may take to arrive', async () => {
  const played = playedEngine()
  const settings = { headersTimeoutMs: 150, requestTimeoutMs: 300, connectionsCheckingIntervalMs: 40, heartbeatMs: 40 }
  const { app } = testEdge({ engine: played.engine, settings })
  const port = await listen(app)
  const plain = rawConnection(port)
  const streamed = rawConnection(port)

  plain.socket.write(post('/api/v1/pictures', { prompt: 'a' }))
  await played.until(1)
  streamed.socket.write(post('/api/v1/pictures', { prompt: 'a', stream: true }))
  await played.until(2)
  await systemClock.sleep(900)
  for (const { id } of played.started) played.finish(ok(delivery(8)), id)

  assert.match(await plain.until((received) => received.endsWith('}')), /^HTTP\/1\.1 200 /)
  assert.match(await streamed.until((received) => received.endsWith('0\r\n\r\n')), /\[DONE\]/)
  plain.socket.destroy()
  streamed.socket.destroy()
  await app.close()
})

test('headers that trickle in are cut with a 408, and so are bodies', async () => {
  const settings = { headersTimeoutMs: 60, requestTimeoutMs: 120, connectionsCheckingIntervalMs: 20 }
  const { app } = testEdge({ settings })
  const port = await listen(app)
  const headers = rawConnection(port)
  const body = rawConnection(port)

  headers.socket.write('GET /health HTTP/1.1\r\nhost: a\r\nx-slow: ')
  body.socket.write(post('/api/v1/pictures', { prompt: 'a' }).slice(0, -4))
  await Promise.all([headers.closed, body.closed])

  assert.match(headers.state.received, /^HTTP\/1\.1 408 /)
  assert.match(headers.state.received, /"kind":"request_timeout"/)
  assert.match(body.state.received, /^HTTP\/1\.1 408 /)
  await app.close()
})

test('a client that stops reading is cut off after the write idle time, and its generation is not', async () => {
  const played = playedEngine()
  const { app } = testEdge({ engine: played.engine, settings: { writeIdleMs: 150 } })
  const connection = rawConnection(await listen(app))

  connection.socket.pause()
  connection.socket.write(post('/api/v1/pictures', { prompt: 'a' }))
  await played.until(1)
  played.finish(ok(delivery(30_000_000)))
  const started = systemClock.monotonic()
  while (app.edge.connections.size > 0 && systemClock.monotonic() - started < 3_000) await systemClock.sleep(5)

  assert.equal(app.edge.connections.size, 0)
  connection.socket.destroy()
  await app.close()
})
