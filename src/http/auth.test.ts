import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { ADMIN_KEY, LIVE_KEY, listen, rawConnection, testEdge } from './test-edge.ts'

test('a missing header and an odd one have their own words, and neither reaches the key store', async () => {
  const { app, looked } = testEdge()
  const ask = (authorization?: string) =>
    app.inject({ url: '/api/v1/key', headers: authorization === undefined ? {} : { authorization } })

  const missing = await ask()
  const odd = await ask('Basic dXNlcjpwYXNz')
  const long = await ask(`Bearer ${'a'.repeat(300)}`)

  assert.deepEqual([missing.statusCode, odd.statusCode, long.statusCode], [401, 401, 401])
  assert.equal(missing.json().error.message, 'Missing Authentication header')
  assert.match(odd.json().error.message, /must be `Bearer/)
  assert.equal(missing.headers['www-authenticate'], 'Bearer')
  assert.deepEqual(looked, [])
})

test('the scheme is read in any case and with any number of spaces', async () => {
  const { app } = testEdge()

  for (const authorization of [`Bearer ${LIVE_KEY}`, `bearer   ${LIVE_KEY}`, `BEARER ${ADMIN_KEY} `]) {
    const answer = await app.inject({ url: '/api/v1/key', headers: { authorization } })
    assert.equal(answer.statusCode, 200, authorization)
  }
})

test('X19: 10,000 odd Authorization values over real connections: 401 or the parser’s own refusal, 5 ms or less each', async (t) => {
  const { app } = testEdge()
  const port = await listen(app)
  const seed = 20_261_122
  t.diagnostic(`seed ${seed}`)
  const random = mulberry(seed)
  const values = Array.from({ length: 10_000 }, () => oddValue(random))
  const isForTheParser = (value: string): boolean => /[\0\x7f]/.test(value) || value.length > 16_000
  const started = systemClock.monotonic()

  // What only we refuse keeps its connection, so it is sent in runs; what the parser refuses costs a connection each.
  const ours = values.filter((value) => !isForTheParser(value))
  for (let at = 0; at < ours.length; at += 500) {
    const run = ours.slice(at, at + 500)
    const statuses = await statusesOf(port, run)
    assert.deepEqual(
      new Set(statuses),
      new Set(['401']),
      JSON.stringify(run[statuses.findIndex((status) => status !== '401')]),
    )
    assert.equal(statuses.length, run.length)
  }
  const parsers = values.filter(isForTheParser)
  for (const value of parsers)
    assert.match((await statusesOf(port, [value])).join(), /^4(00|31)$/, JSON.stringify(value.slice(0, 80)))

  const eachMs = (systemClock.monotonic() - started) / values.length
  t.diagnostic(`${ours.length} for us, ${parsers.length} for the parser, ${eachMs.toFixed(3)} ms each`)
  assert.ok(ours.length > 9_000 && parsers.length > 200)
  assert.ok(eachMs <= 5)
  assert.equal((await app.inject('/health')).statusCode, 200)
  await app.close()
})

/** The statuses of requests with these values, sent one after another on one connection. */
async function statusesOf(port: number, values: readonly string[]): Promise<readonly string[]> {
  const connection = rawConnection(port)
  const requests = values.map((value) => `GET /api/v1/key HTTP/1.1\r\nhost: a\r\nauthorization:${value}\r\n\r\n`)
  connection.socket.write(requests.join(''), 'latin1')
  const found = (received: string): readonly string[] => received.match(/HTTP\/1\.1 \d{3}/g) ?? []
  const received = await connection.until((text) => found(text).length === values.length)
  connection.socket.destroy()
  return found(received).map((line) => line.slice(-3))
}

/** Quotes, control bytes, invalid UTF-8, SQL, near misses and very long values; never a line break, which would end the header. */
function oddValue(random: () => number): string {
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? ''
  const pieces = [
    'Bearer',
    ' ',
    "'",
    '"',
    '\xff\xfe',
    '\xc3(',
    ';--',
    '%00',
    'sk-pl-live-',
    'Basic',
    '\t',
    '{}',
    'é',
    '$1',
    '\\',
  ]
  const text = Array.from({ length: Math.floor(random() * 8) }, () => pick(pieces)).join('')
  const kind = random()
  if (kind < 0.002) return ` Bearer ${'k'.repeat(16_384)}`
  if (kind < 0.03) return ` Bearer ${text}${pick(['\0', '\x7f'])}${text}`
  return kind < 0.5 ? ` Bearer ${text}` : ` ${text}`
}

/** Mulberry32: a small seeded generator, so that a failure can be replayed. */
function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
