import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener } from 'node:http'
import { describe, test } from 'node:test'

import type { JsonValue } from '../../core/json-blob.ts'
import type { Progress } from '../../core/receipt.ts'
import { answer, callTo, cutOff, playback, withUpstream } from '../playback.ts'
import { bytesOf, failureOf, providerContract, type RecordedFailure } from '../provider-contract.ts'
import type { Call, Provider } from '../provider.ts'
import { FAL } from './entry.ts'
import { makeFal } from './provider.ts'

const MODEL = 'fal-ai/flux-2-pro'
const SUBMITTED = fixture('submitted.json')
const OUTPUT = fixture('output.json')
const REQUEST_ID = '0b6c9f1e-63d5-4b0c-9a53-1d1f3c5b7e21'
const JOB = `/${MODEL}/requests/${REQUEST_ID}`
const REQUEST = { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a kite' }] }] } as const
const PICTURE = Buffer.alloc(70_000, 'picture')

providerContract(makeFal, {
  model: MODEL,
  path: `/${MODEL}`,
  credentialHeader: ['authorization', (credential) => `Key ${credential}`],
  smallestBody: { prompt: 'a red fox' },
  answerWith: (base64) => SUBMITTED.replace('{{picture}}', base64),
  freeAnswer: (request, picture) => job({ picture })(request),
  deliveries: /^\/files\//,
  failures: recorded('submit-errors.json'),
  traits: FAL.traits,
  ableModels: { mask: 'fal-ai/ideogram/v3', negativePrompt: 'fal-ai/qwen-image', mostPerCall: 'fal-ai/flux/schnell' },
})

describe('a job of fal', { concurrency: 4 }, () => {
  test('is written down before it is first asked after, told of while it waits, and fetched once it is done', async () => {
    const states = ['IN_QUEUE', 'IN_QUEUE', 'IN_PROGRESS', 'COMPLETED']
    await using server = await queue({ statuses: states.map((status, at) => ({ status, queue_position: 2 - at })) })
    const seen: string[] = []
    const progress: Progress[] = []
    const call = {
      ...callTo(server.url),
      submitted: async (upstreamId: string) => {
        await new Promise((resolve) => setTimeout(resolve, 50))
        seen.push(upstreamId, ...server.requests.map(({ method }) => method))
      },
      progress: (event: Progress) => progress.push(event),
    }

    const generated = await generate(call)

    assert.ok(generated.ok)
    assert.deepEqual(seen, [REQUEST_ID, 'POST'])
    assert.ok(bytesOf(generated.value.images[0]?.blob).equals(PICTURE))
    assert.equal(generated.value.images[0]?.mediaType, 'image/jpeg')
    assert.equal(generated.value.images[0]?.blob.mediaType, 'image/jpeg')
    assert.equal(generated.value.upstreamId, REQUEST_ID)
    assert.deepEqual(
      progress.map((event) => event.type === 'status' && event.message),
      ['Waiting in the queue, 2 before it.', 'Waiting in the queue, 1 before it.', 'The picture is being made.'],
    )
  })

  test('says until when it may begin', async () => {
    await using server = await queue({})

    await generate(callTo(server.url, { deadlineMs: 4_000 }))

    assert.equal(server.requests[0]?.headers['x-fal-request-timeout'], '4')
  })

  for (const { name, status = 200, headers, body, expect, says } of recordedResults()) {
    test(`that ends with ${name} is ${expect.kind}, billed ${expect.billed}`, async () => {
      await using server = await queue({
        result: (_, response) =>
          response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body)),
      })

      const failure = failureOf(await generate(callTo(server.url)))

      assert.deepEqual({ ...failure, ...expect, upstreamId: REQUEST_ID }, failure)
      assert.ok(failure.message.includes(says), failure.message)
      assert.equal(server.requests.filter(({ method }) => method === 'POST').length, 1)
    })
  }

  for (const [name, trouble] of [
    ['a reset', (_, response) => response.socket?.resetAndDestroy()],
    ['a page of an edge', answer(502, '<html>Bad gateway</html>')],
    ['half an answer', cutOff(JSON.stringify({ status: 'COMPLETED' }))],
    ['a rate limit', answer(429, '{"detail":"Rate limit exceeded"}')],
    ['an id that is not known yet', answer(404, '{"detail":"Request not found"}')],
    ['a status that nobody has heard of', answer(200, '{"status":"THINKING"}')],
  ] as const satisfies readonly (readonly [string, RequestListener])[]) {
    test(`outlives ${name} where its status and its result should be`, async () => {
      const troubled = new Map<string, number>()
      await using server = await playback((request, response) => {
        const path = request.url ?? ''
        const times = troubled.get(path) ?? 0
        troubled.set(path, times + 1)
        // What is no trouble for a status would be the verdict on a result.
        const isStatus = path.endsWith('/status')
        const isHit = isStatus || (path === JOB && name !== 'a status that nobody has heard of')
        if (isHit && times === 0) trouble(request, response)
        else job({})(request)(request, response)
      })

      const generated = await generate(callTo(server.url))

      assert.ok(generated.ok, 'the picture was fetched')
      assert.equal(server.requests.filter(({ method }) => method === 'POST').length, 1)
    })
  }

  test('that is not done by the deadline is unknown, and keeps its id', async () => {
    await using server = await queue({ statuses: [{ status: 'IN_PROGRESS' }] })

    const failure = failureOf(await generate(callTo(server.url, { deadlineMs: 400 })))

    assert.deepEqual([failure.kind, failure.billed, failure.upstreamId], ['timeout', 'unknown', REQUEST_ID])
  })

  test('has every picture it made, without those that were blacked out, and the words that came along', async () => {
    const images = ['a', 'b', 'c'].map((name) => ({ url: `{{origin}}/files/${name}.png`, content_type: 'image/png' }))
    await using server = await queue({
      output: { images, has_nsfw_concepts: [false, true, false], description: 'Two foxes.' },
    })

    const generated = await generate(callTo(server.url))

    assert.ok(generated.ok)
    assert.deepEqual([generated.value.images.length, generated.value.text], [2, 'Two foxes.'])
    assert.deepEqual(fetchedFiles(server.requests), ['/files/a.png', '/files/c.png'])
  })

  test('of a model that makes one picture, or puts it into its answer, is read as well', async () => {
    for (const [output, text] of [
      [{ image: { url: '{{origin}}/files/one.png' } }, PICTURE.toString('latin1')],
      [{ images: [{ url: 'data:image/png;base64,QUJD' }] }, 'ABC'],
      [{ images: [{ url: `data:image/png;base64,${PICTURE.toString('base64')}` }] }, PICTURE.toString('latin1')],
    ] as const) {
      await using server = await queue({ output })

      const generated = await generate(callTo(server.url))

      assert.ok(generated.ok)
      assert.equal(bytesOf(generated.value.images[0]?.blob).toString('latin1'), text)
    }
  })
})

