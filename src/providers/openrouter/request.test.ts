import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'

import type { ImageRequest, Part, Picture, Turn } from '../../core/image-request.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import { answer, callTo, playback, withUpstream } from '../playback.ts'
import { failureOf } from '../test-fixtures.ts'
import { makeOpenRouter } from './provider.ts'

const BANANA = 'google/gemini-nano-banana-2.1'
const GPT_IMAGE = 'openai/gpt-image-1'

describe('a prompt', () => {
  test('goes to the Images API with every field the caller gave, seed zero included, and nothing else', async () => {
    const { path, body } = await sent(GPT_IMAGE, {
      ...prompt('a kite'),
      n: 4,
      aspectRatio: '3:2',
      resolution: '1K',
      quality: 'high',
      format: 'webp',
      compression: 0,
      background: 'transparent',
      seed: 0,
      wantsText: false,
      user: 'someone',
      sessionId: 'their session',
      metadata: { their: 'note' },
      routing: { order: ['openrouter'], requireParameters: true },
      providerOptions: {
        openrouter: {
          order: ['openai', 'azure'],
          only: ['openai'],
          ignore: ['azure'],
          sort: 'price',
          allow_fallbacks: false,
          options: { openai: { moderation: 'low' } },
          plugins: [{ id: 'web' }],
        },
        openai: { moderation: 'low' },
      },
    })

    assert.equal(path, '/images')
    assert.deepEqual(body, {
      model: GPT_IMAGE,
      prompt: 'a kite',
      n: 4,
      resolution: '1K',
      aspect_ratio: '3:2',
      quality: 'high',
      output_format: 'webp',
      output_compression: 0,
      background: 'transparent',
      seed: 0,
      provider: {
        order: ['openai', 'azure'],
        only: ['openai'],
        ignore: ['azure'],
        sort: 'price',
        allow_fallbacks: false,
      },
    })
  })

  test('with exact pixels says them alone: a word beside them could only contradict', async () => {
    const { body } = await sent(GPT_IMAGE, {
      ...prompt('a kite'),
      size: { width: 1536, height: 1024 },
      resolution: '1K',
      aspectRatio: '3:2',
    })

    assert.deepEqual(body, { model: GPT_IMAGE, prompt: 'a kite', size: '1536x1024' })
  })

  test('asks no model for a format or background that it has no knob for: what it sends is converted here', async () => {
    const wish = { ...prompt('a kite'), format: 'png', compression: 50, background: 'opaque' } as const
    const { body } = await sent(BANANA, wish)
    const unknown = await sent('acme/pix-1', wish)

    assert.deepEqual(body, { model: BANANA, prompt: 'a kite' })
    assert.deepEqual(unknown.body, { model: 'acme/pix-1', prompt: 'a kite', background: 'opaque' })
  })

  test('has its references as data URLs, labelled by what they are and not by what they claim', async () => {
    const facts = { sha256: '', mediaType: 'image/webp', width: 1, height: 1, bytes: 3 }
    const { path, body } = await sent(BANANA, {
      model: 'any',
      turns: [user(text('Put'), image('QUJD'), text('on'), image('REVG', { facts }))],
    })

    assert.equal(path, '/images')
    assert.deepEqual(body, {
      model: BANANA,
      prompt: 'Put\non',
      input_references: [imageUrl('image/png', 'QUJD'), imageUrl('image/webp', 'REVG')],
    })
  })

  test('sends a binary reference of several megabytes as its exact base64', async () => {
    const bytes = randomBytes(3_000_001)
    const slices = [bytes.subarray(0, 1_000_003), bytes.subarray(1_000_003)]
    const parts = [image('', { source: { type: 'inline', blob: new JsonBlob('binary', slices, 'image/png') } })]

    const { body } = await sent(BANANA, { model: 'any', turns: [user(text('edit'), ...parts)] })

    assert.deepEqual(body['input_references'], [imageUrl('image/png', bytes.toString('base64'))])
  })
})

