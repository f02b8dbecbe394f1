import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../../core/image-request.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import { ok } from '../../core/result.ts'
import type { Call } from '../provider.ts'
import { asked } from '../test-requests.ts'
import { ADDRESS, BLIND, reference, refusesUnsent, submission, type Unsendable } from '../test-submissions.ts'
import { makeReplicate } from './provider.ts'

const FLUX_2 = 'black-forest-labs/flux-2-pro'
const FLUX_DEV = 'black-forest-labs/flux-dev'
const FILL = 'black-forest-labs/flux-fill-pro'
const IDEOGRAM = 'ideogram-ai/ideogram-v3-turbo'
const SD = 'stability-ai/stable-diffusion-3.5-large'
const WAN = 'wan-video/wan-2.7-image'

describe('an input for Replicate', () => {
  test('carries what the model has a name for, seed zero included, and nothing else', async () => {
    const everything: ImageRequest = {
      ...asked('a kite'),
      n: 4,
      seed: 0,
      aspectRatio: '21:9',
      format: 'jpeg',
      compression: 0,
      quality: 'high',
      user: 'someone',
      providerOptions: {
        replicate: { go_fast: false, num_inference_steps: 2, num_outputs: 4, lora_weights: 'x', output_quality: 50 },
        fal: { acceleration: 'none' },
      },
    }

    assert.deepEqual(await inputOf('black-forest-labs/flux-schnell', everything), {
      prompt: 'a kite',
      num_outputs: 4,
      seed: 0,
      aspect_ratio: '21:9',
      output_format: 'jpg',
      output_quality: 0,
      go_fast: false,
      num_inference_steps: 2,
    })
  })

  const shapes: readonly [model: string, wish: Partial<ImageRequest>, sent: object][] = [
    [FLUX_2, { aspectRatio: '16:9' }, { aspect_ratio: '16:9' }],
    [FLUX_2, { aspectRatio: '21:9' }, { aspect_ratio: 'custom', width: 1536, height: 640 }],
    [FLUX_2, { size: { width: 640, height: 480 } }, { aspect_ratio: 'custom', width: 640, height: 480 }],
    ['black-forest-labs/flux-1.1-pro', { aspectRatio: '3:1' }, { aspect_ratio: 'custom', width: 1440, height: 480 }],
    ['black-forest-labs/flux-1.1-pro-ultra', { aspectRatio: '9:21' }, { aspect_ratio: '9:21' }],
    ['black-forest-labs/flux-kontext-max', { aspectRatio: '1:2', resolution: '1K' }, { aspect_ratio: '1:2' }],
    ['bytedance/seedream-4', { aspectRatio: '3:2', resolution: '4K' }, { aspect_ratio: '3:2', size: '4K' }],
    ['bytedance/seedream-4', { size: { width: 1280, height: 1024 } }, { size: 'custom', width: 1280, height: 1024 }],
    ['bytedance/seedream-5-lite', { format: 'jpeg' }, { output_format: 'jpeg' }],
    ['bytedance/seedream-4.5', { format: 'jpeg', compression: 5 }, {}],
    ['minimax/image-01', { n: 9 }, { number_of_images: 9 }],
    ['luma/photon', { seed: 1, n: 1 }, { seed: 1 }],
    ['qwen/qwen-image', { negativePrompt: 'fog' }, { negative_prompt: 'fog' }],
    ['nvidia/sana:c6b5', { aspectRatio: '2:1', negativePrompt: '' }, { width: 1440, height: 704, negative_prompt: '' }],
    [WAN, { resolution: '1K' }, { size: '1K' }],
    [WAN, { aspectRatio: '16:9' }, { size: '2720*1536' }],
    [WAN, { aspectRatio: '1:1', resolution: '1K' }, { size: '1024*1024' }],
    [WAN, { size: { width: 900, height: 800 } }, { size: '900*800' }],
    ['somebody/new-model', { aspectRatio: '1:1', format: 'webp' }, { aspect_ratio: '1:1', output_format: 'webp' }],
  ]
  for (const [model, wish, sent] of shapes) {
    test(`says ${JSON.stringify(wish)} to ${model} in its own words`, async () => {
      assert.deepEqual(await inputOf(model, { ...asked('x'), ...wish }), { prompt: 'x', ...sent })
    })
  }

  const [A, B] = ['data:image/png;base64,QUFB', 'data:image/png;base64,QkJC']
  const pictured: readonly [model: string, pictures: readonly string[], sent: object][] = [
    [FLUX_2, ['AAA', 'BBB'], { input_images: [A, B], aspect_ratio: 'match_input_image' }],
    ['black-forest-labs/flux-kontext-pro', ['AAA'], { input_image: A }],
    [FLUX_DEV, ['AAA'], { image: A }],
    ['bytedance/seedream-4.5', ['AAA'], { image_input: [A] }],
    ['luma/photon-flash', ['AAA'], { image_reference_url: A }],
    ['minimax/image-01', ['AAA'], { subject_reference: A }],
    ['prunaai/p-image-edit', ['AAA', 'BBB'], { images: [A, B] }],
    ['somebody/new-model', ['AAA'], { image: A }],
  ]
  for (const [model, pictures, sent] of pictured) {
    test(`gives ${pictures.length} to ${model} under its own name`, async () => {
      assert.deepEqual(
        await inputOf(
          model,
          asked(
            'x',
            pictures.map((bytes) => reference(bytes)),
          ),
        ),
        { prompt: 'x', ...sent },
      )
    })
  }

  for (const [model, marked] of [
    [FILL, 'white'],
    [IDEOGRAM, 'black'],
  ] as const) {
    test(`has the mask for ${model} made ${marked} where the picture may be repainted`, async () => {
      const request = { ...asked('x', [reference('AAA')]), mask: reference('see-through') }
      const stencil = async ({ slices }: JsonBlob, color: string) =>
        ok(new JsonBlob('binary', [Buffer.from(`${color} for ${String(slices[0])}`)], 'image/png'))

      const input = await inputOf(model, request, { pixels: { ...BLIND, stencil } })

      const made = Buffer.from(`${marked} for see-through`).toString('base64')
      assert.deepEqual(input, { prompt: 'x', image: A, mask: `data:image/png;base64,${made}` })
    })
  }

  const one = asked('x', [reference('A')])
  const mask = reference('M', 'image/png', 'mask')
  const unsendable: readonly Unsendable[] = [
    ['two pictures in one call', FLUX_2, { ...asked('x'), n: 2 }, /^n cannot/],
    ['five of four', FLUX_DEV, { ...asked('x'), n: 5 }, /^n cannot/],
    ['a negative prompt', FLUX_2, { ...asked('x'), negativePrompt: 'y' }, /^negative_prompt /],
    ['a seed', 'bytedance/seedream-4', { ...asked('x'), seed: 1 }, /^seed /],
    ['pixels', FLUX_DEV, { ...asked('x'), size: { width: 64, height: 64 } }, /^size /],
    ['a ratio beside a picture that decides', FLUX_DEV, { ...one, aspectRatio: '1:1' }, /^aspect_ratio /],
    ['a ratio beside a picture that decides', SD, { ...one, aspectRatio: '1:1' }, /^aspect_ratio /],
    ['a ratio', FILL, { ...one, aspectRatio: '1:1' }, /^aspect_ratio /],
    ['a tier', FLUX_2, { ...asked('x'), resolution: '2K' }, /^resolution /],
    ['a tier that it does not have', 'bytedance/seedream-4.5', { ...asked('x'), resolution: '1K' }, /^resolution /],
    ['a reference', 'black-forest-labs/flux-1.1-pro', one, /input_references\[0\]/],
    ['a second reference', 'luma/photon', asked('x', [reference('A'), reference('B')]), /one more than/],
    ['a picture without a mask', IDEOGRAM, one, /input_references\[0\] .* without a mask/],
    ['a mask without a picture', FILL, { ...asked('x'), mask }, /mask at mask .* without a picture/],
    ['a mask', FLUX_2, { ...one, mask }, /at mask/],
    ['a mask that is none', FILL, { ...one, mask }, /mask at mask .* decoded/],
    ['an address', FLUX_2, asked('x', [ADDRESS]), /input_references\[0\] .* only sent bytes/],
  ]
  refusesUnsent(makeReplicate, unsendable)
})

/** What the one submission has as its input. */
async function inputOf(model: string, request: ImageRequest, more: Partial<Call> = {}): Promise<unknown> {
  const id = model.replace(/:.*/, `:${'c6b5d2b7'.repeat(8)}`)
  const [, body] = await submission(makeReplicate, id, request, more)
  return (body as { readonly input: unknown }).input
}
