import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'

import { answer, callTo, playback, withUpstream } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import type { Call } from '../provider.ts'
import { bytesOf, failureOf, type RecordedFailure } from '../test-fixtures.ts'
import { SEED, VOLCENGINE } from './entry.ts'
import { makeArk } from './provider.ts'

const MODEL = 'seedream-4-5-251128'
const REQUEST = { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a kite' }] }] } as const
const PICTURE = Buffer.alloc(9_000, 'picture')
const BASE64 = PICTURE.toString('base64')

providerContract((upstream) => makeArk('seed', upstream), {
  model: MODEL,
  path: '/images/generations',
  credentialHeader: ['authorization', (credential) => `Bearer ${credential}`],
  // Beside what was asked: how the picture is to arrive, and that nothing is to be written into it.
  smallestBody: { model: MODEL, prompt: 'a red fox', response_format: 'b64_json', watermark: false },
  answerWith: (base64) => fixture('picture.json').replace('{{picture}}', base64),
  failures: JSON.parse(fixture('errors.json')) as RecordedFailure[],
  traits: SEED.traits,
  ableModels: { seed: 'seedream-3-0-t2i-250415' },
})

describe('an answer of Ark', () => {
  test('tells the model and the tokens that it counted', async () => {
    await using server = await playback(answer(200, fixture('picture.json').replace('{{picture}}', BASE64)))

    const generated = await generate(callTo(server.url))

    assert.ok(generated.ok)
    assert.equal(generated.value.modelVersion, MODEL)
    assert.deepEqual([generated.value.usage?.outputTokens, generated.value.usage?.outputImageTokens], [16_384, 16_384])
  })

  test('of which some pictures were refused gives the others, those at addresses downloaded without the key', async () => {
    const data = [
      { b64_json: BASE64, size: '2048x2048' },
      { error: { code: 'OutputImageSensitiveContentDetected', message: 'sensitive' } },
      { url: '{{origin}}/files/b.jpeg' },
      { url: '{{origin}}/files/gone.jpeg' },
    ]
    await using server = await playback((request, response) => {
      const text = JSON.stringify({ data }).replaceAll('{{origin}}', `http://${request.headers.host}`)
      listenerFor(request.url ?? '', text)(request, response)
    })

    const generated = await generate(callTo(server.url))

    assert.ok(generated.ok)
    assert.equal(generated.value.images.length, 2)
    assert.ok(generated.value.images.every(({ blob }) => bytesOf(blob).equals(PICTURE)))
    assert.ok(server.requests.slice(1).every(({ headers }) => headers.authorization === undefined))
  })

  test('tells how long to wait when there are too many', async () => {
    await using server = await playback((_, response) =>
      response.writeHead(429, { 'retry-after': '3' }).end('{"error":{"code":"ServerOverloaded","message":"busy"}}'),
    )

    const failure = failureOf(await generate(callTo(server.url)))

    assert.deepEqual([failure.kind, failure.retryAfterMs], ['rate_limited', 3_000])
  })
})

test('two entries share the adapter, each with its own key, host and options', async () => {
  for (const [id, entry, host] of [
    ['seed', SEED, 'ark.ap-southeast.bytepluses.com'],
    ['volcengine', VOLCENGINE, 'ark.cn-beijing.volces.com'],
  ] as const) {
    assert.equal(new URL(entry.baseUrl ?? '').host, host)
    await using server = await playback(answer(503, '{}'))
    const providerOptions = { seed: { guidance_scale: 1 }, volcengine: { guidance_scale: 2 } }

    await withUpstream({}, (upstream) =>
      entry.make(upstream).generate({ ...REQUEST, providerOptions }, { ...callTo(server.url), model: MODEL }),
    )

    const { guidance_scale: scale } = JSON.parse(server.requests[0]?.body ?? '') as { guidance_scale: number }
    assert.equal(scale, providerOptions[id].guidance_scale)
  }
  const keys = [...SEED.credentials, ...VOLCENGINE.credentials]
  assert.equal(new Set(keys).size, keys.length, 'one key would go to both hosts')
})

describe('the free question', () => {
  for (const [status, body, says] of [
    [200, '{"total":0,"items":[]}', 'the key is good'],
    [
      401,
      '{"error":{"code":"AuthenticationError","message":"The API key is invalid."}}',
      'unauthorized: The API key is invalid.',
    ],
  ] as const) {
    test(`that is answered ${status} says: ${says}`, async () => {
      await using server = await playback(answer(status, body))

      const found = await withUpstream({}, async (upstream) => makeArk('seed', upstream).check?.(callTo(server.url)))

      assert.equal(found?.ok ? found.value : `${found?.error.kind}: ${found?.error.message}`, says)
      assert.equal(server.requests[0]?.path, '/contents/generations/tasks?page_num=1&page_size=1')
    })
  }
})

function listenerFor(path: string, text: string): RequestListener {
  if (path === '/images/generations') return answer(200, text)
  if (path.endsWith('gone.jpeg')) return answer(410, 'gone')
  return (_, response) => response.writeHead(200, { 'content-type': 'image/jpeg' }).end(PICTURE)
}

function generate(call: Call) {
  return withUpstream({}, (upstream) => makeArk('seed', upstream).generate(REQUEST, { ...call, model: MODEL }))
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}
