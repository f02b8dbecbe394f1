import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import { err, ok } from '../../core/result.ts'
import { answer, callTo, playback, withUpstream } from '../playback.ts'
import { failureOf } from '../provider-contract.ts'
import type { Call } from '../provider.ts'
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

    assert.deepEqual(await submitted('flux-2-pro', everything), [
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
      assert.deepEqual(await submitted(model, { ...asked('x'), ...wish }), [`/v1/${model}`, { prompt: 'x', ...sent }])
    })
  }

  test('gives pictures as base64 without a prefix, under the names that the model has for them', async () => {
    const two = [picture('AAA'), picture('BBB')]
    const named = { input_image: 'QUFB', input_image_2: 'QkJC' }

    assert.deepEqual((await submitted('flux-2-flex', asked('x', two)))[1], { prompt: 'x', ...named })
    assert.deepEqual((await submitted('flux-kontext-max', asked('x', two)))[1], { prompt: 'x', ...named })
    assert.deepEqual((await submitted('flux-3-image', asked('x', two)))[1], { prompt: 'x', images: ['QUFB', 'QkJC'] })
    assert.deepEqual((await submitted('flux-pro-1.0-fill', asked('x', [picture('AAA')])))[1], {
      prompt: 'x',
      image: 'QUFB',
    })
  })

  test('has the mask made white where the picture may be repainted, and sends what was made', async () => {
    const request = { ...asked('x', [picture('AAA')]), mask: mask('see-through') }
    const stencil = async ({ slices }: JsonBlob, marked: string) =>
      ok(new JsonBlob('binary', [Buffer.from(`${marked} for ${String(slices[0])}`)], 'image/png'))

    const [, body] = await submitted('flux-pro-1.0-fill', request, { pixels: { ...BLIND, stencil } })

    const sent = Buffer.from((body as { mask: string }).mask, 'base64')
    assert.equal(String(sent), 'white for see-through')
  })

  const unsendable: readonly [what: string, model: string, request: ImageRequest, says: RegExp][] = [
    ['two pictures in one call', 'flux-2-pro', { ...asked('x'), n: 2 }, /^n cannot/],
    ['a negative prompt', 'flux-2-pro', { ...asked('x'), negativePrompt: 'y' }, /^negative_prompt /],
    ['a seed', 'flux-3-image', { ...asked('x'), seed: 1 }, /^seed /],
    ['pixels', 'flux-kontext-pro', { ...asked('x'), size: { width: 64, height: 64 } }, /^size /],
    ['a ratio', 'flux-pro-1.0-fill', { ...asked('x', [picture('A')]), aspectRatio: '1:1' }, /^aspect_ratio /],
    ['a tier', 'flux-2-pro', { ...asked('x'), resolution: '2K' }, /^resolution /],
    ['a tier too small', 'flux-3-image', { ...asked('x'), resolution: '512' }, /^resolution /],
    ['a reference', 'flux-pro-1.1', asked('x', [picture('A')]), /input_references\[0\]/],
    ['a fifth reference', 'flux-2-klein-9b', asked('x', Array(5).fill(picture('A'))), /one more than/],
    ['a mask', 'flux-2-pro', { ...asked('x', [picture('A')]), mask: mask('M') }, /at mask/],
    ['a mask that is none', 'flux-pro-1.0-fill', { ...asked('x', [picture('A')]), mask: mask('M') }, /mask .* decoded/],
    [
      'an address',
      'flux-2-pro',
      asked('x', [{ field: 'input_references[0]', source: { type: 'url', url: 'https://example.com/a.png' } }]),
      /only sent bytes/,
    ],
  ]
  for (const [what, model, request, says] of unsendable) {
    test(`of ${what} to ${model} is refused unsent`, async () => {
      await using server = await playback(answer(500, '{}'))

      const failure = failureOf(
        await withUpstream({}, (upstream) =>
          makeBfl(upstream).generate(request, { ...callTo(server.url), model, pixels: BLIND }),
        ),
      )

      assert.deepEqual([failure.kind, failure.billed, server.requests.length], ['rejected', 'no', 0])
      assert.match(failure.message, says)
    })
  }
})

/** Work on pixels where none can be decoded. */
const BLIND: NonNullable<Call['pixels']> = {
  stencil: async () => err('The pixels cannot be decoded.'),
  split: async () => err('The pixels cannot be decoded.'),
}

function asked(prompt: string, pictures: readonly Picture[] = []): ImageRequest {
  const images = pictures.map((each) => ({ type: 'image', picture: each }) as const)
  return { model: 'any', turns: [{ role: 'user', parts: [...images, { type: 'text', text: prompt }] }] }
}

function picture(bytes: string): Picture {
  const blob = new JsonBlob('binary', [Buffer.from(bytes)], 'image/png')
  return { field: 'input_references[0]', source: { type: 'inline', blob } }
}

function mask(bytes: string): Picture {
  return { ...picture(bytes), field: 'mask' }
}

/** Path and body of the one submission. */
async function submitted(
  model: string,
  request: ImageRequest,
  more: Partial<Call> = {},
): Promise<[string | undefined, unknown]> {
  await using server = await playback(answer(503, '{"detail":"not today"}'))
  await withUpstream({}, (upstream) => makeBfl(upstream).generate(request, { ...callTo(server.url), ...more, model }))
  assert.equal(server.requests.length, 1)
  return [server.requests[0]?.path, JSON.parse(server.requests[0]?.body ?? '')]
}
