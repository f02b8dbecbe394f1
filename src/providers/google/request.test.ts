import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import type { ImageRequest, Part, Picture } from '../../core/image-request.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import { answer, callTo, playback, withUpstream } from '../playback.ts'
import { failureOf } from '../test-fixtures.ts'
import { makeGoogle } from './provider.ts'

const MODEL = 'gemini-nano-banana-2.1'
/** A good answer whose picture came signed. */
const ANSWER = readFileSync(new URL('fixtures/picture.json', import.meta.url), 'utf8').replace('{{picture}}', 'AAAA')

describe('a request to Gemini', () => {
  test('carries every field the caller gave, seed zero included, and nothing that Gemini has no name for', async () => {
    const sent = await bodyOf({
      model: 'any',
      turns: [
        { role: 'system', parts: [text('Flat ink.')] },
        { role: 'user', parts: [text('a kite')] },
      ],
      aspectRatio: '16:9',
      resolution: '2K',
      seed: 0,
      wantsText: false,
      n: 4,
      size: { width: 1024, height: 1024 },
      quality: 'high',
      format: 'png',
      background: 'transparent',
      negativePrompt: 'clouds',
      user: 'someone',
      providerOptions: {
        'google-ai-studio': {
          temperature: 0,
          thinkingConfig: { thinkingLevel: 'HIGH' },
          safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_ONLY_HIGH' }],
          tools: [{ googleSearch: {} }],
          responseModalities: ['AUDIO'],
        },
        openai: { temperature: 1 },
      },
    })

    assert.deepEqual(sent, {
      contents: [{ role: 'user', parts: [{ text: 'a kite' }] }],
      systemInstruction: { parts: [{ text: 'Flat ink.' }] },
      generationConfig: {
        temperature: 0,
        thinkingConfig: { thinkingLevel: 'HIGH' },
        responseModalities: ['IMAGE'],
        imageConfig: { aspectRatio: '16:9', imageSize: '2K' },
        seed: 0,
      },
      safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_ONLY_HIGH' }],
      store: false,
    })
  })

  test('names only the half of the size that was asked for', async () => {
    const tier = await bodyOf({ ...prompt('a kite'), resolution: '512' })
    const ratio = await bodyOf({ ...prompt('a kite'), aspectRatio: '1:8' })

    assert.deepEqual(configOf(tier)['imageConfig'], { imageSize: '512' })
    assert.deepEqual(configOf(ratio)['imageConfig'], { aspectRatio: '1:8' })
  })

  test('keeps references in their place among the words, labelled by what they are and not by what they claim', async () => {
    const facts = { sha256: '', mediaType: 'image/webp', width: 1, height: 1, bytes: 3 }
    const sent = await bodyOf({
      model: 'any',
      turns: [{ role: 'user', parts: [text('Put'), image('QUJD'), text('on'), image('REVG', { facts })] }],
    })

    assert.deepEqual(sent['contents'], [
      {
        role: 'user',
        parts: [{ text: 'Put' }, inline('image/png', 'QUJD'), { text: 'on' }, inline('image/webp', 'REVG')],
      },
    ])
  })

  test('sends a binary reference of several megabytes as its exact base64', async () => {
    const bytes = randomBytes(3_000_001)
    const slices = [bytes.subarray(0, 1_000_003), bytes.subarray(1_000_003)]
    const parts = [image('', { source: { type: 'inline', blob: new JsonBlob('binary', slices, 'image/png') } })]

    const sent = await bodyOf({ model: 'any', turns: [{ role: 'user', parts }] })

    assert.deepEqual(sent['contents'], [{ role: 'user', parts: [inline('image/png', bytes.toString('base64'))] }])
  })

  test('refuses unsent a picture that is still an address, naming it', async () => {
    const parts = [image('', { field: 'messages.0.image', source: { type: 'url', url: 'https://a.example/b.png' } })]

    const failure = failureOf(await generate(`http://127.0.0.1:1`, { model: 'any', turns: [{ role: 'user', parts }] }))

    assert.deepEqual([failure.kind, failure.billed], ['rejected', 'no'])
    assert.ok(failure.message.includes('messages.0.image'))
  })
})

