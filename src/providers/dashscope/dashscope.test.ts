import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'

import type { JsonValue } from '../../core/json-blob.ts'
import { answer, cutOff, playback } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import { bytesOf, failureOf, type RecordedFailure } from '../test-fixtures.ts'
import { adapterOf, jobContract, PICTURE, type Play, playing, quickCall, watchedCall } from '../test-jobs.ts'
import { DASHSCOPE } from './entry.ts'
import { makeDashScope } from './provider.ts'

const AT_ONCE = '/api/v1/services/aigc/multimodal-generation/generation'
const TASKS = '/api/v1/services/aigc/image-generation/generation'
const WAN = 'wan2.7-image'
const QWEN = 'qwen-image-2.0'
const TASK_ID = '86ecf553-d340-4e21-af6e-a0c6a421c010'
const TASK = `/api/v1/tasks/${TASK_ID}`
const { generate, cancel, found } = adapterOf(makeDashScope, WAN)
const atOnce = adapterOf(makeDashScope, QWEN)
const MESSAGES = [{ role: 'user', content: [{ text: 'a red fox' }] }]
const failures = JSON.parse(fixture('errors.json')) as RecordedFailure[]

const common = {
  credentialHeader: ['authorization', (credential: string) => `Bearer ${credential}`],
  deliveries: /^\/files\//,
} as const

describe('a model that answers at once', () => {
  providerContract(makeDashScope, {
    ...common,
    model: QWEN,
    path: AT_ONCE,
    smallestBody: { model: QWEN, input: { messages: MESSAGES }, parameters: {} },
    answerWith: (base64) => fixture('picture.json').replace('{{picture}}', base64),
    failures,
    traits: DASHSCOPE.traits,
  })
})

describe('a model that works by tasks', () => {
  providerContract(makeDashScope, {
    ...common,
    model: WAN,
    path: TASKS,
    // One picture is what was asked for, and its own number is several.
    smallestBody: { model: WAN, input: { messages: MESSAGES }, parameters: { n: 1 } },
    answerWith: (base64) => fixture('submitted.json').replace('{{picture}}', base64),
    freeAnswer: (request, picture) => task({ picture })(request),
    failures: failures.filter(({ status }) => status !== 200),
  })
})

describe('a picture that comes at once', { concurrency: 4 }, () => {
  test('is fetched from where the answer says, whatever choice and item it stands in, and words are passed over', async () => {
    const image = (name: string) => ({ image: `{{origin}}/files/${name}` })
    const choices = [
      { message: { role: 'assistant', content: [{ text: 'rewritten' }, image('a.png'), image('b.png')] } },
      { message: { content: [image('c.png')] } },
      { message: { content: 'words' } },
      null,
    ]
    await using server = await files((origin) =>
      answer(200, JSON.stringify({ request_id: 'r-7', output: { choices } }).replaceAll('{{origin}}', origin)),
    )

    const generated = await atOnce.generate(quickCall(server.url))

    assert.ok(generated.ok)
    assert.deepEqual(
      [generated.value.images.length, generated.value.text, generated.value.upstreamId],
      [3, undefined, 'r-7'],
    )
    assert.ok(generated.value.images.every(({ blob }) => bytesOf(blob).equals(PICTURE)))
  })

  test('and of which one of two cannot be had gives the other', async () => {
    const content = ['a.png', 'gone.png'].map((name) => ({ image: `{{origin}}/files/${name}` }))
    const body = JSON.stringify({ output: { choices: [{ message: { content } }] } })
    await using server = await files((origin) => answer(200, body.replaceAll('{{origin}}', origin)))

    const generated = await atOnce.generate(quickCall(server.url))

    assert.ok(generated.ok)
    assert.equal(generated.value.images.length, 1)
  })

  test('tells how long to wait when there are too many', async () => {
    await using server = await playback((_, response) =>
      response.writeHead(429, { 'retry-after': '7' }).end('{"code":"Throttling","message":"slow down"}'),
    )

    const failure = failureOf(await atOnce.generate(quickCall(server.url)))

    assert.deepEqual([failure.kind, failure.billed, failure.retryAfterMs], ['rate_limited', 'no', 7_000])
  })
})