describe('a job of fal that another process began', () => {
  test('is asked after and fetched, never submitted', async () => {
    await using server = await queue({})

    const resumed = await resume(callTo(server.url))

    assert.ok(resumed.ok)
    assert.ok(bytesOf(resumed.value.images[0]?.blob).equals(PICTURE))
    assert.deepEqual(
      server.requests.map(({ method, path }) => `${method} ${path}`),
      [`GET ${JOB}/status`, `GET ${JOB}`, 'GET /files/lantern.jpg'],
    )
  })

  test('and that fal does not know, however often it is asked, is unknown', async () => {
    await using server = await playback(answer(404, '{"detail":"Request not found"}'))

    const failure = failureOf(await resume(callTo(server.url)))

    assert.deepEqual([failure.kind, failure.billed, server.requests.length], ['unavailable', 'unknown', 3])
  })

  test('with a key that has been withdrawn is given up, and is unknown', async () => {
    await using server = await playback(answer(401, '{"detail":"Authentication is required"}'))

    const failure = failureOf(await resume(callTo(server.url)))

    assert.deepEqual([failure.kind, failure.billed, server.requests.length], ['unauthorized', 'unknown', 3])
  })

  test('under an id that could lead elsewhere is not asked after', async () => {
    await using server = await queue({})
    for (const id of ['../../secrets', '..', 'a/b', '?x', '']) {
      const failure = failureOf(await withFal((fal) => fal.resume?.(id, REQUEST, toModel(callTo(server.url)))))

      assert.equal(failure.billed, 'unknown', id)
    }
    assert.deepEqual(
      server.requests.filter(({ path }) => !path.startsWith(`/${MODEL}/requests/`)),
      [],
    )
  })
})

