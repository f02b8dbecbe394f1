import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../../core/image-request.ts'
import { asked } from '../test-requests.ts'
import { ADDRESS, reference, refusesUnsent, submission, type Unsendable } from '../test-submissions.ts'
import { makeFal } from './provider.ts'

describe('a submission to fal', () => {
  test('carries what the model has a name for, seed zero included, and nothing else', async () => {
    const everything: ImageRequest = {
      ...asked('a kite'),
      n: 2,
      seed: 0,
      size: { width: 640, height: 480 },
      format: 'png',
      negativePrompt: 'clouds',
      quality: 'high',
      background: 'transparent',
      compression: 50,
      user: 'someone',
      providerOptions: { fal: { guidance_scale: 0, sync_mode: true, max_images: 9 }, openai: { style: 'vivid' } },
    }
    const common = { prompt: 'a kite', num_images: 2, seed: 0, guidance_scale: 0, output_format: 'png' }
    const size = { width: 640, height: 480 }

    assert.deepEqual(await submission(makeFal, 'fal-ai/flux/dev', everything), [
      '/fal-ai/flux/dev',
      { ...common, image_size: size },
    ])
    assert.deepEqual(await submission(makeFal, 'fal-ai/qwen-image', everything), [
      '/fal-ai/qwen-image',
      { ...common, image_size: size, negative_prompt: 'clouds' },
    ])
    assert.deepEqual(await submission(makeFal, 'fal-ai/flux-pro/kontext', everything), [
      '/fal-ai/flux-pro/kontext/text-to-image',
      common,
    ])
  })

  const shapes: readonly [model: string, asked: Partial<ImageRequest>, sent: object][] = [
    ['fal-ai/flux/dev', { aspectRatio: '16:9' }, { image_size: { width: 1360, height: 768 } }],
    ['fal-ai/flux-2-pro', { aspectRatio: '1:1', resolution: '2K' }, { image_size: { width: 2048, height: 2048 } }],
    ['fal-ai/flux-pro/v1.1-ultra', { aspectRatio: '21:9', resolution: '2K' }, { aspect_ratio: '21:9' }],
    ['fal-ai/nano-banana-2', { aspectRatio: '4:1', resolution: '512' }, { aspect_ratio: '4:1', resolution: '0.5K' }],
    ['fal-ai/gemini-25-flash-image', { resolution: '1K' }, {}],
    [
      'fal-ai/bytedance/seedream/v4.5/text-to-image',
      { aspectRatio: '4:3' },
      { image_size: { width: 2352, height: 1760 } },
    ],
    ['fal-ai/ideogram/v3', { quality: 'turbo', format: 'png' }, { rendering_speed: 'TURBO' }],
    ['somebody/new-model', { size: { width: 8, height: 8 } }, { image_size: { width: 8, height: 8 } }],
  ]
  for (const [model, wish, sent] of shapes) {
    test(`says ${JSON.stringify(wish)} to ${model} in its own words`, async () => {
      const [, body] = await submission(makeFal, model, { ...asked('x'), ...wish })

      assert.deepEqual(body, { prompt: 'x', ...sent })
    })
  }

  test('never asks for more pixels than the tier has, whatever the ratio', async () => {
    for (const ratio of ['1:1', '3:2', '9:16', '21:9', '2.35:1', '1:8', '7:5']) {
      const [, body] = await submission(makeFal, 'fal-ai/flux-2-pro', { ...asked('x'), aspectRatio: ratio })
      const { image_size: size } = body as { image_size: { width: number; height: number } }

      assert.ok(size.width * size.height <= 1024 * 1024 && size.width % 16 === 0 && size.height % 16 === 0, ratio)
    }
  })

  const A = 'data:image/png;base64,QUFB'
  const B = 'data:image/webp;base64,QkJC'
  const endpoints: readonly [model: string, pictures: number, path: string, fields: object][] = [
    ['fal-ai/flux-pro/kontext', 1, '/fal-ai/flux-pro/kontext', { image_url: A }],
    ['fal-ai/flux-pro/kontext/max', 2, '/fal-ai/flux-pro/kontext/max/multi', { image_urls: [A, B] }],
    ['fal-ai/flux/dev', 1, '/fal-ai/flux/dev/image-to-image', { image_url: A }],
    ['fal-ai/flux-2-pro', 1, '/fal-ai/flux-2-pro/edit', { image_urls: [A] }],
    ['fal-ai/nano-banana-2', 2, '/fal-ai/nano-banana-2/edit', { image_urls: [A, B] }],
    ['fal-ai/qwen-image-edit-2509', 1, '/fal-ai/qwen-image-edit-2509', { image_urls: [A] }],
    ['fal-ai/bytedance/seedream/v4/text-to-image', 1, '/fal-ai/bytedance/seedream/v4/edit', { image_urls: [A] }],
    ['fal-ai/bytedance/seedream/v5/lite/edit', 0, '/fal-ai/bytedance/seedream/v5/lite/text-to-image', {}],
    ['fal-ai/ideogram/v3', 1, '/fal-ai/ideogram/v3/remix', { image_url: A }],
  ]
  for (const [model, count, path, fields] of endpoints) {
    test(`of ${count} pictures to ${model} goes to ${path}`, async () => {
      const request = asked('x', [reference('AAA', 'image/png'), reference('BBB', 'image/webp')].slice(0, count))

      assert.deepEqual(await submission(makeFal, model, request), [path, { prompt: 'x', ...fields }])
    })
  }

  test('puts the mask beside the picture that it lies over', async () => {
    const request = { ...asked('x', [reference('AAA', 'image/png')]), mask: reference('BBB', 'image/webp') }

    assert.deepEqual(await submission(makeFal, 'fal-ai/ideogram/v3', request), [
      '/fal-ai/ideogram/v3/edit',
      { prompt: 'x', image_url: A, mask_url: B },
    ])
  })

  test('labels a picture by what it is, not by what it claims', async () => {
    const facts = { sha256: '', mediaType: 'image/webp', width: 1, height: 1, bytes: 3 }
    const [, body] = await submission(
      makeFal,
      'fal-ai/flux-pro/kontext',
      asked('x', [{ ...reference('BBB', 'image/gif'), facts }]),
    )

    assert.deepEqual(body, { prompt: 'x', image_url: B })
  })

  const unsendable: readonly Unsendable[] = [
    ['several pictures in one call', 'fal-ai/flux-2-pro', { ...asked('x'), n: 2 }, /one picture per call/],
    ['no picture to edit', 'fal-ai/qwen-image-edit-2509', asked('x'), /has none/],
    ['a reference', 'fal-ai/luma-photon', asked('x', [reference('AAA')]), /input_references\[0\]/],
    ['two references', 'fal-ai/ideogram/v3', asked('x', [reference('A'), reference('B')]), /does not take/],
    ['a mask', 'fal-ai/flux-2-pro', { ...asked('x', [reference('A')]), mask: reference('B') }, /does not take/],
    ['a picture of unknown type', 'fal-ai/flux-2-pro', asked('x', [reference('AAA', '')]), /media type/],
    ['an address', 'fal-ai/flux-2-pro', asked('x', [ADDRESS]), /only sent bytes/],
  ]
  refusesUnsent(makeFal, unsendable)
})
