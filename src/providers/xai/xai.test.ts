import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import type { ImageRequest, Part, Picture } from '../../core/image-request.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import { usd } from '../../core/money.ts'
import { answer, callTo, playback, withUpstream } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import { bytesOf, failureOf, type RecordedFailure } from '../test-fixtures.ts'
import { XAI } from './entry.ts'
import { makeXai } from './provider.ts'

const MODEL = 'grok-imagine-image-2.0'
const IMAGES = fixture('images.json')
const PROMPT: ImageRequest = { model: 'any', turns: [{ role: 'user', parts: [text('a kite')] }] }

providerContract(makeXai, {
  model: MODEL,
  path: '/images/generations',
  credentialHeader: ['authorization', (credential) => `Bearer ${credential}`],
  smallestBody: { model: MODEL, prompt: 'a red fox', response_format: 'b64_json' },
  answerWith: (base64) => IMAGES.replace('{{picture}}', base64),
  failures: JSON.parse(fixture('errors.json')) as RecordedFailure[],
  traits: XAI.traits,
})

describe('a request to xAI', () => {
  test('carries every field the caller gave in xAI’s words', async () => {
    const sent = await sentFor({
      ...PROMPT,
      n: 2,
      aspectRatio: '16:9',
      resolution: '2K',
      quality: 'low',
      format: 'png',
      user: 'someone',
      providerOptions: { xai: { user: 'u1', size: '1x1' }, openai: { user: 'u2' } },
    })

    assert.deepEqual(sent, {
      path: '/images/generations',
      body: {
        user: 'u1',
        model: MODEL,
        prompt: 'a kite',
        n: 2,
        aspect_ratio: '16:9',
        resolution: '2k',
        quality: 'low',
        response_format: 'b64_json',
      },
    })
  })

  test('goes elsewhere with references: one in a field of its own, several in a list, labelled by what they are', async () => {
    const facts = { sha256: '', mediaType: 'image/webp', width: 1, height: 1, bytes: 3 }
    const one = await sentFor(edit([image('QUJD', { facts })]))
    const two = await sentFor({ ...edit([image('QUJD'), image('REVG')]), aspectRatio: '3:2' })

    assert.equal(one.path, '/images/edits')
    assert.deepEqual(one.body['image'], { url: 'data:image/webp;base64,QUJD' })
    assert.deepEqual(two.body['images'], [{ url: 'data:image/png;base64,QUJD' }, { url: 'data:image/png;base64,REVG' }])
    assert.equal(two.body['aspect_ratio'], '3:2')
    assert.ok(!('image' in two.body))
  })

  test('leaves automatic quality and ratio to xAI, which knows no word for them where one picture is edited', async () => {
    const sent = await sentFor({ ...edit([image('QUJD')]), quality: 'auto', aspectRatio: 'auto' })

    assert.deepEqual(Object.keys(sent.body), ['model', 'prompt', 'image', 'response_format'])
  })

  const impossible: readonly (readonly [field: string, request: ImageRequest])[] = [
    ['size', { ...PROMPT, size: { width: 1024, height: 1024 } }],
    ['resolution', { ...PROMPT, resolution: '4K' }],
    ['background', { ...PROMPT, background: 'transparent' }],
    ['aspect_ratio', { ...edit([image('QUJD')]), aspectRatio: '3:2' }],
    ['images.0', edit([image('', { field: 'images.0', source: { type: 'url', url: 'https://a.example/b.png' } })])],
  ]
  for (const [field, request] of impossible) {
    test(`whose ${field} xAI has no way to take is refused unsent, by that name`, async () => {
      const failure = failureOf(await generate('http://127.0.0.1:1', request))

      assert.deepEqual([failure.kind, failure.billed], ['rejected', 'no'])
      assert.ok(failure.message.includes(field), failure.message)
    })
  }
})