describe('cancelling a job of fal', () => {
  const outcomes: readonly [what: string, before: string, status: number, after: string, 'cancelled' | 'too_late'][] = [
    ['that waits and is removed', 'IN_QUEUE', 200, 'COMPLETED', 'cancelled'],
    ['that waits and goes on waiting to be removed', 'IN_QUEUE', 202, 'IN_QUEUE', 'cancelled'],
    ['that begins in that moment', 'IN_QUEUE', 202, 'IN_PROGRESS', 'too_late'],
    ['that ends in that moment', 'IN_QUEUE', 400, 'COMPLETED', 'too_late'],
  ]
  for (const [what, before, status, after, expected] of outcomes) {
    test(`${what} is ${expected}`, async () => {
      await using server = await queue({
        statuses: [{ status: before }, { status: after }],
        cancel: answer(status, '{}'),
      })

      assert.equal(await withFal((fal) => fal.cancel?.(REQUEST_ID, toModel(callTo(server.url)))), expected)
      assert.deepEqual(
        server.requests.slice(0, 2).map(({ method, path }) => `${method} ${path}`),
        [`GET ${JOB}/status`, `PUT ${JOB}/cancel`],
      )
    })
  }

  test('that runs already is too late, and is not even asked for: it would be charged all the same', async () => {
    for (const status of ['IN_PROGRESS', 'COMPLETED']) {
      await using server = await queue({ statuses: [{ status }] })

      assert.equal(await withFal((fal) => fal.cancel?.(REQUEST_ID, toModel(callTo(server.url)))), 'too_late')
      assert.equal(server.requests.length, 1)
    }
  })
})

interface Scene {
  /** One after the other; the last stays. */
  readonly statuses?: readonly JsonValue[]
  readonly output?: unknown
  readonly result?: RequestListener
  readonly cancel?: RequestListener
  readonly picture?: Buffer
}

/** What fal answers to everything about one job. */
function job({ statuses = [{ status: 'COMPLETED' }], output, result, cancel, picture = PICTURE }: Scene) {
  let asked = 0
  return (request: IncomingMessage): RequestListener => {
    const path = request.url ?? ''
    const origin = `http://${request.headers.host}`
    if (request.method === 'POST') return answer(200, SUBMITTED)
    if (request.method === 'PUT') return cancel ?? answer(400, '{"status":"ALREADY_COMPLETED"}')
    if (path === `${JOB}/status`) {
      const status = statuses[Math.min(asked, statuses.length - 1)]
      asked += 1
      return answer(200, JSON.stringify(status))
    }
    if (path === JOB) {
      const text = output === undefined ? OUTPUT : JSON.stringify(output)
      return result ?? answer(200, text.replaceAll('{{origin}}', origin))
    }
    if (!path.startsWith('/files/')) return answer(404, '{"detail":"Not found"}')
    return (_, response) => response.writeHead(200, { 'content-type': 'image/jpeg' }).end(picture)
  }
}

function queue(scene: Scene) {
  const playing = job(scene)
  return playback((request, response) => playing(request)(request, response))
}

function toModel(call: Call): Call {
  return { ...call, model: MODEL }
}

async function withFal<T>(use: (fal: Provider) => Promise<T> | undefined): Promise<T> {
  return await withUpstream({}, async (upstream) => {
    const used = await use(makeFal(upstream))
    assert.ok(used !== undefined)
    return used
  })
}

function generate(call: Call) {
  return withFal((fal) => fal.generate(REQUEST, toModel(call)))
}

function resume(call: Call) {
  return withFal((fal) => fal.resume?.(REQUEST_ID, REQUEST, toModel(call)))
}

function fetchedFiles(requests: readonly { readonly path: string }[]): readonly string[] {
  return requests.map(({ path }) => path).filter((path) => path.startsWith('/files/'))
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}

function recorded(name: string): RecordedFailure[] {
  return JSON.parse(fixture(name)) as RecordedFailure[]
}

function recordedResults() {
  return JSON.parse(fixture('results.json')) as (RecordedFailure & { headers?: Record<string, string> })[]
}
