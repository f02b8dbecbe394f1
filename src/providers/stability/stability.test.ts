import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { err, ok } from '../../core/result.ts'
import { answer, callTo, formFields, playback, withUpstream } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import type { Call } from '../provider.ts'
import { bytesOf, failureOf, type RecordedFailure } from '../test-fixtures.ts'
import { STABILITY } from './entry.ts'
import { makeStability } from './provider.ts'

const MODEL = 'sd3.5-large'

providerContract(makeStability, {
  model: MODEL,
  path: '/v2beta/stable-image/generate/sd3',
  credentialHeader: ['authorization', (credential) => `Bearer ${credential}`],
  smallestBody: { prompt: 'a red fox', model: MODEL },
  readBody: formFields,
  answerWith: (base64) => JSON.stringify({ image: base64, finish_reason: 'SUCCESS', seed: 424_242 }),
  failures: JSON.parse(readFileSync(new URL('fixtures/errors.json', import.meta.url), 'utf8')) as RecordedFailure[],
  traits: STABILITY.traits,
  ableModels: { mask: 'edit/inpaint' },
})

/** Plain letters, so that a form can be read as the text that the playback keeps. */
const PNG = Buffer.from('a picture of no pixels')
const FILE = { name: 'image.png', type: 'image/png', length: PNG.length }

