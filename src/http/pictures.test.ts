import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'

import sharp from 'sharp'

import { systemClock } from '../core/clock.ts'
import { fail } from '../core/errors.ts'
import { err, ok } from '../core/result.ts'
import { listen, LIVE_KEY, stored, testEdge } from './test-edge.ts'

const ID = 'gen-1790000000-abcdefghijklmnopqrst'
const bearer = { authorization: `Bearer ${LIVE_KEY}` }
const url = `/api/v1/generations/${ID}/images/0`

async function png(): Promise<Buffer> {
  return sharp({ create: { width: 64, height: 64, channels: 3, background: '#3060c0' } })
    .png()
    .toBuffer()
}

test('a picture’s own bytes, with every header that keeps it from doing harm', async () => {
  const bytes = await png()
  const { app } = testEdge({ picture: async () => ok({ ...stored(bytes), expiresAt: systemClock.now() + 3_600_500 }) })
  const port = await listen(app)

  const answer = await fetch(`http://127.0.0.1:${port}${url}`, { headers: bearer })
  const received = Buffer.from(await answer.arrayBuffer())

  assert.deepEqual(received, bytes)
  assert.equal(answer.headers.get('etag'), `"${createHash('sha256').update(bytes).digest('hex')}"`)
  assert.equal(answer.headers.get('content-type'), 'image/png')
  assert.equal(answer.headers.get('content-length'), String(bytes.length))
  assert.equal(answer.headers.get('cache-control'), 'private, max-age=3600, immutable')
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'.*sandbox/)
  assert.equal(answer.headers.get('content-disposition'), `inline; filename="${ID}-0.png"`)
  await app.close()
})

test('ranges: 206 with the right bytes, 416 beyond the end, the whole for what is no single range', async () => {
  const bytes = Buffer.from('0123456789')
  const { app } = testEdge({ picture: async () => ok(stored(bytes)) })
  const etag = `"${stored(bytes).sha256}"`
  const cases = [
    { range: 'bytes=2-5', status: 206, body: '2345', contentRange: 'bytes 2-5/10' },
    { range: 'bytes=7-', status: 206, body: '789', contentRange: 'bytes 7-9/10' },
    { range: 'bytes=-3', status: 206, body: '789', contentRange: 'bytes 7-9/10' },
    { range: 'bytes=-30', status: 206, body: '0123456789', contentRange: 'bytes 0-9/10' },
    { range: 'bytes=8-99', status: 206, body: '89', contentRange: 'bytes 8-9/10' },
    { range: 'bytes=10-', status: 416, contentRange: 'bytes */10' },
    { range: 'bytes=-0', status: 416, contentRange: 'bytes */10' },
    { range: 'bytes=5-2', status: 200, body: '0123456789' },
    { range: 'bytes=0-1,4-5', status: 200, body: '0123456789' },
    { range: 'bytes=2-5', ifRange: '"other"', status: 200, body: '0123456789' },
    { range: 'bytes=2-5', ifRange: etag, status: 206, body: '2345', contentRange: 'bytes 2-5/10' },
  ]

  for (const { range, ifRange, status, body, contentRange } of cases) {
    const headers = { ...bearer, range, ...(ifRange !== undefined && { 'if-range': ifRange }) }
    const answer = await app.inject({ url, headers })
    assert.equal(answer.statusCode, status, range)
    assert.equal(answer.headers['content-range'], contentRange, range)
    if (body !== undefined) assert.equal(answer.body, body, range)
    if (body !== undefined) assert.equal(answer.headers['content-length'], String(body.length))
  }
})

test('what the caller already has is a 304, and HEAD opens nothing', async () => {
  const bytes = Buffer.from('0123456789')
  let opened = 0
  const picture = { ...stored(bytes), open: async () => ((opened += 1), stored(bytes).open()) }
  const { app } = testEdge({ picture: async () => ok(picture) })

  const same = await app.inject({ url, headers: { ...bearer, 'if-none-match': `"x", W/"${picture.sha256}"` } })
  const head = await app.inject({ method: 'HEAD', url, headers: bearer })

  assert.deepEqual([same.statusCode, same.body], [304, ''])
  assert.deepEqual([head.statusCode, head.headers['content-length'], head.body], [200, '10', ''])
  assert.equal(opened, 0)
})

test('an odd id, an odd index and a picture of somebody else are the same kind of 404', async () => {
  let asked = 0
  const { app } = testEdge({ picture: async () => ((asked += 1), err(fail('not_found', 'There is no such picture.'))) })

  for (const path of [url, '/api/v1/generations/..%2f..%2fetc/images/0', `/api/v1/generations/${ID}/images/-1`]) {
    const answer = await app.inject({ url: path, headers: bearer })
    assert.equal(answer.statusCode, 404, path)
    assert.equal(answer.json().error.message, 'There is no such picture.')
  }
  assert.equal(asked, 1)
})
