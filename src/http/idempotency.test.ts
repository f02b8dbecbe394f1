import assert from 'node:assert/strict'
import { test } from 'node:test'

import { z } from 'zod'

import { testMemory } from '../core/json-fixture.ts'
import type { PictureMemory } from '../core/picture-memory.ts'
import { ok } from '../core/result.ts'
import type { GenerateRoute } from '../core/surface.ts'
import { delivery, fakeSurface, listen, LIVE_KEY, playedEngine, post, rawConnection, testEdge } from './test-edge.ts'

const URL = '/api/v1/pictures'
const headers = { authorization: `Bearer ${LIVE_KEY}`, 'content-type': 'application/json' }

const turns = [{ role: 'user' as const, parts: [{ type: 'text' as const, text: 'x' }] }]

/** Takes any body at all: what is compared is the document, not what a schema makes of it. */
function route(id: string, path: string): GenerateRoute {
  const [generate] = fakeSurface.routes
  assert.ok(generate?.kind === 'generate')
  const parse = () => ok({ request: { model: 'acme/pix-1', turns }, stream: false })
  return { ...generate, id, path, body: z.unknown(), parse }
}

const surface = { ...fakeSurface, routes: [route('createPicture', URL), route('createOther', '/api/v1/others')] }

/** An edge whose engine notes what it is asked and answers at once. */
function notingEdge(memory?: PictureMemory) {
  const played = playedEngine({ delivery: () => delivery(8) })
  const { app } = testEdge({ engine: played.engine, surfaces: [surface], ...(memory && { memory }) })
  return {
    app,
    started: played.started,
    /** What the engine is told of a call with a key. */
    async told(payload: string | Buffer, { url = URL, key = 'order-1' } = {}) {
      const answer = await app.inject({ method: 'POST', url, headers: { ...headers, 'idempotency-key': key }, payload })
      assert.equal(answer.statusCode, 200, answer.body)
      const idempotency = played.started.at(-1)?.owner.idempotency
      assert.ok(idempotency)
      return idempotency
    },
  }
}

test('the engine is told the key, the route and what was asked; without the header, of no key', async () => {
  const { app, started, told } = notingEdge()

  const { key, scope, fingerprint } = await told('{"prompt":"a"}', { key: 'order 1/' })
  await app.inject({ method: 'POST', url: URL, headers, payload: '{"prompt":"a"}' })

  assert.deepEqual([key, scope], ['order 1/', 'POST /api/v1/pictures'])
  assert.match(fingerprint, /^[0-9a-f]{64}$/)
  assert.equal(started.at(-1)?.owner.idempotency, undefined)
})

test('the fingerprint is that of the document: layout, key order and spelling do not count, everything else does', async () => {
  const { told } = notingEdge()
  const fingerprint = async (payload: string) => (await told(payload)).fingerprint

  const plain = await fingerprint('{"n":1,"prompt":"é","size":{"w":1,"h":2}}')

  assert.equal(await fingerprint(' {"size" : {"h":2.0, "w":1e0},\n"prompt":"\\u00e9", "n":1} '), plain)
  for (const changed of [
    '{"n":2,"prompt":"é","size":{"w":1,"h":2}}',
    '{"n":"1","prompt":"é","size":{"w":1,"h":2}}',
    '{"n":1,"prompt":"e","size":{"w":1,"h":2}}',
    '{"n":1,"prompt":"é","size":{"w":1,"h":2},"seed":0}',
    '{"n":1,"prompt":"é","size":{"w":1,"h":2},"seed":null}',
    '{"n":1,"prompt":"é","size":["w",1,"h",2]}',
  ])
    assert.notEqual(await fingerprint(changed), plain, changed)
})

test('another route has another scope and another fingerprint', async () => {
  const { told } = notingEdge()

  const here = await told('{"prompt":"a"}')
  const there = await told('{"prompt":"a"}', { url: '/api/v1/others' })

  assert.notEqual(here.scope, there.scope)
  assert.notEqual(here.fingerprint, there.fingerprint)
})

test('pictures count by their bytes, to the last one, in memory as on the disk', async () => {
  const onDisk = testMemory(0).memory
  const [inMemory, spilling] = [notingEdge(), notingEdge(onDisk)]
  const body = (last: string, type = 'png') =>
    JSON.stringify({ image: `data:image/${type};base64,${'A'.repeat(600_000)}AA${last}A` })

  const { fingerprint } = await inMemory.told(body('A'))

  assert.equal((await spilling.told(body('A'))).fingerprint, fingerprint)
  assert.notEqual((await inMemory.told(body('B'))).fingerprint, fingerprint)
  assert.notEqual((await spilling.told(body('B'))).fingerprint, fingerprint)
  assert.notEqual((await inMemory.told(body('A', 'webp'))).fingerprint, fingerprint)
})

test('a picture of twenty megabytes is hashed without becoming a string', async () => {
  const { told } = notingEdge()
  const body = Buffer.concat([Buffer.from('{"image":"'), Buffer.alloc(20_000_000, 'A'), Buffer.from('"}')])
  await told(Buffer.from('{"image":"AAAA"}'))
  const before = process.memoryUsage().heapUsed

  await told(body)

  const grown = process.memoryUsage().heapUsed - before
  assert.ok(grown < 8_000_000, `the heap has grown by ${grown} bytes`)
})

test('a key that is empty, too long or not printable is refused by name, and nothing is started', async () => {
  const { app, started } = notingEdge()

  for (const key of ['', 'k'.repeat(256), 'a\tb', 'schlüssel']) {
    const answer = await app.inject({
      method: 'POST',
      url: URL,
      headers: { ...headers, 'idempotency-key': key },
      payload: '{"prompt":"a"}',
    })
    assert.equal(answer.statusCode, 400, JSON.stringify(key))
    assert.match(answer.json().error.message, /^Idempotency-Key must be 1 to 255 printable ASCII characters\.$/)
  }
  assert.equal(started.length, 0)
})

test('a key of 255 characters is a key', async () => {
  const { told } = notingEdge()

  assert.equal((await told('{"prompt":"a"}', { key: '~'.repeat(255) })).key.length, 255)
})

test('the header twice is refused, whether the keys differ or not', async () => {
  const { app, started } = notingEdge()
  const port = await listen(app)

  for (const second of ['order-1', 'order-2']) {
    const connection = rawConnection(port)
    const twice = { 'Idempotency-Key': 'order-1', 'idempotency-key': second }
    connection.socket.write(post(URL, { prompt: 'a' }, twice))
    const answer = await connection.until((received) => received.includes('}}'))
    connection.socket.destroy()

    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.match(answer, /Idempotency-Key is given more than once\./)
  }
  assert.equal(started.length, 0)
})

test('a route that only asks does not look at the header', async () => {
  const { app } = testEdge()

  const answer = await app.inject({ url: '/api/v1/key', headers: { ...headers, 'idempotency-key': '' } })

  assert.equal(answer.statusCode, 200)
})