describe('a task of DashScope', { concurrency: 4 }, () => {
  test('is submitted as one, written down before it is asked after, told of, and fetched', async () => {
    const states = ['PENDING', 'PENDING', 'RUNNING', 'SUSPENDED', 'SUCCEEDED']
    await using server = await playing(task({ statuses: states }))
    const { call, seen, progress } = watchedCall(server)

    const generated = await generate(call)

    assert.ok(generated.ok)
    assert.equal(server.requests[0]?.headers['x-dashscope-async'], 'enable')
    assert.deepEqual(seen, [TASK_ID, 'POST'])
    assert.ok(bytesOf(generated.value.images[0]?.blob).equals(PICTURE))
    assert.equal(generated.value.upstreamId, TASK_ID)
    assert.deepEqual(
      progress.map((event) => event.type === 'status' && event.message),
      ['Waiting in the queue.', 'The picture is being made.'],
    )
  })

  test('of which some pictures were refused gives the others', async () => {
    const results = [
      { url: '{{origin}}/files/a.png', orig_prompt: 'a kite', actual_prompt: 'a kite in the wind' },
      { code: 'DataInspectionFailed', message: 'Output data may contain inappropriate content.' },
      { url: '{{origin}}/files/b.png' },
    ]
    await using server = await playing(task({ output: { task_status: 'SUCCEEDED', results } }))

    const generated = await generate(quickCall(server.url))

    assert.ok(generated.ok)
    assert.equal(generated.value.images.length, 2)
  })

  jobContract(makeDashScope, {
    model: WAN,
    id: TASK_ID,
    places: [TASK],
    resumed: [`GET ${TASK}`, 'GET /files/fox.png?Expires=1'],
    within: /^\/api\/v1\/tasks\/[^/?]+$/,
    done: () => task({}),
    pending: () => task({ statuses: ['RUNNING'] }),
    ended: ({ body }) => task({ result: answer(200, JSON.stringify(body)) }),
    endings: JSON.parse(fixture('results.json')) as RecordedFailure[],
    troubles: [
      ['a reset', (_, response) => response.socket?.resetAndDestroy()],
      ['a page of an edge', answer(502, '<html>Bad gateway</html>')],
      ['half an answer', cutOff('{"output":{"task_status":"SUCCEEDED"}}')],
      ['too many questions', answer(429, '{"code":"Throttling","message":"QPS"}')],
      ['a task that is not known yet', answer(200, '{"output":{"task_status":"UNKNOWN"}}')],
      ['a status that nobody has heard of', answer(200, '{"output":{"task_status":"THINKING"}}')],
    ],
    unknown: answer(200, '{"output":{"task_id":"t","task_status":"UNKNOWN"}}'),
  })
})

describe('cancelling a task of DashScope', () => {
  for (const [what, listener, expected] of [
    ['that waits', answer(200, '{"request_id":"r"}'), 'cancelled'],
    ['that runs', answer(400, '{"code":"UnsupportedOperation","message":"PENDING only"}'), 'too_late'],
    ['while nobody answers', (_, response) => response.socket?.resetAndDestroy(), 'too_late'],
  ] as const satisfies readonly (readonly [string, RequestListener, string])[]) {
    test(`${what} is ${expected}`, async () => {
      await using server = await playback(listener)

      assert.equal(await cancel(TASK_ID, quickCall(server.url)), expected)
      assert.deepEqual(
        server.requests.map(({ method, path }) => `${method} ${path}`),
        [`POST ${TASK}/cancel`],
      )
    })
  }
})

describe('the free question', () => {
  for (const [status, body, says] of [
    [200, '{"request_id":"r","data":[],"total":3}', 'the key is good, and has seen 3 tasks in a day'],
    [200, '{}', 'the key is good'],
    [401, '{"code":"InvalidApiKey","message":"Invalid API-key provided."}', 'unauthorized: Invalid API-key provided.'],
  ] as const) {
    test(`that is answered ${status} ${body} says: ${says}`, async () => {
      await using server = await playback(answer(status, body))

      assert.equal(await found(quickCall(server.url)), says)
      assert.equal(server.requests[0]?.path, '/api/v1/tasks?page_no=1&page_size=1')
    })
  }
})

interface Scene {
  /** One after the other; the last stays. */
  readonly statuses?: readonly string[]
  readonly output?: JsonValue
  readonly result?: RequestListener
  readonly picture?: Buffer
}

/** What DashScope answers to everything about one task. */
function task({ statuses = ['SUCCEEDED'], output, result, picture = PICTURE }: Scene): Play {
  let asked = 0
  return (request) => {
    const path = request.url ?? ''
    if (request.method === 'POST') return answer(200, fixture('submitted.json'))
    if (path.startsWith('/files/')) {
      return (_, response) => response.writeHead(200, { 'content-type': 'image/png' }).end(picture)
    }
    if (path !== TASK) return answer(404, '{}')
    const status = statuses[Math.min(asked, statuses.length - 1)]
    asked += 1
    if (status !== 'SUCCEEDED')
      return answer(200, JSON.stringify({ output: { task_id: TASK_ID, task_status: status } }))
    const text = output === undefined ? fixture('succeeded.json') : JSON.stringify({ request_id: 'r', output })
    return result ?? answer(200, text.replaceAll('{{origin}}', `http://${request.headers.host}`))
  }
}

/** One answer, and the files that it names; `gone.png` is none of them. */
function files(answered: (origin: string) => RequestListener) {
  return playback((request, response) => {
    const path = request.url ?? ''
    if (!path.startsWith('/files/')) return answered(`http://${request.headers.host}`)(request, response)
    if (path.endsWith('gone.png')) return answer(404, 'gone')(request, response)
    response.writeHead(200, { 'content-type': 'image/png' }).end(PICTURE)
  })
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}
