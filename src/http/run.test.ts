import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { fail, type Failure } from '../core/errors.ts'
import { err, ok } from '../core/result.ts'
import { delivery, listen, LIVE_KEY, playedEngine, post, rawConnection, testEdge } from './test-edge.ts'

const headers = { authorization: `Bearer ${LIVE_KEY}`, 'content-type': 'application/json' }
const payload = '{"prompt":"a lake"}'
const call = { method: 'POST' as const, url: '/api/v1/pictures', headers, payload }

test('a refusal at admission has no generation id; everything after has one', async () => {
  const refused = testEdge({
    engine: playedEngine({ startFailure: fail('insufficient_credit', 'Too little.') }).engine,
  })
  const played = playedEngine()
  const failing = testEdge({ engine: played.engine })

  const before = await refused.app.inject(call)
  const waiting = failing.app.inject(call)
  await played.until(1)
  played.finish(err(fail('content_refused', 'Refused.')))
  const after = await waiting

  assert.deepEqual([before.statusCode, before.headers['x-generation-id']], [402, undefined])
  assert.equal(after.statusCode, 400)
  assert.equal(after.headers['x-generation-id'], played.started[0]?.id)
  assert.equal(after.json().error.metadata.generationId, played.started[0]?.id)
})

test('the engine is told who asks and what headers and body said about it', async () => {
  const played = playedEngine({ delivery: () => delivery(8) })
  const { app } = testEdge({ engine: played.engine })

  await app.inject({
    ...call,
    headers: {
      ...headers,
      'http-referer': 'https://app.test',
      'x-title': 'App',
      'x-openrouter-title': 'Newer App',
      'x-session-id': 'session-1',
      'user-agent': 'agent/1',
      origin: 'https://page.test',
      'x-request-id': 'trace-77',
    },
    payload: '{"prompt":"a","user":"u-1"}',
  })

  assert.deepEqual(played.started[0]?.owner, {
    workspaceId: 'ws-1',
    mode: 'live',
    keyHash: 'a'.repeat(64),
    surface: 'openrouter/createPicture',
    streamed: false,
    caller: {
      requestId: 'trace-77',
      referer: 'https://app.test',
      title: 'Newer App',
      origin: 'https://page.test',
      userAgent: 'agent/1',
      user: 'u-1',
      sessionId: 'session-1',
    },
  })
})

test('after a paid call clients are told not to repeat by themselves', async () => {
  const cases: { failure: Failure; status: number; shouldRetry?: string; retryAfter?: string; retryable: string }[] = [
    { failure: fail('timeout', 'Too late.', { sent: true }), status: 408, shouldRetry: 'false', retryable: 'false' },
    {
      failure: fail('upstream_failed', 'Broken.', { sent: true }),
      status: 502,
      shouldRetry: 'false',
      retryAfter: '60',
      retryable: 'false',
    },
    { failure: fail('upstream_failed', 'No connection.'), status: 502, retryable: 'true' },
    { failure: fail('provider_unconfigured', 'No key.'), status: 502, shouldRetry: 'false', retryable: 'false' },
    {
      failure: fail('rate_limited', 'Wait.', { retryAfterMs: 1_200 }),
      status: 429,
      retryAfter: '2',
      retryable: 'true',
    },
    { failure: fail('content_refused', 'No.', { sent: true }), status: 400, retryable: 'false' },
  ]
  for (const { failure, status, shouldRetry, retryAfter, retryable } of cases) {
    const played = playedEngine()
    const { app } = testEdge({ engine: played.engine })
    const waiting = app.inject(call)
    await played.until(1)
    played.finish(err(failure))

    const answer = await waiting

    assert.equal(answer.statusCode, status)
    assert.equal(answer.headers['x-should-retry'], shouldRetry, failure.message)
    assert.equal(answer.headers['retry-after'], retryAfter, failure.message)
    assert.equal(answer.headers['x-error-retryable'], retryable, failure.message)
  }
})

test('a caller that leaves stops the waiting, not the work', async () => {
  const played = playedEngine()
  const { app, lines } = testEdge({ engine: played.engine })
  const connection = rawConnection(await listen(app))

  connection.socket.write(post('/api/v1/pictures', { prompt: 'a' }))
  await played.until(1)
  connection.socket.destroy()
  while (lines.length === 0) await systemClock.sleep(2)

  assert.equal(played.engine.inFlight().length, 1)
  assert.match(lines[0] ?? '', /"status":499/)
  assert.match(lines[0] ?? '', /"generation":"gen-/)
  played.finish(ok(delivery(8)))
  await app.close()
  assert.doesNotMatch(lines.join(''), /unexpected error/)
})

test('an engine that loses its database while we wait is a 500 with the generation’s id', async () => {
  const played = playedEngine()
  const { app, lines } = testEdge({
    engine: { ...played.engine, wait: () => Promise.reject(new Error('database lost')) },
  })

  const answer = await app.inject(call)

  assert.equal(answer.statusCode, 500)
  assert.equal(answer.headers['x-generation-id'], played.started[0]?.id)
  assert.doesNotMatch(answer.body + lines.join(''), /database lost/)
})

test('Prefer: respond-async answers 202 at once, wait=N after N seconds, and neither without asking', async () => {
  const played = playedEngine()
  const { app } = testEdge({ engine: played.engine })
  const ask = (prefer: string) => app.inject({ ...call, headers: { ...headers, prefer } })

  const at = systemClock.monotonic()
  const now = await ask('respond-async')
  const later = await ask('handling=lenient, Wait=1')
  const waitedMs = systemClock.monotonic() - at
  const inTime = ask('wait=5')
  await played.until(3)
  played.finish(ok(delivery(8)))

  assert.equal(now.statusCode, 202)
  assert.equal(now.headers['preference-applied'], 'respond-async')
  assert.equal(now.headers.location, `/api/v1/generations/${played.started[0]?.id}`)
  assert.deepEqual(Object.keys(now.json()), ['id', 'status', 'created_at', 'progress', 'links'])
  assert.deepEqual([later.statusCode, later.headers['preference-applied']], [202, 'wait=1'])
  assert.ok(waitedMs >= 990)
  assert.equal((await inTime).statusCode, 200)
  assert.equal(played.engine.inFlight().length, 2)
})
