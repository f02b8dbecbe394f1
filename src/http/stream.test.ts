import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { fail } from '../core/errors.ts'
import { JsonBlob } from '../core/json-blob.ts'
import { err, ok } from '../core/result.ts'
import { delivery, listen, playedEngine, post, rawConnection, testEdge } from './test-edge.ts'

const HEARTBEAT = ': OPENROUTER PROCESSING\n\n'

/** The bytes of a chunked answer without the chunks' framing. */
function unchunked(received: string): string {
  const body = received.slice(received.indexOf('\r\n\r\n') + 4)
  let text = ''
  for (let at = 0; at < body.length;) {
    const end = body.indexOf('\r\n', at)
    const length = Number.parseInt(body.slice(at, end), 16)
    if (!(length > 0)) break
    text += body.slice(end + 2, end + 2 + length)
    at = end + 2 + length + 2
  }
  return text
}

test('a refusal before admission is plain JSON with its status, streaming or not', async () => {
  const { app } = testEdge({ engine: playedEngine({ startFailure: fail('key_limit_reached', 'Enough.') }).engine })
  const connection = rawConnection(await listen(app))

  connection.socket.write(post('/api/v1/pictures', { prompt: 'a', stream: true }))
  const answer = await connection.until((received) => received.includes('}}'))
  connection.socket.destroy()

  assert.match(answer, /^HTTP\/1\.1 402 /)
  assert.match(answer, /content-type: application\/json/)
  await app.close()
})

test('a stream: a comment at once, again at every heartbeat, progress, one data line per picture, the end', async () => {
  const played = playedEngine()
  const { app } = testEdge({ engine: played.engine, settings: { heartbeatMs: 1 } })
  const connection = rawConnection(await listen(app))

  connection.socket.write(post('/api/v1/pictures', { prompt: 'a', stream: true }, { origin: 'https://app.test' }))
  const atOnce = await connection.until((received) => received.includes(HEARTBEAT))
  await connection.until((received) => received.split(HEARTBEAT).length > 3)
  played.emit({ type: 'status', fraction: 0.5 })
  played.emit({ type: 'preview', index: 0, picture: new JsonBlob('base64', [Buffer.from('UFJFVklFVw==')]) })
  await connection.until((received) => received.includes('UFJFVklFVw=='))
  played.finish(ok(delivery(8_000_000)))
  const received = await connection.until((text) => text.includes('[DONE]'))
  connection.socket.destroy()

  assert.match(atOnce, /^HTTP\/1\.1 200 /)
  assert.match(atOnce, /content-type: text\/event-stream\r\n/)
  assert.match(atOnce, /access-control-allow-origin: \*\r\n/)
  assert.match(atOnce, /x-generation-id: gen-/)
  const blocks = unchunked(received)
    .split('\n\n')
    .filter((block) => block !== '' && !block.startsWith(':'))
  assert.deepEqual(
    blocks.map((block) => block.slice(0, 24)),
    ['data: {"id":"gen-', 'data: {"id":"gen-', 'event: completed\ndata: {', 'data: [DONE]'].map((start, index) =>
      index < 2 ? blocks[index]?.slice(0, 24) : start,
    ),
  )
  const completed = JSON.parse(blocks[2]?.split('\n')[1]?.slice(6) ?? '')
  assert.equal(completed.b64_json.length, 8_000_000)
  assert.equal(JSON.parse(blocks[0]?.slice(6) ?? '').fraction, 0.5)
  await app.close()
})

test('a heartbeat never falls into an event that is still being written', async () => {
  const spilled = {
    byteLength: 40,
    async *[Symbol.asyncIterator]() {
      for (let part = 0; part < 10; part += 1) {
        yield Buffer.from('AAAA')
        await systemClock.sleep(5)
      }
    },
  }
  const slow = { ...delivery(0), pictures: [new JsonBlob('base64', [], undefined, undefined, { spilled })] }
  const { app } = testEdge({ engine: playedEngine({ delivery: () => slow }).engine, settings: { heartbeatMs: 1 } })
  const connection = rawConnection(await listen(app))

  connection.socket.write(post('/api/v1/pictures', { prompt: 'a', stream: true }))
  const text = unchunked(await connection.until((received) => received.endsWith('0\r\n\r\n')))
  connection.socket.destroy()

  assert.match(text, /"b64_json":"A{40}"\}\n\n/)
  await app.close()
})

test('a failure after admission comes in the stream, in the dialect’s shape, and ends it properly', async () => {
  const played = playedEngine()
  const { app, lines } = testEdge({ engine: played.engine })
  const connection = rawConnection(await listen(app))

  connection.socket.write(post('/api/v1/pictures', { prompt: 'a', stream: true }))
  await played.until(1)
  played.finish(err(fail('upstream_failed', 'Broken.', { sent: true })))
  const text = unchunked(await connection.until((received) => received.endsWith('0\r\n\r\n')))
  connection.socket.destroy()

  assert.match(
    text,
    /^: OPENROUTER PROCESSING\n\ndata: \{"error":\{"code":"upstream_failed","requestId":"req-\w{20}"\}\}\n\n/,
  )
  assert.ok(text.endsWith('data: [DONE]\n\n'))
  assert.match(lines.join(''), /"failure":"upstream_failed"/)
  await app.close()
})

test('a presenter that throws in a stream breaks the connection, never ends it as if it were whole', async () => {
  const { app, lines } = testEdge({ engine: playedEngine({ delivery: () => delivery(10, 'throw') }).engine })
  const connection = rawConnection(await listen(app))

  connection.socket.write(post('/api/v1/pictures', { prompt: 'a', stream: true }))
  await connection.closed

  assert.doesNotMatch(connection.state.received, /0\r\n\r\n$/)
  assert.match(lines.join(''), /unexpected error/)
  await app.close()
})

test('a client that leaves a stream stops the waiting and the listening, not the work', async () => {
  const played = playedEngine()
  const listening = new Set<unknown>()
  const engine: typeof played.engine = {
    ...played.engine,
    watch(id, listener) {
      listening.add(listener)
      const unwatch = played.engine.watch(id, listener)
      return () => {
        listening.delete(listener)
        unwatch()
      }
    },
  }
  const { app, lines } = testEdge({ engine })
  const connection = rawConnection(await listen(app))

  connection.socket.write(post('/api/v1/pictures', { prompt: 'a', stream: true }))
  await connection.until((received) => received.includes(HEARTBEAT))
  assert.equal(listening.size, 1)
  connection.socket.destroy()
  while (listening.size > 0) await systemClock.sleep(2)

  assert.equal(played.engine.inFlight().length, 1)
  assert.doesNotMatch(lines.join(''), /unexpected error/)
  played.finish(ok(delivery(8)))
  await app.close()
})
