import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../../core/image-request.ts'
import { answer, callTo, playback, withUpstream } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import { failureOf, type RecordedFailure } from '../test-fixtures.ts'
import { OPENAI } from './entry.ts'
import { makeOpenAi } from './provider.ts'

const MODEL = 'gpt-image-2.6-sunburst'
const IMAGES = fixture('images.json')
const KITE: ImageRequest = { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a kite' }] }] }

providerContract(makeOpenAi, {
  model: MODEL,
  path: '/images/generations',
  credentialHeader: ['authorization', (credential) => `Bearer ${credential}`],
  smallestBody: { model: MODEL, prompt: 'a red fox' },
  answerWith: (base64) => IMAGES.replace('{{picture}}', base64),
  failures: JSON.parse(fixture('errors.json')) as RecordedFailure[],
  traits: OPENAI.traits,
})

describe('an answer of the Images API', () => {
  test('has its pictures, their type, tokens by modality, and the id of the request', async () => {
    const two = { ...parsed(), data: [{ b64_json: 'AAAA' }, { b64_json: 'BBBB' }] }
    const generated = await generatedFrom(two, { 'x-request-id': 'req_9f2c' })

    assert.deepEqual(
      generated.images.map(({ blob, mediaType }) => [Buffer.concat(blob.slices).toString('latin1'), mediaType]),
      [
        ['AAAA', 'image/webp'],
        ['BBBB', 'image/webp'],
      ],
    )
    assert.equal(generated.upstreamId, 'req_9f2c')
    assert.deepEqual(generated.usage, {
      inputTokens: 531,
      inputTextTokens: 31,
      inputImageTokens: 500,
      outputTokens: 1210,
      outputImageTokens: 1180,
      thoughtTokens: 0,
    })
  })

  for (const [what, usage, expected] of [
    ['counts zero as a count', { output_tokens: 30, output_tokens_details: { image_tokens: 0 } }, [0, 0, 30, 0]],
    ['leaves open which of its tokens were pictures', { input_tokens: 9, output_tokens: 272 }, [9, 0, 272, 0]],
    ['may report nothing', undefined, undefined],
    ['may report what nobody understands', { input_tokens: '9' }, undefined],
  ] as const) {
    test(what, async () => {
      const { usage: found } = await generatedFrom({ data: [{ b64_json: 'AAAA' }], usage })

      const counts = found && [found.inputTokens, found.inputImageTokens, found.outputTokens, found.outputImageTokens]
      assert.deepEqual(counts, expected)
    })
  }

  test('hands over the good pictures of several', async () => {
    const { images } = await generatedFrom({
      data: [{ b64_json: '' }, {}, null, { b64_json: 'AAAA' }, { b64_json: '!' }],
    })

    assert.equal(images.length, 1)
  })

  test('keeps what it used when it gave no picture, and pictures whatever stands beside them', async () => {
    const usage = { input_tokens: 5, output_tokens: 0 }
    const failure = failureOf(await respond({ data: [], usage }))
    const { images } = await generatedFrom({ data: [{ b64_json: 'AAAA' }], error: { message: 'odd' } })

    assert.equal(failure.usage?.inputTokens, 5)
    assert.equal(images.length, 1)
  })
})

describe('a limit says when it is over', () => {
  const LIMITED = { error: { message: 'Slow down.', type: 'rate_limit_error', code: 'rate_limit_exceeded' } }
  for (const [name, headers, expected] of [
    ['by Retry-After', { 'retry-after': '3', 'x-ratelimit-reset-images': '12s' }, 3_000],
    ['to the millisecond', { 'retry-after-ms': '250.5', 'x-ratelimit-reset-images': '12s' }, 251],
    [
      'by the longest of the limits that are used up',
      {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '1m12.5s',
        'x-ratelimit-remaining-images': '0',
        'x-ratelimit-reset-images': '20ms',
        'x-ratelimit-remaining-tokens': '4000',
        'x-ratelimit-reset-tokens': '6h0m0s',
      },
      72_500,
    ],
    ['by a limit that does not say what is left', { 'x-ratelimit-reset-images': '6m0s' }, 360_000],
    ['in no way that anybody understands', { 'x-ratelimit-reset-images': 'soon' }, undefined],
  ] as const) {
    test(name, async () => {
      assert.equal(failureOf(await respond(LIMITED, headers, 429)).retryAfterMs, expected)
    })
  }
})

function parsed(): Record<string, unknown> {
  return JSON.parse(IMAGES) as Record<string, unknown>
}

async function respond(body: unknown, headers: Readonly<Record<string, string>> = {}, status = 200) {
  await using server = await playback((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    answer(status, JSON.stringify(body))(request, response)
  })
  return await withUpstream({}, (upstream) =>
    makeOpenAi(upstream).generate(KITE, { ...callTo(server.url), model: MODEL }),
  )
}

async function generatedFrom(body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const result = await respond(body, headers)
  assert.ok(result.ok, 'a picture was expected')
  return result.value
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}
