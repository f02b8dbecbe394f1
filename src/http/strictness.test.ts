import assert from 'node:assert/strict'
import { test } from 'node:test'

import { LIVE_KEY, listen, post, rawConnection, testEdge } from './test-edge.ts'

const AUTH = `authorization: Bearer ${LIVE_KEY}\r\n`
const JSON_TYPE = 'content-type: application/json\r\n'
const PICTURES = '/api/v1/pictures HTTP/1.1\r\nhost: gateway.test\r\n'

/** Each as it goes over the wire. None may reach a handler. */
const SMUGGLING: Record<string, string> = {
  'Content-Length and Transfer-Encoding': `POST ${PICTURES}${AUTH}${JSON_TYPE}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  'Transfer-Encoding and Content-Length': `POST ${PICTURES}${AUTH}${JSON_TYPE}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n`,
  'two different Content-Lengths': `POST ${PICTURES}${AUTH}${JSON_TYPE}content-length: 14\r\ncontent-length: 5\r\n\r\n{"prompt":"a"}`,
  'two equal Content-Lengths': `POST ${PICTURES}${AUTH}${JSON_TYPE}content-length: 14\r\ncontent-length: 14\r\n\r\n{"prompt":"a"}`,
  'a signed Content-Length': `POST ${PICTURES}${AUTH}${JSON_TYPE}content-length: +14\r\n\r\n{"prompt":"a"}`,
  'a folded header': `GET ${PICTURES}x-a: b\r\n c\r\n${AUTH}\r\n`,
  'a bare LF after the request line': `GET /api/v1/key HTTP/1.1\nhost: gateway.test\n${AUTH}\n\n`,
  'a bare LF inside a header': `GET ${PICTURES}x-a: b\nx-b: c\r\n${AUTH}\r\n`,
  'a bare CR inside a value': `GET ${PICTURES}x-a: b\rx-b: c\r\n${AUTH}\r\n`,
  'CRLF smuggled into the target': `GET /api/v1/key\r\nx-a: b HTTP/1.1\r\nhost: gateway.test\r\n${AUTH}\r\n`,
  'an unknown transfer coding': `POST ${PICTURES}${AUTH}${JSON_TYPE}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
  'chunked twice': `POST ${PICTURES}${AUTH}${JSON_TYPE}transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
  'chunked over HTTP/1.0': `POST /api/v1/pictures HTTP/1.0\r\nhost: a\r\n${AUTH}${JSON_TYPE}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  'space before the colon': `POST ${PICTURES}${AUTH}${JSON_TYPE}transfer-encoding : chunked\r\n\r\n0\r\n\r\n`,
  'a huge chunk extension': `POST ${PICTURES}${AUTH}${JSON_TYPE}transfer-encoding: chunked\r\n\r\ne;${'a'.repeat(20_000)}\r\n{"prompt":"a"}\r\n0\r\n\r\n`,
  'two Hosts': `GET /api/v1/key HTTP/1.1\r\nhost: gateway.test\r\nhost: other.test\r\n${AUTH}\r\n`,
  'no Host': `GET /api/v1/key HTTP/1.1\r\n${AUTH}\r\n`,
  'an absolute target of another host': `GET http://other.test/api/v1/key HTTP/1.1\r\nhost: gateway.test\r\n${AUTH}\r\n`,
  'two Authorizations': `GET /api/v1/key HTTP/1.1\r\nhost: gateway.test\r\n${AUTH}${AUTH}\r\n`,
  'an unknown expectation': `GET /api/v1/key HTTP/1.1\r\nhost: gateway.test\r\nexpect: 200-ok\r\n${AUTH}\r\n`,
  'a header named __proto__': `GET /api/v1/key HTTP/1.1\r\nhost: gateway.test\r\n__proto__: x\r\n${AUTH}\r\n`,
  'a header named constructor': `GET /api/v1/key HTTP/1.1\r\nhost: gateway.test\r\nConstructor: x\r\n${AUTH}\r\n`,
}

/** Pipelined behind every case: were the framing misread, it would be answered, too. */
const SECOND = `GET /health HTTP/1.1\r\nhost: gateway.test\r\n\r\n`

for (const [name, text] of Object.entries(SMUGGLING))
  test(`X16: ${name}: 400 in the envelope, closed, and nothing behind it is answered`, async () => {
    const { app, looked } = testEdge()
    const connection = rawConnection(await listen(app))

    connection.socket.write(text + SECOND, 'latin1')
    await connection.closed

    const answers = connection.state.received.split('HTTP/1.1 ').slice(1)
    assert.equal(answers.length, 1, connection.state.received)
    assert.match(answers[0] ?? '', /^400 Bad Request\r\n/)
    assert.match(answers[0] ?? '', /\r\nconnection: close\r\n/i)
    assert.match(answers[0] ?? '', /"kind":"invalid_request"/)
    assert.match(answers[0] ?? '', /x-error-by: caller/)
    // A framing error inside a chunked body comes after its headers, and with them the key, were in order.
    assert.ok(looked.length <= (name === 'a huge chunk extension' ? 1 : 0), 'the key was looked up')
    await app.close()
  })

test('headers above 16 KiB are a 431 in the envelope of the path', async () => {
  const { app } = testEdge()
  const connection = rawConnection(await listen(app))

  connection.socket.write(`GET /v1/models HTTP/1.1\r\nhost: a\r\nx-a: ${'a'.repeat(17_000)}\r\n\r\n`)
  await connection.closed

  assert.match(connection.state.received, /^HTTP\/1\.1 431 /)
  assert.match(connection.state.received, /"code":"headers_too_large","dialect":"openai"/)
  await app.close()
})

test('an absolute target that agrees with Host is served like any other', async () => {
  const { app } = testEdge()
  const connection = rawConnection(await listen(app))

  connection.socket.write('GET http://gateway.test/health?x=1 HTTP/1.1\r\nhost: gateway.test\r\n\r\n')
  const answer = await connection.until((received) => received.includes('}'))
  connection.socket.destroy()

  assert.match(answer, /^HTTP\/1\.1 200 /)
  await app.close()
})

test('X17: forbidden names in a query are refused, in any spelling, and no prototype changes', async () => {
  const { app } = testEdge()

  for (const query of [
    '__proto__=1',
    '%5F_proto__=1',
    'a[__proto__]=1',
    'a.constructor=1',
    'prototype',
    'a=1&__proto__[x]=2',
  ]) {
    const answer = await app.inject(`/api/v1/models?${query}`)
    assert.equal(answer.statusCode, 400, query)
  }
  const innocent = await app.inject('/api/v1/models?limit=5&q=__proto__')

  assert.equal(innocent.statusCode, 200)
  assert.equal(({} as Record<string, unknown>)['x'], undefined)
  assert.equal((await app.inject('/health')).statusCode, 200)
})

test('garbage behind an answer that has begun breaks it off instead of being answered into it', async () => {
  const { app } = testEdge()
  const connection = rawConnection(await listen(app))

  connection.socket.write(post('/api/v1/pictures', { prompt: 'a' }) + 'GARBAGE\r\n\r\n')
  await connection.closed

  const statuses = connection.state.received.match(/HTTP\/1\.1 \d{3}/g) ?? []
  assert.ok(statuses.length <= 1 || statuses[1] === 'HTTP/1.1 400', connection.state.received)
  await app.close()
})
