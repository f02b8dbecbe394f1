import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { fail } from '../core/errors.ts'
import { err, ok } from '../core/result.ts'
import { DatabaseAway } from '../db/database.ts'
import { stop } from './stop.ts'
import { ADMIN_KEY, listen, LIVE_KEY, playedEngine, testEdge } from './test-edge.ts'

const bearer = { authorization: `Bearer ${LIVE_KEY}` }
const json = { ...bearer, 'content-type': 'application/json' }

test('X6: every registered route declares who may use it, and one that does not cannot be registered', async () => {
  const { app } = testEdge()
  await app.ready()

  const table = app.edge.routes.map(({ method, path, access }) => `${access} ${method} ${path}`).sort()

  assert.deepEqual(table, [
    'admin GET /metrics',
    'admin HEAD /metrics',
    'admin POST /api/v1/keys',
    'any GET /api/v1/key',
    'any HEAD /api/v1/key',
    'key GET /api/v1/generations/:id/images/:index',
    'key HEAD /api/v1/generations/:id/images/:index',
    'key POST /api/v1/pictures',
    'key POST /v1/images/generations',
    'none GET /api/v1/models',
    'none GET /health',
    'none GET /openapi.json',
    'none GET /ready',
    'none HEAD /api/v1/models',
    'none HEAD /health',
    'none HEAD /openapi.json',
    'none HEAD /ready',
    'none OPTIONS *',
  ])
  const { app: open } = testEdge()
  assert.throws(() => open.get('/open', () => 'anybody'), /declares no access/)
})

test('an unknown route is a 404 in the envelope of its dialect, without a key being looked up', async () => {
  const { app, looked } = testEdge()

  const openrouter = await app.inject({ method: 'POST', url: '/api/v1/nothing', headers: json, payload: '{}' })
  const openai = await app.inject({ url: '/v1/nothing?x=1', headers: bearer })
  const nobody = await app.inject({ url: '/nothing', headers: bearer })

  assert.equal(openrouter.statusCode, 404)
  assert.equal(openrouter.json().error.code, 404)
  assert.equal(openai.json().error.dialect, 'openai')
  assert.equal(nobody.json().error.metadata.kind, 'not_found')
  assert.deepEqual(looked, [])
})

test('a known path with another method is a 405 that names the methods', async () => {
  const { app } = testEdge()

  const wrong = await app.inject({ method: 'DELETE', url: '/api/v1/pictures', headers: bearer })
  const withParameters = await app.inject({ method: 'POST', url: '/api/v1/generations/x/images/0', headers: bearer })

  assert.equal(wrong.statusCode, 405)
  assert.equal(wrong.headers.allow, 'POST')
  assert.equal(withParameters.headers.allow, 'GET, HEAD')
})

test('R19: each failure before the handler says who failed, whether to retry, and carries the request id', async () => {
  const { app } = testEdge({
    ready: async () => err('the database is gone'),
    authenticate: async (key) =>
      key === 'broken' ? Promise.reject(new Error('lost')) : err(fail('invalid_api_key', 'no')),
  })
  const picture = { method: 'POST' as const, url: '/api/v1/pictures' }
  const cases = [
    { status: 404, by: 'caller', request: { url: '/nothing' } },
    { status: 405, by: 'caller', request: { method: 'PATCH' as const, url: '/health' } },
    { status: 401, by: 'caller', request: picture },
    { status: 401, by: 'caller', request: { ...picture, headers: json } },
    { status: 503, by: 'gateway', request: { ...picture, headers: { authorization: 'Bearer broken' } } },
    { status: 503, by: 'gateway', request: { url: '/ready' } },
    { status: 400, by: 'caller', request: { url: '/%zz' } },
    { status: 400, by: 'caller', request: { url: '/api/v1/models?limit=1000' } },
    { status: 400, by: 'caller', request: { url: '/api/v1/models?__proto__=1' } },
  ]

  for (const { status, by, request } of cases) {
    const answer = await app.inject(request)
    assert.equal(answer.statusCode, status, JSON.stringify(request))
    assert.equal(answer.headers['x-error-by'], by)
    assert.equal(answer.headers['x-error-retryable'], String(status === 503))
    assert.match(String(answer.headers['x-request-id']), /^req-\w{20}$/)
    assert.equal(answer.json().error.metadata.requestId, answer.headers['x-request-id'])
  }
})

test('R7: a lost key store is a 503 with Retry-After, never a 401', async () => {
  const { app } = testEdge({ authenticate: async () => Promise.reject(new Error('connection refused')) })

  const answer = await app.inject({ url: '/api/v1/key', headers: bearer })

  assert.equal(answer.statusCode, 503)
  assert.equal(answer.headers['retry-after'], '2')
})

test('R7: work that a lost database broke off is a 503 with Retry-After', async () => {
  const { app } = testEdge({ answer: async () => Promise.reject(new DatabaseAway('the server ended the connection')) })

  const answer = await app.inject({ url: '/api/v1/key', headers: bearer })

  assert.equal(answer.statusCode, 503)
  assert.equal(answer.headers['retry-after'], '2')
})