describe('a conversation', () => {
  test('goes to chat, and the model’s pictures come back in the user’s next message', async () => {
    const { path, body } = await sent(BANANA, {
      model: 'any',
      turns: [
        { role: 'system', parts: [text('Flat ink.')] },
        user(text('a lantern')),
        { role: 'assistant', parts: [text('Here it is.'), image('QUJD')] },
        user(text('make it red, like this'), image('REVG')),
      ],
      resolution: '512',
      aspectRatio: '16:9',
      seed: 0,
      n: 2,
      providerOptions: { openrouter: { only: ['google-vertex'] } },
    })

    assert.equal(path, '/chat/completions')
    assert.deepEqual(body, {
      model: BANANA,
      messages: [
        { role: 'system', content: 'Flat ink.' },
        { role: 'user', content: 'a lantern' },
        { role: 'assistant', content: 'Here it is.' },
        {
          role: 'user',
          content: [
            imageUrl('image/png', 'QUJD'),
            { type: 'text', text: 'make it red, like this' },
            imageUrl('image/png', 'REVG'),
          ],
        },
      ],
      modalities: ['image', 'text'],
      image_config: { aspect_ratio: '16:9', image_size: '0.5K' },
      seed: 0,
      provider: { only: ['google-vertex'] },
    })
  })

  test('says by image_config how the picture is rendered, exact pixels before everything', async () => {
    const { body } = await sent(GPT_IMAGE, {
      ...conversation(),
      size: { width: 1536, height: 1024 },
      resolution: '1K',
      quality: 'low',
      format: 'jpeg',
      compression: 80,
      background: 'opaque',
    })

    assert.deepEqual(body['image_config'], {
      size: '1536x1024',
      quality: 'low',
      output_format: 'jpeg',
      output_compression: 80,
      background: 'opaque',
    })
  })

  test('asks for words only where the model has some and the caller did not decline them', async () => {
    const cases = [
      [BANANA, {}, ['image', 'text']],
      [BANANA, { wantsText: true }, ['image', 'text']],
      [BANANA, { wantsText: false }, ['image']],
      ['bytedance-seed/seedream-4.5', {}, ['image']],
      ['acme/pix-1', {}, ['image', 'text']],
    ] as const
    for (const [model, more, modalities] of cases) {
      const { body } = await sent(model, { ...conversation(), ...more })

      assert.deepEqual(body['modalities'], modalities, model)
    }
  })

  test('has no turn without content', async () => {
    const { body } = await sent(BANANA, {
      model: 'any',
      turns: [
        { role: 'system', parts: [text('')] },
        user(text('a lantern')),
        { role: 'assistant', parts: [image('QUJD')] },
        user(text(''), text('now blue')),
      ],
    })

    assert.deepEqual(body['messages'], [
      { role: 'user', content: 'a lantern' },
      { role: 'user', content: [imageUrl('image/png', 'QUJD'), { type: 'text', text: 'now blue' }] },
    ])
  })
})

describe('what OpenRouter cannot be told', () => {
  const linked = image('', { field: 'messages.0.image', source: { type: 'url', url: 'https://a.example/b.png' } })
  const unlabelled = image('', { source: { type: 'inline', blob: new JsonBlob('base64', [Buffer.from('QUJD')]) } })
  const mask: Picture = { field: 'mask', source: { type: 'url', url: 'https://a.example/m.png' } }
  const refused: readonly [name: string, request: ImageRequest, says: string][] = [
    ['a reference that is an address', { model: 'any', turns: [user(linked)] }, 'messages.0.image'],
    ['an address in a conversation', { ...conversation(), turns: [...conversation().turns, user(linked)] }, 'address'],
    ['a reference of no known type', { model: 'any', turns: [user(unlabelled)] }, 'no known media type'],
    ['a mask', { ...prompt('a kite'), mask }, 'mask'],
    ['a negative prompt', { ...prompt('a kite'), negativePrompt: 'clouds' }, 'negative prompt'],
    [
      'a service tier of another price',
      { ...prompt('a kite'), providerOptions: { openrouter: { only: ['openai', 'openai/priority'] } } },
      'service tier',
    ],
  ]
  for (const [name, request, says] of refused) {
    test(`is refused unsent: ${name}`, async () => {
      await using server = await playback(answer(200, '{}'))

      const failure = failureOf(await generate(server.url, GPT_IMAGE, request))

      assert.deepEqual([failure.kind, failure.billed, server.requests.length], ['rejected', 'no', 0])
      assert.ok(failure.message.includes(says), failure.message)
    })
  }
})

function text(words: string): Part {
  return { type: 'text', text: words }
}

function user(...parts: readonly Part[]): Turn {
  return { role: 'user', parts }
}

function prompt(words: string): ImageRequest {
  return { model: 'any', turns: [user(text(words))] }
}

function conversation(): ImageRequest {
  return {
    model: 'any',
    turns: [user(text('a kite')), { role: 'assistant', parts: [text('Which?')] }, user(text('red'))],
  }
}

function image(base64: string, more: Partial<Picture> = {}): Part {
  const blob = new JsonBlob('base64', [Buffer.from(base64)], 'image/png')
  return { type: 'image', picture: { field: 'image', source: { type: 'inline', blob }, ...more } }
}

function imageUrl(mediaType: string, base64: string) {
  return { type: 'image_url', image_url: { url: `data:${mediaType};base64,${base64}` } }
}

function generate(url: string, model: string, request: ImageRequest) {
  return withUpstream({}, (upstream) => makeOpenRouter(upstream).generate(request, { ...callTo(url), model }))
}

/** Where a request leads to, and the body it leads to, parsed. */
async function sent(model: string, request: ImageRequest): Promise<{ path: string; body: Record<string, unknown> }> {
  await using server = await playback(answer(200, '{}'))
  await generate(server.url, model, request)
  const { path = '', body = '' } = server.requests[0] ?? {}
  return { path, body: JSON.parse(body) as Record<string, unknown> }
}