describe('a request to Stability', () => {
  test('carries every field that the caller gave, texts as texts', async () => {
    const { path, fields } = await sentFor('generate/core', {
      ...prompt('a kite'),
      aspectRatio: '16:9',
      resolution: '1K',
      seed: 7,
      negativePrompt: 'clouds',
      format: 'webp',
      quality: 'high',
      user: 'someone',
      providerOptions: { stability: { style_preset: 'anime', cfg_scale: 4.5, other: 1 }, openai: { style: 'x' } },
    })

    assert.equal(path, '/v2beta/stable-image/generate/core')
    assert.deepEqual(fields, {
      prompt: 'a kite',
      aspect_ratio: '16:9',
      seed: '7',
      negative_prompt: 'clouds',
      output_format: 'webp',
      style_preset: 'anime',
      cfg_scale: '4.5',
    })
  })

  const cases: readonly [model: string, request: ImageRequest, path: string, fields: object][] = [
    [
      'sd3.5-large-turbo',
      edit(),
      'generate/sd3',
      { model: 'sd3.5-large-turbo', mode: 'image-to-image', strength: '0.5', image: FILE },
    ],
    ['sd3-medium', prompt('night'), 'generate/sd3', { model: 'sd3-medium' }],
    [
      'sd3.5-large',
      { ...prompt('night'), aspectRatio: '9:21' },
      'generate/sd3',
      { model: MODEL, aspect_ratio: '9:21' },
    ],
    [
      'generate/ultra',
      { ...edit(), aspectRatio: '1:1' },
      'generate/ultra',
      { strength: '0.5', image: FILE, aspect_ratio: '1:1' },
    ],
    ['generate/ultra', options({ strength: 0.9 }), 'generate/ultra', { strength: '0.9', image: FILE }],
    ['edit/inpaint', options({ grow_mask: 0 }), 'edit/inpaint', { image: FILE, grow_mask: '0' }],
    [
      'edit/search-and-replace',
      options({ search_prompt: 'sun' }),
      'edit/search-and-replace',
      { image: FILE, search_prompt: 'sun' },
    ],
    ['control/sketch', options({ control_strength: null }), 'control/sketch', { image: FILE }],
  ]
  for (const [model, request, expected, fields] of cases) {
    test(`for ${model} goes to ${expected} with ${Object.keys(fields).join(', ')}`, async () => {
      const sent = await sentFor(model, request)

      assert.equal(sent.path, `/v2beta/stable-image/${expected}`)
      assert.deepEqual(sent.fields, { prompt: 'night', ...fields })
    })
  }

  test('asks for no format where none is made, and for none where it is compressed here', async () => {
    for (const [model, more, format] of [
      ['sd3.5-large', { format: 'webp' }, undefined],
      ['generate/core', { format: 'svg' }, undefined],
      ['generate/core', { format: 'jpeg', compression: 40 }, undefined],
      ['generate/core', { format: 'jpeg' }, 'jpeg'],
    ] as const) {
      const { fields } = await sentFor(model, { ...prompt('night'), ...more })

      assert.equal((fields as { output_format?: string }).output_format, format)
    }
  })

  test('has its mask in white, where somebody works on pixels', async () => {
    const asked: unknown[] = []
    const stencil = (mask: JsonBlob, marked: string) => {
      asked.push(bytesOf(mask).equals(PNG), marked)
      return Promise.resolve(ok(new JsonBlob('binary', [Buffer.from('white')], 'image/png')))
    }
    const masked = { ...edit(), mask: picture('mask') }

    const worked = await sentFor('edit/inpaint', masked, { pixels: { ...NO_PIXELS, stencil } })
    const unworked = await sentFor('edit/inpaint', masked)

    assert.deepEqual(asked, [true, 'white'])
    assert.deepEqual((worked.fields as { mask: unknown }).mask, { name: 'mask.png', type: 'image/png', length: 5 })
    assert.deepEqual((unworked.fields as { mask: unknown }).mask, { ...FILE, name: 'mask.png' })
  })

  const refused: readonly [what: string, model: string, request: ImageRequest, says: string, more?: Partial<Call>][] = [
    ['a model that is no service', 'generate/sd9', prompt('x'), 'no service for this model'],
    ['a service that takes no prompt', 'edit/erase', edit(), 'no service for this model'],
    ['no picture to be edited', 'edit/inpaint', prompt('x'), 'the request has none'],
    ['a picture for words alone', 'generate/core', edit(), 'input_references.0 cannot be sent'],
    ['a second picture', 'sd3.5-large', edit('input_references.0', 'input_references.1'), 'input_references.1 cannot'],
    ['a mask for another service', 'generate/ultra', { ...edit(), mask: picture('mask') }, 'mask cannot be sent'],
    ['pixels', 'generate/core', { ...prompt('x'), size: { width: 64, height: 64 } }, 'size cannot be sent'],
    ['a tier', 'generate/core', { ...prompt('x'), resolution: '4K' }, 'resolution cannot be sent'],
    ['a ratio for an edit', 'edit/inpaint', { ...edit(), aspectRatio: '1:1' }, 'aspect_ratio cannot be sent'],
    ['a ratio beside a picture', 'sd3.5-large', { ...edit(), aspectRatio: '1:1' }, 'aspect_ratio cannot be sent'],
    ['what is not wanted around a picture', 'edit/outpaint', { ...edit(), negativePrompt: 'x' }, 'negative_prompt'],
    ['seed 0', 'generate/core', { ...prompt('x'), seed: 0 }, 'seed 0 cannot be sent'],
    ['an option that is an object', 'edit/inpaint', options({ grow_mask: { by: 1 } }), 'stability.grow_mask has to be'],
    ['a link', 'sd3.5-large', edit(), 'input_references.0 is an address'],
    [
      'a mask that cannot be read',
      'edit/inpaint',
      { ...edit(), mask: picture('mask') },
      'The mask at mask cannot be used: it is torn.',
      { pixels: { ...noPixels(), stencil: async () => err('it is torn.') } },
    ],
  ]
  for (const [what, model, request, says, more] of refused) {
    test(`is refused unsent for ${what}`, async () => {
      const asked = what === 'a link' ? linked(request) : request
      const { result, sent } = await play(model, asked, more)

      const failure = failureOf(result)
      assert.deepEqual([failure.kind, failure.billed, sent.length], ['rejected', 'no', 0])
      assert.ok(failure.message.includes(says), failure.message)
    })
  }
})

