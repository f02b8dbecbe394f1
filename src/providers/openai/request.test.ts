import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import { type Dialect, toImagesCall } from './request.ts'
import { sizeFor, sizesOf } from './sizes.ts'

const NEW = sizesOf('openai', 'gpt-image-2', 'any')
const OLD = sizesOf('openai', 'gpt-image-1.5', 'any')
const DIALECT: Dialect = { model: 'gpt-image-2', sizes: NEW, userField: 'safety_identifier', options: {} }

describe('what is asked in the words of the Images API', () => {
  test('has every wish under its own name, and nothing that was not wished', () => {
    const call = asked({
      n: 2,
      size: { width: 1536, height: 864 },
      quality: 'xhigh',
      background: 'opaque',
      format: 'webp',
      compression: 85,
      user: 'u_9f2c',
    })

    assert.deepEqual(call, {
      operation: 'generations',
      content: {
        body: {
          model: 'gpt-image-2',
          prompt: 'a kite',
          n: 2,
          size: '1536x864',
          quality: 'xhigh',
          background: 'opaque',
          output_format: 'webp',
          output_compression: 85,
          safety_identifier: 'u_9f2c',
        },
      },
      isStream: false,
    })
  })

  test('has the options of the provider that it knows, and no others', () => {
    const options = { moderation: 'low', complexity: 'high', input_fidelity: null, svg: { model: 'x' }, seed: 1 }

    const call = asked({}, { options })

    assert.deepEqual('body' in call.content && call.content.body, {
      model: 'gpt-image-2',
      prompt: 'a kite',
      moderation: 'low',
      complexity: 'high',
    })
  })

  test('is a stream where previews are wished of one picture, and only there', () => {
    const streamed = asked({ previews: 2 })
    assert.equal(streamed.isStream, true)
    assert.deepEqual('body' in streamed.content && streamed.content.body, {
      model: 'gpt-image-2',
      prompt: 'a kite',
      stream: true,
      partial_images: 2,
    })

    for (const request of [{ previews: 0 }, { previews: 2, n: 2 }]) {
      const call = asked(request)
      assert.equal(call.isStream, false)
      assert.ok('body' in call.content && !JSON.stringify(call.content.body).includes('stream'))
    }
  })

  test('is a form with every picture of the conversation and the mask, once there is a picture', () => {
    const mask = picture('image/png')
    const call = asked({
      turns: [
        { role: 'user', parts: [{ type: 'text', text: 'a kite' }] },
        { role: 'assistant', parts: [{ type: 'image', picture: picture('image/webp') }] },
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'redder' },
            { type: 'image', picture: picture('image/jpeg') },
          ],
        },
      ],
      mask,
      n: 3,
      previews: 1,
    })

    assert.equal(call.operation, 'edits')
    assert.ok('form' in call.content)
    assert.deepEqual(
      call.content.form.map((part) =>
        'value' in part ? [part.name, part.value] : [part.name, part.fileName, part.mediaType],
      ),
      [
        ['model', 'gpt-image-2'],
        ['prompt', 'a kite\nredder'],
        ['n', '3'],
        ['image[]', 'image-1.webp', 'image/webp'],
        ['image[]', 'image-2.jpg', 'image/jpeg'],
        ['mask', 'mask.png', 'image/png'],
      ],
    )
  })

  for (const [what, request, options, says] of [
    [
      'a picture by its address',
      { turns: edit({ type: 'url', url: 'https://x.test/a.png' }) },
      {},
      'image.0 is an address',
    ],
    ['a picture of another type', { turns: edit(picture('image/gif').source) }, {}, 'neither PNG, JPEG nor WebP'],
    ['a mask over nothing', { mask: picture('image/png') }, {}, 'mask at image.0'],
    ['vectors', { format: 'svg' }, {}, 'output_format svg'],
    ['an option that is no text', {}, { moderation: { level: 'low' } }, 'moderation in provider.options'],
  ] as const) {
    test(`cannot have ${what}`, () => {
      const call = toImagesCall({ ...KITE, ...request }, { ...DIALECT, options })

      assert.ok(!call.ok && call.error.includes(says), call.ok ? '' : call.error)
    })
  }
})

