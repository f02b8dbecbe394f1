import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener } from 'node:http'
import { describe, test } from 'node:test'

import { answer, callTo, playback } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import { bytesOf, failureOf, type RecordedFailure } from '../test-fixtures.ts'
import { adapterOf, jobContract, PICTURE, type Play, playing, quickCall, watchedCall } from '../test-jobs.ts'
import { IDEOGRAM } from './entry.ts'
import { makeIdeogram } from './provider.ts'

const MODEL = 'ideogram-3'
const SUBMITTED = fixture('submitted.json')
const GENERATION = fixture('generation.json')
const ID = 'xtdZiqPwRxqY1Y7NExFmzB'
const ASKED = `/v2/generations/${ID}`
const { generate, found } = adapterOf(makeIdeogram, MODEL)

providerContract(makeIdeogram, {
  model: MODEL,
  path: '/v2/image/generate/ideogram-3',
  credentialHeader: ['api-key', (credential) => credential],
  smallestBody: { prompt: 'a red fox', async: true },
  answerWith: (base64) => SUBMITTED.replace('"image"', JSON.stringify(base64)),
  freeAnswer: (request, picture) => asked(request, picture),
  deliveries: /^\/files\//,
  failures: JSON.parse(fixture('submit-errors.json')) as RecordedFailure[],
  traits: IDEOGRAM.traits,
})

describe('a generation of Ideogram', { concurrency: 4 }, () => {
  test('is written down before it is first asked after, and fetched once it is completed', async () => {
    await using server = await playing(generation(['pending', 'pending']))
    const { call, seen } = watchedCall(server)

    const generated = await generate(call)

    assert.ok(generated.ok)
    assert.deepEqual(seen, [ID, 'POST'])
    assert.ok(bytesOf(generated.value.images[0]?.blob).equals(PICTURE))
    assert.deepEqual([generated.value.upstreamId, generated.value.cost], [ID, undefined])
    assert.deepEqual(
      server.requests.map(({ path }) => path.replace(/\?.*/, '')),
      ['/v2/image/generate/ideogram-3', ASKED, ASKED, ASKED, '/files/fox.png'],
    )
  })

  test('hands over what it shows, whatever it withholds, and what it says that it cost', async () => {
    const body = (origin: string) => ({
      generation_id: ID,
      status: 'completed',
      data: [
        { url: null, is_image_safe: false },
        { url: `${origin}/files/a.png`, is_image_safe: true },
        { url: `${origin}/files/b.png` },
      ],
      usage_cost_usd_micros: 60_000,
    })
    await using server = await playing(stated((request) => answer(200, JSON.stringify(body(originOf(request))))))

    const generated = await generate(callTo(server.url))

    assert.ok(generated.ok)
    assert.deepEqual([generated.value.images.length, generated.value.cost], [2, 60_000_000n])
  })

  test('that is answered with its pictures at once is not asked after', async () => {
    await using server = await playback((request, response) => {
      const text = GENERATION.replace('{{origin}}', originOf(request)).replace('"status": "completed",', '')
      const listener = request.method === 'POST' ? answer(200, text) : asked(request, PICTURE)
      listener(request, response)
    })

    assert.ok((await generate(callTo(server.url))).ok)
    assert.ok(server.requests.every(({ path }) => path !== ASKED))
  })

  jobContract(makeIdeogram, {
    model: MODEL,
    id: ID,
    places: [ASKED],
    resumed: [`GET ${ASKED}`, 'GET /files/fox.png?exp=1795400000&sig=abc'],
    within: /^\/v2\/generations\/[^/?]+$/,
    done: () => generation([]),
    pending: () => stated(() => answer(200, '{"status":"pending"}')),
    ended: ({ body }) => stated(() => answer(200, JSON.stringify(body))),
    endings: JSON.parse(fixture('generations.json')) as RecordedFailure[],
    troubles: [
      ['a reset', (_, response) => response.socket?.resetAndDestroy()],
      ['a page of an edge', answer(502, '<html>Bad gateway</html>')],
      ['a pause that was asked for', answer(429, '{"error":"Slow down"}')],
      ['an id that is not known yet', answer(404, '{"error":"Not Found"}')],
      ['a status that nobody has heard of', answer(200, '{"status":"dreaming"}')],
    ],
    unknown: answer(404, '{"error":"Not Found"}'),
  })

  test('that nobody knows is believed to be gone when it was said three times', async () => {
    await using server = await playing(stated(() => answer(404, '{"error":"Not Found"}')))

    const failure = failureOf(await generate(quickCall(server.url)))

    assert.deepEqual([failure.kind, failure.billed, failure.upstreamId], ['unavailable', 'unknown', ID])
    assert.equal(server.requests.filter(({ path }) => path === ASKED).length, 3)
  })
})

describe('the free question', () => {
  for (const [status, body, says] of [
    [200, '{"current_api_keys":[]}', 'the key is good'],
    [404, '{"error":"Not Found"}', 'the key is good'],
    [401, '{"error":"Invalid API key"}', 'unauthorized'],
    [500, '{"error":"Internal error"}', 'unavailable'],
  ] as const) {
    test(`that is answered ${status} finds: ${says}`, async () => {
      await using server = await playback(answer(status, body))

      assert.equal((await found(callTo(server.url))).replace(/: .*/, ''), says)
      assert.deepEqual(
        server.requests.map(({ method, path }) => [method, path]),
        [['GET', '/v2/account/api-keys']],
      )
    })
  }
})

/** Ideogram with so many states before the last one. */
function generation(states: readonly string[]): Play {
  const left = [...states]
  return stated((request) => {
    const state = left.shift()
    return state === undefined ? asked(request, PICTURE) : answer(200, JSON.stringify({ status: state }))
  })
}

/** Ideogram where only the state of a generation is another one. */
function stated(state: Play): Play {
  return (request) => {
    if (request.method === 'POST') return answer(200, SUBMITTED)
    return request.url === ASKED ? state(request) : asked(request, PICTURE)
  }
}

/** A completed generation, and its picture. */
function asked(request: IncomingMessage, picture: Buffer): RequestListener {
  if (request.url?.startsWith('/files/') === true)
    return (_, response) => response.writeHead(200, { 'content-type': 'image/png' }).end(picture)
  return answer(200, GENERATION.replace('{{origin}}', originOf(request)))
}

function originOf({ headers }: IncomingMessage): string {
  return `http://${headers.host}`
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}