describe('a conversation with Gemini', () => {
  const facts = { sha256: '', mediaType: 'image/jpeg', width: 1, height: 1, bytes: 3 }
  const first = { role: 'user', parts: [text('a lantern')] } as const
  const again = { role: 'user', parts: [text('make it red')] } as const

  test('sends a picture of its own back as the model’s, with the signature it came with', async () => {
    const continuation = await continuationOfFirstPicture()
    const sent = await bodyOf({
      model: 'any',
      turns: [
        first,
        { role: 'assistant', parts: [text('Here it is.'), image('QUJD', { facts, continuation })] },
        again,
      ],
    })

    assert.deepEqual(sent['contents'], [
      { role: 'user', parts: [{ text: 'a lantern' }] },
      {
        role: 'model',
        parts: [
          { ...inline('image/jpeg', 'QUJD'), thoughtSignature: 'EpkCCpYCAXLI2nwExample=' },
          { text: 'Here it is.' },
        ],
      },
      { role: 'user', parts: [{ text: 'make it red' }] },
    ])
  })

  test('sends any other answer as an ordinary reference of the user, in one turn with its neighbours', async () => {
    const converted = { ...facts, mediaType: 'image/png' }
    const cases = [
      { facts },
      { facts, continuation: await continuationOfFirstPicture('gemini-3.1-flash-image') },
      { facts, continuation: (await continuationOfFirstPicture()).replace(/ [0-9a-f]{8} /, ' 00000000 ') },
      { facts: converted, continuation: await continuationOfFirstPicture() },
      { facts, continuation: 'not one of ours' },
    ]
    for (const more of cases) {
      const sent = await bodyOf({
        model: 'any',
        turns: [first, { role: 'assistant', parts: [text('Here it is.'), image('QUJD', more)] }, again],
      })

      assert.deepEqual(sent['contents'], [
        {
          role: 'user',
          parts: [
            { text: 'a lantern' },
            { text: 'Here it is.' },
            inline(more.facts.mediaType, 'QUJD'),
            { text: 'make it red' },
          ],
        },
      ])
    }
  })

  test('begins and ends with the user, and never has two turns of one role in a row', async () => {
    const continuation = await continuationOfFirstPicture()
    const mine = { role: 'assistant', parts: [image('QUJD', { facts, continuation })] } as const
    const foreign = { role: 'assistant', parts: [image('REVG', { facts })] } as const
    const empty = { role: 'assistant', parts: [text('')] } as const
    const orders = [
      [mine, again],
      [first, mine, mine, again],
      [first, mine, foreign, again],
      [first, empty, again, mine, empty, again],
    ]
    for (const turns of orders) {
      const { contents } = await bodyOf({ model: 'any', turns })
      const roles = (contents as { role: string }[]).map(({ role }) => role)

      assert.equal(roles[0], 'user')
      assert.equal(roles.at(-1), 'user')
      assert.ok(
        roles.every((role, index) => role !== roles[index + 1]),
        roles.join(),
      )
    }
  })
})

function text(words: string): Part {
  return { type: 'text', text: words }
}

function prompt(words: string): ImageRequest {
  return { model: 'any', turns: [{ role: 'user', parts: [text(words)] }] }
}

function inline(mimeType: string, data: string) {
  return { inlineData: { mimeType, data } }
}

function image(base64: string, more: Partial<Picture> = {}): Part {
  const blob = new JsonBlob('base64', [Buffer.from(base64)], 'image/png')
  return { type: 'image', picture: { field: 'image', source: { type: 'inline', blob }, ...more } }
}

function generate(url: string, request: ImageRequest, model = MODEL) {
  return withUpstream({}, (upstream) => makeGoogle(upstream).generate(request, { ...callTo(url), model }))
}

/** The body that a request leads to, parsed. */
async function bodyOf(request: ImageRequest): Promise<Record<string, unknown>> {
  await using server = await playback(answer(200, ANSWER))
  await generate(server.url, request)
  return JSON.parse(server.requests[0]?.body ?? '') as Record<string, unknown>
}

function configOf(body: Record<string, unknown>): Record<string, unknown> {
  return body['generationConfig'] as Record<string, unknown>
}

async function continuationOfFirstPicture(model = MODEL): Promise<string> {
  await using server = await playback(answer(200, ANSWER))
  const result = await generate(server.url, prompt('a kite'), model)
  const continuation = result.ok ? result.value.images[0]?.continuation : undefined
  assert.ok(continuation)
  return continuation
}
