import assert from 'node:assert/strict'
import { test } from 'node:test'

import { JsonBlob } from '../core/json-blob.ts'
import { PictureMemory } from '../core/picture-memory.ts'
import { delivery, listen, LIVE_KEY, playedEngine, post, rawConnection, testEdge } from './test-edge.ts'

const json = { authorization: `Bearer ${LIVE_KEY}`, 'content-type': 'application/json' }

test('a promised length of 33 MiB is a 413 before the body is sent', async () => {
  const { app } = testEdge()
  const connection = rawConnection(await listen(app))

  connection.socket.write(post('/api/v1/pictures', {}, { 'content-length': String(33 * 1024 * 1024) }))
  const answer = await connection.until((received) => received.includes('}}'))
  connection.socket.destroy()

  assert.match(answer, /^HTTP\/1\.1 413 /)
  assert.match(answer, /\r\nconnection: close\r\n/i)
  await app.close()
})

test('48 MiB in chunks are a 413 that the sender gets to read, whatever it still sends', async () => {
  const { app } = testEdge()
  const connection = rawConnection(await listen(app))
  const chunk = Buffer.alloc(1024 * 1024, 'a')

  connection.socket.write(
    `POST /api/v1/pictures HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${LIVE_KEY}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
  )
  connection.socket.write('100010\r\n{"prompt": "aaa')
  for (let sent = 0; sent < 48; sent += 1) {
    connection.socket.write(sent === 0 ? '' : '100000\r\n')
    connection.socket.write(sent === 0 ? Buffer.concat([chunk, Buffer.from('a')]) : chunk)
    connection.socket.write('\r\n')
  }
  connection.socket.write('0\r\n\r\n')
  await connection.closed

  assert.match(connection.state.received, /^HTTP\/1\.1 413 /)
  assert.equal(connection.state.reset, false)
  await app.close()
})

test('a 2 MB answer keeps the headers set before the hijack, and its length is exact', async () => {
  const { app } = testEdge({ engine: playedEngine({ delivery: () => delivery(2_000_000) }).engine })
  const port = await listen(app)

  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/pictures`, {
    method: 'POST',
    headers: { ...json, origin: 'https://app.test', 'x-request-id': 'caller-id-1' },
    body: '{"prompt":"a"}',
  })
  const bytes = await answer.arrayBuffer()

  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('access-control-allow-origin'), '*')
  assert.equal(answer.headers.get('access-control-allow-credentials'), null)
  assert.match(answer.headers.get('access-control-expose-headers') ?? '', /X-Generation-Id/)
  assert.equal(answer.headers.get('x-request-id'), 'caller-id-1')
  assert.match(answer.headers.get('x-generation-id') ?? '', /^gen-\d{10}-\w{20}$/)
  assert.equal(answer.headers.get('content-length'), String(bytes.byteLength))
  assert.equal(JSON.parse(Buffer.from(bytes).toString()).data[0].b64_json.length, 2_000_000)
  await app.close()
})

test('a presenter that throws is a 500 without its message, and the process lives', async () => {
  const { app, lines } = testEdge({ engine: playedEngine({ delivery: () => delivery(10, 'throw') }).engine })

  const answer = await app.inject({ method: 'POST', url: '/api/v1/pictures', headers: json, payload: '{"prompt":"a"}' })
  const health = await app.inject('/health')

  assert.equal(answer.statusCode, 500)
  assert.equal(answer.json().error.metadata.kind, 'internal')
  assert.doesNotMatch(answer.body + lines.join(''), /CANARY-PRESENTER/)
  assert.match(lines.join(''), /test-edge\.ts:\d+/)
  assert.equal(health.statusCode, 200)
})

test('an answer that breaks in the middle closes the connection instead of ending it short', async () => {
  const slice = Buffer.alloc(65_536, 'A')
  const spilled = {
    byteLength: 40 * slice.length,
    async *[Symbol.asyncIterator]() {
      for (let sent = 0; sent < 20; sent += 1) yield slice
      throw new Error('the disk is gone')
    },
  }
  const broken = { ...delivery(0), pictures: [new JsonBlob('base64', [], undefined, undefined, { spilled })] }
  const { app, lines } = testEdge({ engine: playedEngine({ delivery: () => broken }).engine })
  const connection = rawConnection(await listen(app))

  connection.socket.write(post('/api/v1/pictures', { prompt: 'a' }))
  await connection.closed

  const [head = '', body = ''] = connection.state.received.split('\r\n\r\n')
  assert.match(head, /^HTTP\/1\.1 200 /)
  assert.ok(body.length < Number(/content-length: (\d+)/i.exec(head)?.[1]))
  assert.match(lines.join(''), /"unexpected error"/)
  assert.match(lines.join(''), /"status":499/)
  await app.close()
})

test('what was sent, in one document or as events, or broke off, no longer counts as held', async () => {
  const memory = new PictureMemory(10_000_000, () => {
    throw new Error('there is room')
  })
  for (const isBroken of [false, true]) {
    for (const stream of [false, true]) {
      const hold = memory.hold()
      hold.set(6000)
      const spilled = {
        byteLength: 6000,
        async *[Symbol.asyncIterator]() {
          yield Buffer.alloc(6000, 'A')
          if (isBroken) throw new Error('the disk is gone')
        },
      }
      const picture = new JsonBlob('base64', [], 'image/png', undefined, { spilled, hold })
      const { app } = testEdge({
        engine: playedEngine({ delivery: () => ({ ...delivery(0), pictures: [picture] }) }).engine,
      })
      const connection = rawConnection(await listen(app))

      connection.socket.write(post('/api/v1/pictures', { prompt: 'a', stream }))
      await connection.until((received) => received.includes('AAAA'))
      for (let tries = 0; tries < 100 && memory.heldBytes > 0; tries++)
        await new Promise((resolve) => setTimeout(resolve, 10))

      assert.equal(memory.heldBytes, 0)
      assert.equal(picture.hold, hold)
      connection.socket.destroy()
      await app.close()
    }
  }
})
