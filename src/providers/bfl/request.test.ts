import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../../core/image-request.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import { ok } from '../../core/result.ts'
import { asked } from '../test-requests.ts'
import { ADDRESS, BLIND, reference, refusesUnsent, submission, type Unsendable } from '../test-submissions.ts'
import { makeBfl } from './provider.ts'

describe('a submission to Black Forest Labs', () => {
  test('carries what the model has a name for, seed zero included, and nothing else', async () => {
    const everything: ImageRequest = {
      ...asked('a kite'),
      n: 1,
      seed: 0,
      size: { width: 640, height: 480 },
      format: 'webp',
      quality: 'high',
      compression: 50,
      user: 'someone',
      providerOptions: {
        'black-forest-labs': { safety_tolerance: 0, disable_pup: true, image_prompt: 'x', webhook_url: 'https://x' },
        openai: { style: 'vivid' },
      },
    }

    assert.deepEqual(await submission(makeBfl, 'flux-2-pro', everything), [
      '/v1/flux-2-pro',
      {
        prompt: 'a kite',
        width: 640,
        height: 480,
        seed: 0,
        output_format: 'webp',
        safety_tolerance: 0,
        disable_pup: true,
      },
    ])
  })

  const shapes: readonly [model: string, wish: Partial<ImageRequest>, sent: object][] = [
    ['flux-2-max', { aspectRatio: '16:9' }, { width: 1360, height: 768 }],
    ['flux-2-klein-4b', { aspectRatio: '1:1' }, { width: 1024, height: 1024 }],
    ['flux-pro-1.1', { aspectRatio: '21:9' }, { width: 1440, height: 608 }],
    ['flux-dev', { aspectRatio: '2:3' }, { width: 832, height: 1248 }],
    ['flux-kontext-pro', { aspectRatio: '9:21' }, { aspect_ratio: '9:21' }],
    ['flux-pro-1.1-ultra', { aspectRatio: '16:9', seed: 3 }, { aspect_ratio: '16:9', seed: 3 }],
    ['flux-3-image', { aspectRatio: '7:5', resolution: '4K' }, { aspect_ratio: '7:5', resolution: '4k' }],
    ['flux-3-image', { format: 'png' }, {}],
    ['flux-9-tomorrow', { size: { width: 512, height: 256 } }, { width: 512, height: 256 }],
  ]
  for (const [model, wish, sent] of shapes) {
    test(`says ${JSON.stringify(wish)} to ${model} in its own words`, async () => {
      assert.deepEqual(await submission(makeBfl, model, { ...asked('x'), ...wish }), [
        `/v1/${model}`,
        { prompt: 'x', ...sent },
      ])
    })
  }

  test('gives pictures as base64 without a prefix, under the names that the model has for them', async () => {
    const two = [reference('AAA'), reference('BBB')]
    const named = { input_image: 'QUFB', input_image_2: 'QkJC' }

    assert.deepEqual((await submission(makeBfl, 'flux-2-flex', asked('x', two)))[1], { prompt: 'x', ...named })
    assert.deepEqual((await submission(makeBfl, 'flux-kontext-max', asked('x', two)))[1], { prompt: 'x', ...named })
    assert.deepEqual((await submission(makeBfl, 'flux-3-image', asked('x', two)))[1], {
      prompt: 'x',
      images: ['QUFB', 'QkJC'],
    })
    assert.deepEqual((await submission(makeBfl, 'flux-pro-1.0-fill', asked('x', [reference('AAA')])))[1], {
      prompt: 'x',
      image: 'QUFB',
    })
  })

  test('has the mask made white where the picture may be repainted, and sends what was made', async () => {
    const request = { ...asked('x', [reference('AAA')]), mask: reference('see-through') }
    const stencil = async ({ slices }: JsonBlob, marked: string) =>
      ok(new JsonBlob('binary', [Buffer.from(`${marked} for ${String(slices[0])}`)], 'image/png'))

    const [, body] = await submission(makeBfl, 'flux-pro-1.0-fill', request, { pixels: { ...BLIND, stencil } })

    const sent = Buffer.from((body as { mask: string }).mask, 'base64')
    assert.equal(String(sent), 'white for see-through')
  })

  const mask = reference('M', 'image/png', 'mask')
  const unsendable: readonly Unsendable[] = [
    ['two pictures in one call', 'flux-2-pro', { ...asked('x'), n: 2 }, /^n cannot/],
    ['a negative prompt', 'flux-2-pro', { ...asked('x'), negativePrompt: 'y' }, /^negative_prompt /],
    ['a seed', 'flux-3-image', { ...asked('x'), seed: 1 }, /^seed /],
    ['pixels', 'flux-kontext-pro', { ...asked('x'), size: { width: 64, height: 64 } }, /^size /],
    ['a ratio', 'flux-pro-1.0-fill', { ...asked('x', [reference('A')]), aspectRatio: '1:1' }, /^aspect_ratio /],
    ['a tier', 'flux-2-pro', { ...asked('x'), resolution: '2K' }, /^resolution /],
    ['a tier too small', 'flux-3-image', { ...asked('x'), resolution: '512' }, /^resolution /],
    ['a reference', 'flux-pro-1.1', asked('x', [reference('A')]), /input_references\[0\]/],
    ['a fifth reference', 'flux-2-klein-9b', asked('x', Array(5).fill(reference('A'))), /one more than/],
    ['a mask', 'flux-2-pro', { ...asked('x', [reference('A')]), mask }, /at mask/],
    ['a mask that is none', 'flux-pro-1.0-fill', { ...asked('x', [reference('A')]), mask }, /mask .* decoded/],
    ['an address', 'flux-2-pro', asked('x', [ADDRESS]), /only sent bytes/],
  ]
  refusesUnsent(makeBfl, unsendable)
})
