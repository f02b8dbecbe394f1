import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'

import type { JsonValue } from '../../core/json-blob.ts'
import { answer, callTo, cutOff } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import { bytesOf, type RecordedFailure } from '../test-fixtures.ts'
import {
  adapterOf,
  type Ending,
  jobContract,
  PICTURE,
  type Play,
  playing,
  quickCall,
  watchedCall,
} from '../test-jobs.ts'
import { FAL } from './entry.ts'
import { makeFal } from './provider.ts'

const MODEL = 'fal-ai/flux-2-pro'
const SUBMITTED = fixture('submitted.json')
const OUTPUT = fixture('output.json')
const REQUEST_ID = '0b6c9f1e-63d5-4b0c-9a53-1d1f3c5b7e21'
const JOB = `/${MODEL}/requests/${REQUEST_ID}`
const fal = adapterOf(makeFal, MODEL)

providerContract(makeFal, {
  model: MODEL,
  path: `/${MODEL}`,
  credentialHeader: ['authorization', (credential) => `Key ${credential}`],
  smallestBody: { prompt: 'a red fox' },
  answerWith: (base64) => SUBMITTED.replace('{{picture}}', base64),
  freeAnswer: (request, picture) => job({ picture })(request),
  deliveries: /^\/files\//,
  failures: JSON.parse(fixture('submit-errors.json')) as RecordedFailure[],
  traits: FAL.traits,
  ableModels: { mask: 'fal-ai/ideogram/v3', negativePrompt: 'fal-ai/qwen-image', mostPerCall: 'fal-ai/flux/schnell' },
})

describe('a job of fal', { concurrency: 4 }, () => {
  test('is written down before it is first asked after, told of while it waits, and fetched once it is done', async () => {
    const states = ['IN_QUEUE', 'IN_QUEUE', 'IN_PROGRESS', 'COMPLETED']
    const statuses = states.map((status, at) => ({ status, queue_position: 2 - at }))
    await using server = await playing(job({ statuses }))
    const { call, seen, progress } = watchedCall(server)

    const generated = await fal.generate(call)

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
    await using server = await playing(job({}))

    await fal.generate(callTo(server.url, { deadlineMs: 4_000 }))

    assert.equal(server.requests[0]?.headers['x-fal-request-timeout'], '4')
  })

  jobContract(makeFal, {
    model: MODEL,
    id: REQUEST_ID,
    places: [`${JOB}/status`, JOB],
    resumed: [`GET ${JOB}/status`, `GET ${JOB}`, 'GET /files/lantern.jpg'],
    within: new RegExp(`^/${MODEL}/requests/[^/?]+/status$`),
    done: () => job({}),
    pending: () => job({ statuses: [{ status: 'IN_PROGRESS' }] }),
    ended: ({ status = 200, headers, body }) =>
      job({
        result: (_, response) =>
          response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body)),
      }),
    endings: JSON.parse(fixture('results.json')) as Ending[],
    troubles: [
      ['a reset', (_, response) => response.socket?.resetAndDestroy()],
      ['a page of an edge', answer(502, '<html>Bad gateway</html>')],
      ['half an answer', cutOff(JSON.stringify({ status: 'COMPLETED' }))],
      ['a rate limit', answer(429, '{"detail":"Rate limit exceeded"}')],
      ['an id that is not known yet', answer(404, '{"detail":"Request not found"}')],
      // What is no trouble for a status would be the verdict on a result.
      ['a status that nobody has heard of', answer(200, '{"status":"THINKING"}'), `${JOB}/status`],
    ],
    unknown: answer(404, '{"detail":"Request not found"}'),
  })

  test('has every picture it made, without those that were blacked out, and the words that came along', async () => {
    const images = ['a', 'b', 'c'].map((name) => ({ url: `{{origin}}/files/${name}.png`, content_type: 'image/png' }))
    await using server = await playing(
      job({
        output: { images, has_nsfw_concepts: [false, true, false], description: 'Two foxes.' },
      }),
    )

    const generated = await fal.generate(quickCall(server.url))

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
      await using server = await playing(job({ output }))

      const generated = await fal.generate(quickCall(server.url))

      assert.ok(generated.ok)
      assert.equal(bytesOf(generated.value.images[0]?.blob).toString('latin1'), text)
    }
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
      await using server = await playing(
        job({
          statuses: [{ status: before }, { status: after }],
          cancel: answer(status, '{}'),
        }),
      )

      assert.equal(await fal.cancel(REQUEST_ID, quickCall(server.url)), expected)
      assert.deepEqual(
        server.requests.slice(0, 2).map(({ method, path }) => `${method} ${path}`),
        [`GET ${JOB}/status`, `PUT ${JOB}/cancel`],
      )
    })
  }

  test('that runs already is too late, and is not even asked for: it would be charged all the same', async () => {
    for (const status of ['IN_PROGRESS', 'COMPLETED']) {
      await using server = await playing(job({ statuses: [{ status }] }))

      assert.equal(await fal.cancel(REQUEST_ID, quickCall(server.url)), 'too_late')
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
function job({ statuses = [{ status: 'COMPLETED' }], output, result, cancel, picture = PICTURE }: Scene): Play {
  let asked = 0
  return (request) => {
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

function fetchedFiles(requests: readonly { readonly path: string }[]): readonly string[] {
  return requests.map(({ path }) => path).filter((path) => path.startsWith('/files/'))
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}
