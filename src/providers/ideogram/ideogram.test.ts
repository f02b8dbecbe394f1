import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener } from 'node:http'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../../core/image-request.ts'
import { answer, callTo, playback, withUpstream } from '../playback.ts'
import { bytesOf, failureOf, providerContract, type RecordedFailure } from '../provider-contract.ts'
import type { Call } from '../provider.ts'
import { IDEOGRAM } from './entry.ts'
import { makeIdeogram } from './provider.ts'

const MODEL = 'ideogram-3'
const SUBMITTED = fixture('submitted.json')
const GENERATION = fixture('generation.json')
const ID = 'xtdZiqPwRxqY1Y7NExFmzB'
const ASKED = `/v2/generations/${ID}`
const REQUEST: ImageRequest = { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a kite' }] }] }
const PICTURE = Buffer.alloc(70_000, 'picture')

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
    await using server = await generations(['pending', 'pending'])
    const seen: string[] = []
    const submitted = async (upstreamId: string) => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      seen.push(upstreamId, ...server.requests.map(({ method }) => method))
    }

    const generated = await generate({ ...callTo(server.url), submitted })

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
    await using server = await playing((request) => answer(200, JSON.stringify(body(originOf(request)))))

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

  for (const { name, body, expect, says } of JSON.parse(fixture('generations.json')) as RecordedFailure[]) {
    test(`that ends with ${name} is ${expect.kind}, billed ${expect.billed}`, async () => {
      await using server = await playing(() => answer(200, JSON.stringify(body)))

      const failure = failureOf(await generate(callTo(server.url)))

      const { cost, ...rest } = expect
      assert.deepEqual({ ...failure, ...rest, upstreamId: ID }, failure)
      assert.equal(failure.cost, cost === undefined ? undefined : BigInt(cost))
      assert.ok(failure.message.includes(says), failure.message)
    })
  }

  for (const [name, trouble] of [
    ['a reset', (_, response) => response.socket?.resetAndDestroy()],
    ['a page of an edge', answer(502, '<html>Bad gateway</html>')],
    ['a pause that was asked for', answer(429, '{"error":"Slow down"}')],
    ['an id that is not known yet', answer(404, '{"error":"Not Found"}')],
    ['a status that nobody has heard of', answer(200, '{"status":"dreaming"}')],
  ] as const satisfies readonly (readonly [string, RequestListener])[]) {
    test(`outlives ${name} where its state should be`, async () => {
      let times = 0
      await using server = await playing((request) => (times++ === 0 ? trouble : asked(request, PICTURE)))

      assert.ok((await generate(callTo(server.url))).ok)
      assert.equal(server.requests.filter(({ method }) => method === 'POST').length, 1)
    })
  }

  test('that nobody knows is believed to be gone when it was said three times', async () => {
    await using server = await playing(() => answer(404, '{"error":"Not Found"}'))

    const failure = failureOf(await generate(callTo(server.url)))

    assert.deepEqual([failure.kind, failure.billed, failure.upstreamId], ['unavailable', 'unknown', ID])
    assert.equal(server.requests.filter(({ path }) => path === ASKED).length, 3)
  })

  test('that is not completed by the deadline is unknown, and keeps its id', async () => {
    await using server = await generations(Array.from({ length: 9 }, () => 'pending'))

    const failure = failureOf(await generate(callTo(server.url, { deadlineMs: 600 })))

    assert.deepEqual([failure.kind, failure.billed, failure.upstreamId], ['timeout', 'unknown', ID])
  })

  test('is resumed without being submitted', async () => {
    await using server = await generations([])

    const result = await withUpstream({}, async (upstream) =>
      makeIdeogram(upstream).resume?.(ID, REQUEST, { ...callTo(server.url), model: MODEL }),
    )

    assert.ok(result?.ok === true)
    assert.ok(server.requests.every(({ method }) => method === 'GET'))
  })
})

describe('the free question', () => {
  for (const [status, body, found] of [
    [200, '{"current_api_keys":[]}', 'the key is good'],
    [404, '{"error":"Not Found"}', 'the key is good'],
    [401, '{"error":"Invalid API key"}', 'unauthorized'],
    [500, '{"error":"Internal error"}', 'unavailable'],
  ] as const) {
    test(`that is answered ${status} finds: ${found}`, async () => {
      await using server = await playback(answer(status, body))

      const result = await withUpstream({}, async (upstream) => makeIdeogram(upstream).check?.(callTo(server.url)))

      assert.ok(result !== undefined)
      assert.equal(result.ok ? result.value : result.error.kind, found)
      assert.deepEqual(
        server.requests.map(({ method, path }) => [method, path]),
        [['GET', '/v2/account/api-keys']],
      )
    })
  }
})

function generate(call: Call) {
  return withUpstream({}, (upstream) => makeIdeogram(upstream).generate(REQUEST, { ...call, model: MODEL }))
}

/** Ideogram with so many states before the last one. */
function generations(states: readonly string[]) {
  const left = [...states]
  return playing((request) => {
    const state = left.shift()
    return state === undefined ? asked(request, PICTURE) : answer(200, JSON.stringify({ status: state }))
  })
}

function playing(state: (request: IncomingMessage) => RequestListener) {
  return playback((request, response) => {
    const listener =
      request.method === 'POST'
        ? answer(200, SUBMITTED)
        : request.url === ASKED
          ? state(request)
          : asked(request, PICTURE)
    listener(request, response)
  })
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
