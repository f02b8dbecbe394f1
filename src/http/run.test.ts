import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { fail, type Failure } from '../core/errors.ts'
import type { Receipt } from '../core/receipt.ts'
import { err, ok } from '../core/result.ts'
import type { Engine } from '../generations/engine-port.ts'
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

test('respond-async with a time to wait first answers in time or 202, and a stream asked that way has not begun by then', async () => {
  const played = playedEngine()
  const { app } = testEdge({ engine: played.engine })
  const ask = (prefer: string, body = payload) =>
    app.inject({ ...call, headers: { ...headers, prefer }, payload: body })
  const streamed = '{"prompt":"a lake","stream":true}'

  const late = await ask('respond-async, wait=1')
  const lateStream = await ask('respond-async', streamed)
  const inTime = ask('respond-async, wait=5', streamed)
  await played.until(3)
  played.finish(ok(delivery(8)))

  assert.deepEqual([late.statusCode, late.headers['preference-applied']], [202, 'respond-async, wait=1'])
  assert.deepEqual(
    [lateStream.statusCode, lateStream.headers['content-type']],
    [202, 'application/json; charset=utf-8'],
  )
  assert.deepEqual([(await inTime).statusCode, (await inTime).headers['content-type']], [200, 'text/event-stream'])
  assert.match((await inTime).body, /event: completed\n/)
})

test('wait=N does not touch a stream, which says that it does not', async () => {
  const played = playedEngine()
  const { app } = testEdge({ engine: played.engine })

  const answer = app.inject({
    ...call,
    headers: { ...headers, prefer: 'wait=0' },
    payload: '{"prompt":"a","stream":true}',
  })
  await played.until(1)
  await systemClock.sleep(20)
  played.finish(ok(delivery(8)))

  assert.equal((await answer).statusCode, 200)
  assert.equal((await answer).headers['preference-applied'], undefined)
  assert.match((await answer).body, /event: completed\n/)
})

test('a 202 tells how far the generation is and when to ask', async () => {
  const progress = { fraction: 0.25, message: 'in the queue', queue_position: 3 }
  const polled = { status: 'running', lines: [], created_at: '2026-11-22T00:00:00.000Z', finished_at: null, progress }
  const played = playedEngine()
  const { app } = testEdge({
    engine: played.engine,
    clock: { ...systemClock, now: () => 1_790_000_012_000 },
    answer: async () => ok(polled as unknown as Receipt),
  })

  const answer = await app.inject({ ...call, headers: { ...headers, prefer: 'respond-async' } })

  assert.equal(answer.headers['retry-after'], '2')
  assert.deepEqual(answer.json().progress, progress)
  assert.equal(answer.json().created_at, '2026-09-21T14:13:20.000Z')
})

test('a Prefer or a deadline that cannot be understood is a 400 that names its header, before anything is started', async () => {
  const played = playedEngine()
  const { app } = testEdge({ engine: played.engine })

  for (const [name, value] of [
    ['Prefer', 'wait=abc'],
    ['Prefer', 'wait=-1'],
    ['Prefer', 'wait=1, wait=2'],
    ['X-Plantain-Deadline', '5'],
  ] as const) {
    const answer = await app.inject({ ...call, headers: { ...headers, [name.toLowerCase()]: value } })
    assert.equal(answer.statusCode, 400, value)
    assert.match(answer.json().error.message, new RegExp(name))
  }
  assert.equal(played.started.length, 0)
})

test('the deadline of a request reaches the engine', async () => {
  const played = playedEngine({ delivery: () => delivery(8) })
  const { app } = testEdge({ engine: played.engine })

  await app.inject({ ...call, headers: { ...headers, 'x-plantain-deadline': '45' } })

  assert.equal(played.started[0]?.owner.deadlineMs, 45_000)
})

/** An engine in which an earlier call with the same key has started everything. */
function replaying(engine: Engine): Engine {
  return {
    ...engine,
    async start(request, owner) {
      const started = await engine.start(request, owner)
      return started.ok ? ok({ ...started.value, replayed: true }) : started
    },
  }
}

test('what an earlier call bought is presented as it was then, and said to be replayed, failures too', async () => {
  const bought = playedEngine({ delivery: () => delivery(100) })
  const failed = playedEngine()
  const failure = fail('upstream_failed', 'Broken.', { sent: true })

  const first = await testEdge({ engine: bought.engine }).app.inject(call)
  const second = await testEdge({ engine: replaying(bought.engine) }).app.inject(call)
  const waiting = testEdge({ engine: replaying(failed.engine) }).app.inject(call)
  await failed.until(1)
  failed.finish(err(failure))
  const third = await waiting

  assert.equal(first.headers['idempotent-replayed'], undefined)
  assert.deepEqual([second.statusCode, second.headers['idempotent-replayed'], second.body], [200, 'true', first.body])
  assert.deepEqual([third.statusCode, third.headers['idempotent-replayed']], [502, 'true'])
  assert.deepEqual([third.headers['x-should-retry'], third.headers['retry-after']], ['false', '60'])
})

test('a call that follows one still at work waits as long as it likes to, then is told to come again and where to look', async () => {
  const played = playedEngine()
  const { app } = testEdge({ engine: replaying(played.engine) })

  const answer = await app.inject({ ...call, headers: { ...headers, prefer: 'wait=1' } })
  const promised = await app.inject({ ...call, headers: { ...headers, prefer: 'respond-async' } })

  assert.deepEqual([answer.statusCode, answer.json().error.metadata.kind], [409, 'idempotency_in_progress'])
  assert.match(String(answer.headers['retry-after']), /^[1-5]$/)
  assert.equal(answer.headers.location, `/api/v1/generations/${played.started[0]?.id}`)
  assert.deepEqual([answer.headers['x-error-retryable'], answer.headers['x-should-retry']], ['true', undefined])
  assert.deepEqual([promised.statusCode, promised.headers['idempotent-replayed']], [202, 'true'])
})

test('a stream that follows another is told in the stream when its time is over, and otherwise ends like the first', async () => {
  const played = playedEngine()
  const { app } = testEdge({ engine: replaying(played.engine) })
  const ask = (prefer: string) =>
    app.inject({ ...call, headers: { ...headers, prefer }, payload: '{"prompt":"a","stream":true}' })

  const late = await ask('wait=1')
  const inTime = ask('wait=30')
  await played.until(2)
  played.finish(ok(delivery(8)))

  assert.deepEqual([late.statusCode, late.headers['idempotent-replayed']], [200, 'true'])
  assert.match(late.body, /"code":"idempotency_in_progress".*\n\ndata: \[DONE\]\n\n$/)
  assert.match((await inTime).body, /event: completed\n/)
})