test('bodies: what is no JSON, no object of the schema, of another type or empty is refused by name', async () => {
  const { app } = testEdge()
  const send = (payload: string, headers: Record<string, string> = json) =>
    app.inject({ method: 'POST', url: '/api/v1/pictures', headers, payload })

  assert.deepEqual(
    await Promise.all(
      [
        send('{"prompt":'),
        send('{"prompt":"a","__proto__":{"x":1}}'),
        send('{"constructor":1}'),
        send('{"prompt":1}'),
        send(''),
        send('', bearer),
        send('prompt=a', { ...bearer, 'content-type': 'application/x-www-form-urlencoded' }),
        send('{}', bearer),
        send('{}', { ...bearer, 'content-type': 'application/json; charset=latin1' }),
        send('{}', { ...json, 'content-encoding': 'gzip' }),
        send('{"prompt":"a"}', { ...bearer, 'content-type': 'application/json; charset=utf-8' }),
      ].map(async (answer) => [(await answer).statusCode, (await answer).json().error?.metadata.kind]),
    ),
    [
      [400, 'invalid_json'],
      [400, 'invalid_json'],
      [400, 'invalid_json'],
      [400, 'invalid_request'],
      [400, 'invalid_json'],
      [400, 'invalid_json'],
      [415, 'unsupported_media_type'],
      [415, 'unsupported_media_type'],
      [415, 'unsupported_media_type'],
      [415, 'unsupported_media_type'],
      [200, undefined],
    ],
  )
  assert.equal(({} as Record<string, unknown>)['x'], undefined)
})

test('asks: status of the table, the answer presented, and the wrong kind of key refused in OpenRouter’s words', async () => {
  const { app } = testEdge()
  const create = (key: string) =>
    app.inject({
      method: 'POST',
      url: '/api/v1/keys',
      headers: { ...json, authorization: `Bearer ${key}` },
      payload: '{"name":"n"}',
    })

  const created = await create(ADMIN_KEY)
  const refused = await create(LIVE_KEY)
  const generating = await app.inject({
    method: 'POST',
    url: '/api/v1/pictures',
    headers: { ...json, authorization: `Bearer ${ADMIN_KEY}` },
    payload: '{"prompt":"a"}',
  })

  assert.deepEqual([created.statusCode, created.json()], [201, { created: true }])
  assert.equal(refused.statusCode, 403)
  assert.equal(refused.json().error.message, 'Only management keys can perform this operation')
  assert.equal(generating.statusCode, 403)
  assert.match(generating.json().error.message, /^Management keys cannot be used here/)
})

test('a preflight from any origin is answered without a key, echoes what is asked for, and is cached', async () => {
  const { app, looked } = testEdge()

  const answer = await app.inject({
    method: 'OPTIONS',
    url: '/api/v1/pictures',
    headers: {
      origin: 'https://app.test',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,idempotency-key,prefer,x-stainless-lang',
    },
  })

  assert.equal(answer.statusCode, 204)
  assert.equal(answer.headers['access-control-allow-origin'], '*')
  assert.equal(
    answer.headers['access-control-allow-headers'],
    'authorization,content-type,idempotency-key,prefer,x-stainless-lang',
  )
  assert.match(String(answer.headers['access-control-allow-methods']), /DELETE/)
  assert.equal(answer.headers['access-control-max-age'], '86400')
  assert.deepEqual(looked, [])
})

test('health is always alive; ready follows the parts and the stop', async () => {
  let state: ReturnType<typeof ok<void>> | ReturnType<typeof err<string>> = ok(undefined)
  const { app } = testEdge({ ready: async () => state })

  const ready = await app.inject('/ready')
  state = err('The disk for pictures is full.')
  const full = await app.inject('/ready')
  state = ok(undefined)
  app.edge.stopping = true
  const stopping = await app.inject('/ready')
  const alive = await app.inject('/health')

  assert.deepEqual([ready.statusCode, full.statusCode, stopping.statusCode, alive.statusCode], [200, 503, 503, 200])
  assert.equal(full.json().error.message, 'The disk for pictures is full.')
  assert.equal(stopping.headers['retry-after'], '5')
})

test('metrics count by route pattern, and only this machine or an admin key reads them', async () => {
  const { app } = testEdge()
  const port = await listen(app)
  await fetch(`http://127.0.0.1:${port}/api/v1/models`)
  await fetch(`http://127.0.0.1:${port}/secret/path`)
  await systemClock.sleep(20)

  const local = await fetch(`http://127.0.0.1:${port}/metrics`)
  const proxied = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { 'x-forwarded-for': '203.0.113.9' } })
  const keyed = await app.inject({
    url: '/metrics',
    remoteAddress: '203.0.113.9',
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  })
  const foreign = await app.inject({ url: '/metrics', remoteAddress: '203.0.113.9', headers: bearer })

  const text = await local.text()
  assert.match(text, /plantain_http_requests_total\{method="GET",route="\/api\/v1\/models",status="200"\} 1/)
  assert.match(text, /route="\(none\)",status="404"\} 1/)
  assert.match(text, /plantain_generations_in_flight 0/)
  assert.match(text, /nodejs_eventloop_lag_p99_seconds/)
  assert.deepEqual([proxied.status, keyed.statusCode, foreign.statusCode], [401, 200, 403])
  await app.close()
})

test('the OpenAPI document holds exactly the mounted routes', async () => {
  const { app } = testEdge()

  const document = (await app.inject('/openapi.json')).json()

  assert.equal(document.openapi, '3.1.0')
  assert.deepEqual(Object.keys(document.paths).sort(), [
    '/api/v1/key',
    '/api/v1/keys',
    '/api/v1/models',
    '/api/v1/pictures',
    '/v1/images/generations',
  ])
  const { post: operation } = document.paths['/api/v1/pictures']
  assert.equal(operation.operationId, 'createPicture')
  assert.deepEqual(operation.requestBody.content['application/json'].schema.required, ['prompt'])
  assert.deepEqual(document.paths['/api/v1/models'].get.security, [])
  assert.deepEqual(document.paths['/api/v1/models'].get.parameters[0].name, 'limit')
})

test('a stopped server has nothing left open', async () => {
  const { app } = testEdge()
  await listen(app)

  assert.equal(await stop(app, playedEngine().engine, 1_000, systemClock), true)
  assert.equal(app.server.listening, false)
})