describe('an answer of Stability', () => {
  test('has the picture, what it is, how it ended and by which name it is known there', async () => {
    await using server = await playback((_, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json; type=image/webp', 'x-request-id': '0badcafe' })
        .end(JSON.stringify({ image: 'AAAA', finish_reason: 'SUCCESS', seed: 1 })),
    )

    const result = await withUpstream({}, (upstream) =>
      makeStability(upstream).generate(prompt('a kite'), { ...callTo(server.url), model: MODEL }),
    )

    assert.ok(result.ok)
    const { images, ...rest } = result.value
    assert.equal(bytesOf(images[0]?.blob).length, 3)
    assert.equal(images[0]?.mediaType, 'image/webp')
    assert.deepEqual(rest, { upstreamId: '0badcafe', nativeFinishReason: 'SUCCESS' })
  })

  test('is taken with any other end than the one that blurs it', async () => {
    for (const reason of ['ERROR', null, 7]) {
      const { result } = await play(MODEL, prompt('a kite'), {}, { image: 'AAAA', finish_reason: reason })

      assert.ok(result.ok)
    }
  })

  test('is no picture where it is not base64', async () => {
    for (const image of ['not base64!', `!${'A'.repeat(9_000)}`, 7]) {
      const { result } = await play(MODEL, prompt('a kite'), {}, { image, finish_reason: 'SUCCESS' })

      assert.deepEqual([failureOf(result).kind, failureOf(result).billed], ['no_image', 'yes'])
    }
  })
})

const checks: readonly [what: string, status: number, body: object, says: string][] = [
  ['what is left', 200, { credits: 12.5 }, 'the key is good, 12.5 credits left, 0.13 USD'],
  ['nothing that can be read', 200, { balance: 3 }, 'the key is good'],
  [
    'that nothing is left',
    200,
    { credits: 0 },
    'unauthorized: The account has nothing left: 0 credits left, 0.00 USD.',
  ],
  [
    'a bad key, in older words',
    401,
    { id: 'x', name: 'unauthorized', message: 'Incorrect API key.' },
    'unauthorized: Incorrect API key.',
  ],
]
for (const [what, status, body, says] of checks) {
  test(`the free question finds ${what}`, async () => {
    await using server = await playback(answer(status, JSON.stringify(body)))

    const found = await withUpstream({}, async (upstream) => makeStability(upstream).check?.(callTo(server.url)))

    assert.ok(found !== undefined)
    assert.equal(found.ok ? found.value : `${found.error.kind}: ${found.error.message}`, says)
    assert.equal(server.requests[0]?.path, '/v1/user/balance')
  })
}

function noPixels(): NonNullable<Call['pixels']> {
  return { split: async () => err('nobody splits here'), stencil: async () => err('nobody cuts here') }
}
const NO_PIXELS = noPixels()

function prompt(text: string): ImageRequest {
  return { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text }] }] }
}

function picture(field: string): Picture {
  return { field, source: { type: 'inline', blob: new JsonBlob('binary', [PNG], 'image/png') } }
}

function edit(...fields: readonly string[]): ImageRequest {
  const pictures = (fields.length > 0 ? fields : ['input_references.0']).map(picture)
  const images = pictures.map((each) => ({ type: 'image', picture: each }) as const)
  return { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'night' }, ...images] }] }
}

function options(stability: Record<string, JsonValue>): ImageRequest {
  return { ...edit(), providerOptions: { stability } }
}

function linked(request: ImageRequest): ImageRequest {
  const parts = request.turns.flatMap((turn) =>
    turn.parts.map((part) =>
      part.type === 'image'
        ? { ...part, picture: { ...part.picture, source: { type: 'url', url: 'https://example.com' } as const } }
        : part,
    ),
  )
  return { ...request, turns: [{ role: 'user', parts }] }
}

async function play(
  model: string,
  request: ImageRequest,
  more: Partial<Call> = {},
  body: object = { image: 'AAAA', finish_reason: 'SUCCESS' },
) {
  await using server = await playback(answer(200, JSON.stringify(body)))
  const result = await withUpstream({}, (upstream) =>
    makeStability(upstream).generate(request, { ...callTo(server.url), ...more, model }),
  )
  return { result, sent: server.requests }
}

async function sentFor(model: string, request: ImageRequest, more: Partial<Call> = {}) {
  const { sent } = await play(model, request, more)
  const [only] = sent
  assert.ok(only !== undefined && sent.length === 1)
  return { path: only.path, fields: await formFields(only) }
}