describe('a ratio and a tier as pixels', () => {
  const cases: readonly [request: Partial<ImageRequest>, size: string | undefined][] = [
    [{}, undefined],
    [{ aspectRatio: 'auto' }, undefined],
    [{ resolution: '1K' }, '1024x1024'],
    [{ aspectRatio: '16:9' }, '1360x768'],
    [{ aspectRatio: '9:16' }, '768x1360'],
    [{ aspectRatio: '3:1' }, '1728x576'],
    [{ aspectRatio: '1:1', resolution: '2K' }, '2048x2048'],
    [{ aspectRatio: '1:1', resolution: '4K' }, '2880x2880'],
    [{ aspectRatio: '16:9', resolution: '4K' }, '3840x2160'],
    [{ aspectRatio: '21:9', resolution: '4K' }, '3808x1632'],
    [{ aspectRatio: '1:3', resolution: '4K' }, '1280x3840'],
  ]
  for (const [request, size] of cases) {
    test(`${request.aspectRatio ?? 'no ratio'} at ${request.resolution ?? 'no tier'} is ${size}, which the model takes`, () => {
      const found = sizeFor({ ...KITE, ...request }, NEW)

      assert.deepEqual(found, { ok: true, value: size })
      if (size === undefined) return
      const [width = 0, height = 0] = size.split('x').map(Number)
      assert.ok(width % 16 === 0 && height % 16 === 0 && Math.max(width, height) <= 3840)
      assert.ok(width * height >= 655_360 && width * height <= 8_294_400)
      assert.ok(Math.max(width / height, height / width) <= 3)
    })
  }

  test('an edit without a ratio keeps the shape of its first picture', () => {
    const facts = { sha256: '', mediaType: 'image/png', width: 400, height: 100, bytes: 1 }
    const wide = { type: 'image', picture: { ...picture('image/png'), facts } } as const

    const found = sizeFor({ model: 'any', turns: [{ role: 'user', parts: [wide] }], resolution: '2K' }, NEW)

    assert.deepEqual(found, { ok: true, value: '3504x1168' })
  })

  for (const [what, request, rule, says] of [
    ['a strip', { aspectRatio: '4:1' }, NEW, 'aspect_ratio 4:1'],
    ['a thumbnail', { resolution: '512' }, NEW, 'resolution 512'],
    ['a large picture of a first model', { resolution: '2K' }, OLD, 'resolution 2K'],
    ['a wide picture of a first model', { aspectRatio: '16:9' }, OLD, 'aspect_ratio 16:9'],
  ] as const) {
    test(`${what} is refused by its field`, () => {
      const found = sizeFor({ ...KITE, ...request }, rule)

      assert.ok(!found.ok && found.error.startsWith(says), found.ok ? '' : found.error)
    })
  }

  test('a first model has three sizes, and makes one of them by itself', () => {
    const sizes = (['3:2', '2:3', '1:1', undefined] as const).map((aspectRatio) =>
      sizeFor({ ...KITE, resolution: '1K', ...(aspectRatio && { aspectRatio }) }, OLD),
    )

    assert.deepEqual(
      sizes.map((size) => size.ok && size.value),
      ['1536x1024', '1024x1536', '1024x1024', undefined],
    )
  })

  test('a deployment by any name has the sizes of the model that the caller named', () => {
    assert.deepEqual(sizesOf('azure', 'my-deployment', 'openai/gpt-image-1.5'), OLD)
    assert.deepEqual(sizesOf('azure', 'my-deployment', 'gpt-image-1.5'), OLD)
    assert.deepEqual(sizesOf('azure', 'my-deployment', 'somebody/else'), NEW)
  })
})

const KITE: ImageRequest = { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a kite' }] }] }

function asked(request: Partial<ImageRequest>, dialect: Partial<Dialect> = {}) {
  const call = toImagesCall({ ...KITE, ...request }, { ...DIALECT, ...dialect })
  assert.ok(call.ok, call.ok ? '' : call.error)
  return call.value
}

function picture(mediaType: string): Picture {
  return {
    field: 'image.0',
    source: { type: 'inline', blob: new JsonBlob('base64', [Buffer.from('AAAA')], mediaType) },
  }
}

function edit(source: Picture['source']): ImageRequest['turns'] {
  return [{ role: 'user', parts: [{ type: 'image', picture: { field: 'image.0', source } }] }]
}
