import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import type { JsonBlob } from '../../core/json-blob.ts'
import { answer, callTo, playback, withUpstream } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import { bytesOf, failureOf, type RecordedFailure } from '../test-fixtures.ts'
import { GOOGLE } from './entry.ts'
import { makeGoogle } from './provider.ts'

const MODEL = 'gemini-nano-banana-2.1'
const PICTURE = fixture('picture.json')

providerContract(makeGoogle, {
  model: MODEL,
  path: `/v1beta/models/${MODEL}:generateContent`,
  credentialHeader: ['x-goog-api-key', (credential) => credential],
  smallestBody: {
    contents: [{ role: 'user', parts: [{ text: 'a red fox' }] }],
    generationConfig: { responseModalities: ['TEXT', 'IMAGE'] },
    store: false,
  },
  answerWith: (base64) => PICTURE.replace('{{picture}}', base64),
  failures: [...recorded('errors.json'), ...recorded('blocks.json')],
  traits: GOOGLE.traits,
})

describe('an answer of Gemini', () => {
  test('has picture, words, tokens by kind and the names of what made it', async () => {
    const generated = await generatedFrom(PICTURE.replace('{{picture}}', 'AAAA'))

    assert.equal(generated.text, 'Here is the lantern.')
    assert.deepEqual(generated.usage, {
      inputTokens: 9,
      inputTextTokens: 9,
      inputImageTokens: 0,
      outputTokens: 1803,
      outputImageTokens: 1120,
      thoughtTokens: 337,
    })
    assert.equal(generated.images[0]?.mediaType, 'image/jpeg')
    assert.equal(generated.upstreamId, 'kq3vaZ')
    assert.equal(generated.modelVersion, 'gemini-3.1-flash-image')
    assert.equal(generated.nativeFinishReason, 'STOP')
  })

  test('keeps all unflagged pictures in order and drops the model’s thoughts', async () => {
    const generated = await generatedFrom(
      candidate([
        { ...inline('image/png', 'AAAA'), thought: true },
        { text: 'thinking aloud', thought: true },
        { ...inline('image/png', 'BBBB'), thoughtSignature: 'one' },
        { text: 'Done.' },
        inline('image/png', 'CCCC'),
      ]),
    )

    assert.deepEqual(
      generated.images.map(({ blob }) => base64Of(blob)),
      ['BBBB', 'CCCC'],
    )
    assert.equal(generated.text, 'Done.')
  })

  test('takes the picture inside a thought when there is no other', async () => {
    const generated = await generatedFrom(candidate([{ ...inline('image/png', 'AAAA'), thought: true }]))

    assert.deepEqual(
      generated.images.map(({ blob }) => base64Of(blob)),
      ['AAAA'],
    )
  })

  test('is read in snake_case too, and one odd part does not spoil the others', async () => {
    const picture = randomBytes(6_000)
    const generated = await generatedFrom({
      candidates: [
        {
          content: {
            parts: [
              null,
              7,
              { text: 5 },
              { inline_data: { mime_type: 'image/webp', data: picture.toString('base64') }, thought_signature: 's' },
            ],
          },
          finish_reason: 'STOP',
        },
      ],
      usage_metadata: { prompt_token_count: 5, candidates_token_count: 1120, total_token_count: 1125 },
      model_version: 'relay',
    })

    assert.ok(bytesOf(generated.images[0]?.blob).equals(picture))
    assert.equal(generated.images[0]?.mediaType, 'image/webp')
    assert.equal(generated.usage?.outputImageTokens, 1120)
    assert.equal(generated.modelVersion, 'relay')
  })

  test('without usage has none, rather than zero', async () => {
    for (const usageMetadata of [undefined, null, {}, 'none']) {
      const generated = await generatedFrom({ ...candidate([inline('image/png', 'AAAA')]), usageMetadata })

      assert.ok(!('usage' in generated))
    }
  })

  test('has a picture’s own tokens where they are told, zero included, and counts the untold as pictures', async () => {
    const cases = [
      [{ candidatesTokenCount: 1300, candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1120 }] }, 1120],
      [{ candidatesTokenCount: 1300, candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 0 }] }, 0],
      [{ candidatesTokenCount: 1300, candidatesTokensDetails: [] }, 1300],
      [{ candidatesTokenCount: 1300, candidatesTokensDetails: null }, 1300],
      [{ candidatesTokenCount: 1300, candidatesTokensDetails: [{ modality: 'TEXT', tokenCount: 180 }] }, 1120],
    ] as const
    for (const [counts, expected] of cases) {
      const usageMetadata = { promptTokenCount: 8, ...counts }
      const { usage } = await generatedFrom({ ...candidate([inline('image/png', 'AAAA')]), usageMetadata })

      assert.equal(usage?.outputImageTokens, expected)
      assert.equal(usage?.outputTokens, 1300)
    }
  })

  test('of five references has their tokens apart from the words', async () => {
    const usageMetadata = {
      promptTokenCount: 5673,
      candidatesTokenCount: 1200,
      thoughtsTokenCount: 1285,
      totalTokenCount: 8158,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 73 },
        { modality: 'IMAGE', tokenCount: 3360 },
        { modality: 'IMAGE', tokenCount: 2240 },
      ],
      candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1120 }],
    }
    const { usage } = await generatedFrom({ ...candidate([inline('image/png', 'AAAA')]), usageMetadata })

    assert.deepEqual(usage, {
      inputTokens: 5673,
      inputTextTokens: 73,
      inputImageTokens: 5600,
      outputTokens: 2485,
      outputImageTokens: 1120,
      thoughtTokens: 1285,
    })
  })

  test('with a picture that is not base64 has no picture, and was charged', async () => {
    for (const data of ['not base64!', `!${'A'.repeat(9_000)}`]) {
      const failure = failureOf(await respond(candidate([inline('image/png', data)])))

      assert.deepEqual([failure.kind, failure.billed], ['no_image', 'yes'])
    }
  })
})

function inline(mimeType: string, data: string) {
  return { inlineData: { mimeType, data } }
}

function candidate(parts: readonly unknown[]) {
  return { candidates: [{ content: { parts, role: 'model' }, finishReason: 'STOP' }] }
}

async function respond(body: unknown) {
  await using server = await playback(answer(200, typeof body === 'string' ? body : JSON.stringify(body)))
  const request = { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a kite' }] }] } as const
  return await withUpstream({}, (upstream) =>
    makeGoogle(upstream).generate(request, { ...callTo(server.url), model: MODEL }),
  )
}

async function generatedFrom(body: unknown) {
  const result = await respond(body)
  assert.ok(result.ok, 'a picture was expected')
  return result.value
}

function base64Of(blob: JsonBlob): string {
  return Buffer.concat(blob.slices).toString('latin1')
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
}

function recorded(name: string): RecordedFailure[] {
  return JSON.parse(fixture(name)) as RecordedFailure[]
}
