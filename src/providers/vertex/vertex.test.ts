import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../../core/image-request.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import { ok } from '../../core/result.ts'
import { answer, callTo, playback, withUpstream } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import { failureOf, type RecordedFailure } from '../test-fixtures.ts'
import { doorOf } from './door.ts'
import { GOOGLE_VERTEX } from './entry.ts'
import { makeVertex } from './provider.ts'
import type { Tokens } from './tokens.ts'

const MODEL = 'gemini-nano-banana-2.1'
const PICTURE = fixture('picture.json')

// An express key: what it opens needs nothing else. Key files have tests of their own in tokens.test.ts.
providerContract(makeVertex, {
  model: MODEL,
  path: `/v1/publishers/google/models/${MODEL}:generateContent`,
  credentialHeader: ['x-goog-api-key', (credential) => credential],
  smallestBody: {
    contents: [{ role: 'user', parts: [{ text: 'a red fox' }] }],
    generationConfig: { responseModalities: ['TEXT', 'IMAGE'] },
  },
  answerWith: (base64) => PICTURE.replace('{{picture}}', base64),
  failures: JSON.parse(fixture('errors.json')) as RecordedFailure[],
  traits: GOOGLE_VERTEX.traits,
})

describe('a request to Vertex', () => {
  test('carries every field the caller gave, the format among them, and no store', async () => {
    const sent = await bodyOf({
      ...prompt('a kite'),
      aspectRatio: '16:9',
      resolution: '2K',
      seed: 0,
      format: 'jpeg',
      compression: 0,
      wantsText: false,
      providerOptions: {
        'google-vertex': {
          temperature: 0,
          personGeneration: 'ALLOW_ADULT',
          prominentPeople: 'BLOCK_PROMINENT_PEOPLE',
          labels: { team: 'kites' },
          safetySettings: [{ category: 'HARM_CATEGORY_IMAGE_HATE', threshold: 'BLOCK_ONLY_HIGH' }],
          tools: [{ googleSearch: {} }],
          store: true,
        },
        'google-ai-studio': { temperature: 1 },
      },
    })

    assert.deepEqual(sent, {
      contents: [{ role: 'user', parts: [{ text: 'a kite' }] }],
      generationConfig: {
        temperature: 0,
        responseModalities: ['IMAGE'],
        imageConfig: {
          personGeneration: 'ALLOW_ADULT',
          prominentPeople: 'BLOCK_PROMINENT_PEOPLE',
          imageOutputOptions: { mimeType: 'image/jpeg', compressionQuality: 0 },
          aspectRatio: '16:9',
          imageSize: '2K',
        },
        seed: 0,
      },
      labels: { team: 'kites' },
      safetySettings: [{ category: 'HARM_CATEGORY_IMAGE_HATE', threshold: 'BLOCK_ONLY_HIGH' }],
    })
  })

  test('names a format only where it can be made, and a compression only for JPEG', async () => {
    for (const [format, expected] of [
      ['png', { imageOutputOptions: { mimeType: 'image/png' } }],
      ['webp', undefined],
      [undefined, undefined],
    ] as const) {
      const sent = await bodyOf({ ...prompt('a kite'), compression: 40, ...(format && { format }) })

      assert.deepEqual((sent['generationConfig'] as Record<string, unknown>)['imageConfig'], expected)
    }
  })

  test('sends back what it made itself, as Gemini wants it', async () => {
    await using server = await playback(answer(200, PICTURE.replace('{{picture}}', 'AAAA')))
    const first = await generate(server.url, prompt('a kite'))
    const continuation = first.ok ? first.value.images[0]?.continuation : undefined
    assert.ok(continuation !== undefined)
    const blob = new JsonBlob('base64', [Buffer.from('AAAA')], 'image/png')
    const picture = { field: 'image', source: { type: 'inline', blob }, continuation } as const

    await generate(server.url, {
      model: 'any',
      turns: [
        { role: 'user', parts: [{ type: 'text', text: 'a kite' }] },
        { role: 'assistant', parts: [{ type: 'image', picture }] },
        { role: 'user', parts: [{ type: 'text', text: 'blue' }] },
      ],
    })

    const body = JSON.parse(server.requests[1]?.body ?? '') as { contents: { parts: object[] }[] }
    assert.deepEqual(body.contents[1]?.parts, [
      { inlineData: { mimeType: 'image/png', data: 'AAAA' }, thoughtSignature: 'EpkC' },
    ])
  })

  test('for Imagen is refused unsent', async () => {
    await using server = await playback(answer(200, PICTURE))

    const failure = failureOf(await generate(server.url, prompt('a kite'), 'imagen-4.0-generate-001'))

    assert.deepEqual([failure.kind, failure.billed, server.requests.length], ['rejected', 'no', 0])
  })
})

