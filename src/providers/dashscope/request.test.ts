import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../../core/image-request.ts'
import { asked } from '../test-requests.ts'
import { ADDRESS, reference, refusesUnsent, submission, type Unsendable } from '../test-submissions.ts'
import { makeDashScope } from './provider.ts'

const AT_ONCE = 'multimodal-generation/generation'
const MESSAGES = 'image-generation/generation'
const PROMPT = 'text2image/image-synthesis'
const PICTURES = 'image2image/image-synthesis'
const A = 'data:image/png;base64,QUFB'
const B = 'data:image/webp;base64,QkJC'

describe('what is sent to DashScope', () => {
  test('carries everything that the caller said, and options by name, with pictures before words', async () => {
    const request: ImageRequest = {
      ...asked('night', [reference('AAA'), reference('BBB', 'image/webp')]),
      n: 6,
      seed: 0,
      size: { width: 640, height: 480 },
      negativePrompt: 'clouds',
      format: 'jpeg',
      providerOptions: {
        alibaba: { prompt_extend: false, watermark: true, enable_sequential: true, n: 9 },
        fal: { raw: true },
      },
    }

    assert.deepEqual(await sent('qwen-image-2.0-pro', request), [
      AT_ONCE,
      {
        model: 'qwen-image-2.0-pro',
        input: { messages: [{ role: 'user', content: [{ image: A }, { image: B }, { text: 'night' }] }] },
        parameters: {
          prompt_extend: false,
          watermark: true,
          size: '640*480',
          n: 6,
          negative_prompt: 'clouds',
          seed: 0,
        },
      },
    ])
  })

  const forms: readonly [model: string, path: string, request: ImageRequest, input: object, parameters: object][] = [
    ['qwen-image-3.0-pro', AT_ONCE, asked('x'), said('x'), {}],
    ['qwen-image-max-2025-12-30', AT_ONCE, asked('x'), said('x'), {}],
    ['qwen-image-edit-plus-2025-10-30', AT_ONCE, asked('x', [reference('AAA')]), said('x', A), {}],
    ['z-image-turbo', AT_ONCE, asked('x'), said('x'), {}],
    ['something-new', AT_ONCE, asked('x'), said('x'), {}],
    ['qwen-image', PROMPT, { ...asked('x'), negativePrompt: 'y' }, { prompt: 'x', negative_prompt: 'y' }, {}],
    ['qwen-image-plus-2026-01-09', PROMPT, { ...asked('x'), seed: 3 }, { prompt: 'x' }, { seed: 3 }],
    ['wan2.2-t2i-flash', PROMPT, asked('x'), { prompt: 'x' }, { n: 1 }],
    ['wan2.5-i2i-preview', PICTURES, asked('x', [reference('AAA')]), { prompt: 'x', images: [A] }, { n: 1 }],
    ['wan2.6-t2i', MESSAGES, { ...asked('x'), negativePrompt: 'y' }, said('x'), { n: 1, negative_prompt: 'y' }],
    ['wan2.7-image', MESSAGES, { ...asked('x', [reference('AAA')]), n: 4 }, said('x', A), { n: 4 }],
  ]
  for (const [model, path, request, input, parameters] of forms) {
    test(`${model} is asked at ${path}`, async () => {
      assert.deepEqual(await sent(model, request), [path, { model, input, parameters }])
    })
  }

  const shapes: readonly [model: string, wish: Partial<ImageRequest>, size: string][] = [
    ['qwen-image-3.0', { aspectRatio: '16:9' }, '1360*768'],
    ['qwen-image-2.0', { aspectRatio: '16:9' }, '2720*1536'],
    ['qwen-image-2.0', { aspectRatio: '16:9', resolution: '1K' }, '1360*768'],
    ['qwen-image-2.0', { resolution: '2K' }, '2048*2048'],
    ['qwen-image', { aspectRatio: '4:3', resolution: '1K' }, '1472*1104'],
    ['qwen-image-max', { resolution: '1K' }, '1328*1328'],
    ['wan2.7-image', { resolution: '1K' }, '1K'],
    ['wan2.7-image-pro', { resolution: '4K', aspectRatio: '2:3' }, '3344*5008'],
    ['wan2.7-image', { size: { width: 800, height: 900 } }, '800*900'],
  ]
  for (const [model, wish, size] of shapes) {
    test(`${JSON.stringify(wish)} is ${size} for ${model}`, async () => {
      const [, body] = await sent(model, { ...asked('x'), ...wish })

      assert.equal((body as { parameters: { size?: string } }).parameters.size, size)
    })
  }

  test('a picture is labelled by what it is, not by what it claims', async () => {
    const facts = { sha256: '', mediaType: 'image/webp', width: 1, height: 1, bytes: 3 }
    const [, body] = await sent('qwen-image-2.0', asked('x', [{ ...reference('BBB', 'image/gif'), facts }]))

    assert.deepEqual((body as { input: object }).input, said('x', B))
  })

  const four = ['A', 'B', 'C', 'D'].map((bytes) => reference(bytes))
  const unsendable: readonly Unsendable[] = [
    [
      'a mask',
      'qwen-image-2.0',
      { ...asked('x', [reference('A')]), mask: reference('B') },
      /input_references\[0\].*mask/,
    ],
    ['seven pictures', 'qwen-image-2.0', { ...asked('x'), n: 7 }, /n 7/],
    ['two pictures', 'qwen-image-max', { ...asked('x'), n: 2 }, /at most 1/],
    ['a negative prompt', 'wan2.7-image', { ...asked('x'), negativePrompt: 'y' }, /negative_prompt/],
    ['a transparent background', 'qwen-image-2.0', { ...asked('x'), background: 'transparent' }, /transparent/],
    ['a quality', 'qwen-image-2.0', { ...asked('x'), quality: 'high' }, /quality/],
    ['no picture to edit', 'qwen-image-edit-plus', asked('x'), /has none/],
    ['a fourth reference', 'qwen-image-2.0', asked('x', four), /one more than the model takes/],
    ['a reference', 'z-image-turbo', asked('x', [reference('A')]), /one more/],
    ['a ratio that it has not', 'qwen-image-plus', { ...asked('x'), aspectRatio: '3:2' }, /aspect_ratio 3:2/],
    ['a ratio that is none', 'qwen-image-2.0', { ...asked('x'), aspectRatio: 'wide' }, /aspect_ratio wide/],
    ['a ratio to nothing', 'qwen-image-2.0', { ...asked('x'), aspectRatio: '1:0' }, /aspect_ratio 1:0/],
    ['a tier that it has not', 'qwen-image-2.0', { ...asked('x'), resolution: '4K' }, /resolution 4K/],
    ['a large tier', 'qwen-image', { ...asked('x'), resolution: '2K' }, /resolution 2K/],
    ['a picture of unknown type', 'qwen-image-2.0', asked('x', [reference('A', '')]), /media type/],
    [
      'a rewriting that doubles the price',
      'z-image-turbo',
      { ...asked('x'), providerOptions: { alibaba: { prompt_extend: true } } },
      /prompt_extend/,
    ],
    ['an address', 'qwen-image-2.0', asked('x', [ADDRESS]), /only sent bytes/],
  ]
  refusesUnsent(makeDashScope, unsendable)
})

function said(text: string, image?: string): object {
  return { messages: [{ role: 'user', content: [...(image === undefined ? [] : [{ image }]), { text }] }] }
}

/** Where the one paid request goes, below the services, and its body. */
async function sent(model: string, request: ImageRequest): Promise<readonly [path: string, body: unknown]> {
  const [path, body] = await submission(makeDashScope, model, request)
  return [path.replace('/api/v1/services/aigc/', ''), body]
}