describe('an answer of xAI', () => {
  test('has picture, label and cost', async () => {
    const generated = await generatedFrom(IMAGES.replace('{{picture}}', 'QUJD'))

    assert.equal(bytesOf(generated.images[0]?.blob).toString(), 'ABC')
    assert.equal(generated.images[0]?.mediaType, 'image/jpeg')
    assert.equal(generated.cost, usd('0.04'))
    assert.equal(generated.text, undefined)
  })

  test('keeps the pictures that moderation left, in their order', async () => {
    const generated = await generatedFrom({
      data: [
        { b64_json: 'QUFB', respect_moderation: true },
        null,
        { b64_json: 'QkJC', respect_moderation: false },
        { url: 'https://imgen.x.ai/1.jpeg' },
        { b64_json: 'Q0ND' },
      ],
    })

    assert.deepEqual(
      generated.images.map(({ blob }) => bytesOf(blob).toString()),
      ['AAA', 'CCC'],
    )
  })

  for (const [ticks, dollars] of [
    [400_000_000, '0.04'],
    [10_000_000_000, '1'],
    [0, '0'],
    [1, '0.000000001'],
    [11, '0.000000002'],
  ] as const) {
    test(`that cost ${ticks} ticks cost ${dollars} dollars`, async () => {
      const generated = await generatedFrom({ data: [{ b64_json: 'AAAA' }], usage: { cost_in_usd_ticks: ticks } })

      assert.equal(generated.cost, usd(dollars))
    })
  }

  test('without a cost that can be read has none, rather than zero', async () => {
    for (const usage of [undefined, null, {}, 'none', { cost_in_usd_ticks: -1 }, { cost_in_usd_ticks: 0.5 }]) {
      assert.ok(!('cost' in (await generatedFrom({ data: [{ b64_json: 'AAAA' }], usage }))))
    }
  })

  test('that refuses a picture which was made tells what that cost', async () => {
    const body = { code: 'imagine:content-moderated', error: 'No.', usage: { cost_in_usd_ticks: 900_000_000 } }
    await using server = await playback(answer(400, JSON.stringify(body)))

    assert.equal(failureOf(await generate(server.url, PROMPT)).cost, usd('0.09'))
  })
})

describe('the free question', () => {
  const keys: readonly (readonly [key: object, says: string])[] = [
    [{ name: 'studio' }, 'the key “studio” is good'],
    [{}, 'the key is good'],
    [{ name: 'studio', team_blocked: true }, 'The team is blocked.'],
    [{ name: 'studio', api_key_blocked: true }, 'The key is blocked.'],
    [{ name: 'studio', api_key_disabled: true }, 'The key is disabled.'],
  ]
  for (const [key, says] of keys) {
    test(`about ${JSON.stringify(key)} finds: ${says}`, async () => {
      await using server = await playback(answer(200, JSON.stringify(key)))

      const found = await withUpstream({}, async (upstream) => makeXai(upstream).check?.(callTo(server.url)))

      assert.ok(found !== undefined)
      assert.equal(found.ok ? found.value : found.error.message, says)
      assert.equal(server.requests[0]?.path, '/api-key')
    })
  }
})

function text(words: string): Part {
  return { type: 'text', text: words }
}

function image(base64: string, more: Partial<Picture> = {}): Part {
  const blob = new JsonBlob('base64', [Buffer.from(base64)], 'image/png')
  return { type: 'image', picture: { field: 'image', source: { type: 'inline', blob }, ...more } }
}

function edit(pictures: readonly Part[]): ImageRequest {
  return { model: 'any', turns: [{ role: 'user', parts: [text('make it night'), ...pictures] }] }
}

function generate(url: string, request: ImageRequest) {
  return withUpstream({}, (upstream) => makeXai(upstream).generate(request, { ...callTo(url), model: MODEL }))
}

async function sentFor(request: ImageRequest) {
  await using server = await playback(answer(200, IMAGES.replace('{{picture}}', 'QUJD')))
  await generate(server.url, request)
  const [sent] = server.requests
  return { path: sent?.path, body: JSON.parse(sent?.body ?? '{}') as Record<string, unknown> }
}

async function generatedFrom(body: unknown) {
  await using server = await playback(answer(200, typeof body === 'string' ? body : JSON.stringify(body)))
  const result = await generate(server.url, PROMPT)
  assert.ok(result.ok, 'a picture was expected')
  return result.value
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}