describe('the door', () => {
  const token = { secret: 'ya29.secret', project: 'kites:2026' }
  const tokens: Tokens = { of: async () => ok(token), drop: () => {} }
  const project = '/v1/projects/kites%3A2026/locations'
  const cases: readonly [baseUrl: string, credential: string, path: string][] = [
    ['https://aiplatform.googleapis.com', '/etc/key', `${project}/global`],
    ['https://aiplatform.googleapis.com', 'key.json', `${project}/global`],
    ['https://europe-west4-aiplatform.googleapis.com', '/etc/key', `${project}/europe-west4`],
    ['https://aiplatform.eu.rep.googleapis.com', '/etc/key', `${project}/eu`],
    ['https://proxy.example/vertex', 'C:\\keys\\one', `${project}/global`],
    ['https://europe-west4-aiplatform.googleapis.com.example', '/etc/key', `${project}/global`],
    ['https://proxy.example/v1beta1/projects/other/locations/us-east5', '/etc/key', ''],
    ['https://aiplatform.googleapis.com', 'AQ.express-key_1', '/v1'],
    ['https://proxy.example/v1/projects/other/locations/global', 'AQ.express-key_1', ''],
  ]
  for (const [baseUrl, credential, path] of cases) {
    test(`at ${baseUrl} for ${credential} is ${path || 'where the base URL says'}`, async () => {
      const door = await doorOf({ ...callTo(baseUrl), credential }, tokens)

      assert.ok(door.ok)
      assert.equal(door.value.path, path)
      const headers = credential.startsWith('AQ')
        ? { 'x-goog-api-key': credential }
        : { authorization: 'Bearer ya29.secret' }
      assert.deepEqual(door.value.headers, headers)
    })
  }
})

describe('the free question', () => {
  for (const [what, status, body, says] of [
    ['an answer', 200, { totalTokens: 1 }, 'the key is good'],
    [
      'a model that is gone',
      404,
      { error: { code: 404, message: 'Publisher Model was not found.', status: 'NOT_FOUND' } },
      'the key is good, but it was answered: Publisher Model was not found.',
    ],
  ] as const) {
    test(`takes ${what} for a good key`, async () => {
      await using server = await playback(answer(status, JSON.stringify(body)))

      const found = await withUpstream({}, async (upstream) => makeVertex(upstream).check?.(callTo(server.url)))

      assert.ok(found?.ok)
      assert.equal(found.value, says)
      assert.ok(server.requests[0]?.path.endsWith(':countTokens'))
    })
  }
})

function prompt(text: string): ImageRequest {
  return { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text }] }] }
}

function generate(url: string, request: ImageRequest, model = MODEL) {
  return withUpstream({}, (upstream) => makeVertex(upstream).generate(request, { ...callTo(url), model }))
}

async function bodyOf(request: ImageRequest): Promise<Record<string, unknown>> {
  await using server = await playback(answer(200, PICTURE))
  await generate(server.url, request)
  return JSON.parse(server.requests[0]?.body ?? '') as Record<string, unknown>
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}
