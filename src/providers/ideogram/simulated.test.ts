import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'

import sharp from 'sharp'

import { Decoder } from '../../assets/decoding/decoder.ts'
import { makePixels } from '../../assets/pixels.ts'
import { systemClock } from '../../core/clock.ts'
import type { ImageRequest } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { QUICK } from '../test-clock.ts'
import { bytesOf } from '../test-fixtures.ts'
import { asked, halfOpen, picture, solid } from '../test-requests.ts'
import { simulatedJobs } from '../test-simulated-jobs.ts'
import { type FaultCase, type FieldCase, sandboxForTests, throughSimulator } from '../test-simulated.ts'
import { makeIdeogram } from './provider.ts'

const decoder = new Decoder(systemClock)
after(() => decoder.close())
const pixels = makePixels(decoder)

const SIDE = 64
const RED = await solid(SIDE, SIDE, '#c03020')
const BLUE = await solid(SIDE, SIDE, '#2030c0', 'webp')
const mask = picture(await halfOpen(SIDE, SIDE, 'right'), 'mask')

/** The smallest that its models make still is large: at half the sides it is made sooner. */
const SMALL_PROMPT = 'a red kite [[fault:wrong-size]]'

const THIRD = 'ideogram-3'
const FOURTH = 'ideogram-4'
const REVISED = 'ideogram-4-5'

const ideogram = throughSimulator(await sandboxForTests(), 'ideogram', makeIdeogram, {
  model: THIRD,
  pixels: { split: pixels.tiles, stencil: pixels.stencil },
  clock: QUICK,
})
const small = (more: Partial<ImageRequest> = {}) => asked(SMALL_PROMPT, [], more)
const edited = (pictures: readonly Buffer[], more: Partial<ImageRequest> = {}) => asked('make it night', pictures, more)
/** As large as the picture, hence small. */
const inpainted = (more: Partial<ImageRequest> = {}, prompt = 'a green door') => asked(prompt, [RED], { mask, ...more })

describe('the adapter of Ideogram', { concurrency: 2 }, () => {
  describe('every field that the adapter sends counts', { concurrency: 8 }, () => {
    const options = (more: Readonly<Record<string, JsonValue>>) => ({ providerOptions: { ideogram: more } })
    const cases: readonly FieldCase[] = [
      ['prompt', THIRD, inpainted()],
      ['image', THIRD, inpainted()],
      ['mask', THIRD, inpainted()],
      ['mask', REVISED, inpainted()],
      ['num_images', THIRD, inpainted({ n: 2 })],
      ['rendering_speed', THIRD, inpainted({ quality: 'turbo' })],
      ['seed', THIRD, inpainted({ seed: 0 })],
      ['magic_prompt', THIRD, inpainted(options({ magic_prompt: 'off' }))],
      ['enable_copyright_detection', THIRD, inpainted(options({ enable_copyright_detection: true }))],
      ['private', REVISED, edited([RED], options({ private: true }))],
      ['style_preset', THIRD, inpainted(options({ style_preset: 'art_deco' }))],
      ['style_type', THIRD, inpainted(options({ style_type: 'realistic' }))],
      ['style_codes', THIRD, inpainted(options({ style_codes: ['0a1b2c3d', '4e5f6071'] }))],
      ['color_palette', THIRD, inpainted(options({ color_palette: { name: 'ember' } }))],
      ['reference_images', REVISED, edited([RED, BLUE, RED])],
      ['quality', REVISED, edited([RED], { quality: 'very_low' })],
      ['negative_prompt', THIRD, small({ negativePrompt: 'clouds' })],
      ['aspect_ratio', THIRD, small({ aspectRatio: '1:3' })],
      ['image_weight', THIRD, asked(SMALL_PROMPT, [RED], options({ image_weight: 40 }))],
      ['resolution', FOURTH, small({ size: { width: 512, height: 1536 } })],
      ['size', REVISED, small({ size: { width: 720, height: 1280 }, quality: 'low' })],
    ]
    ideogram.everyFieldCounts(cases)
  })

  describe('the simulator of Ideogram, seen through the adapter', { concurrency: 10 }, () => {
    test('charges what the price list says, by speed and by quality', async () => {
      for (const [model, request, cents] of [
        [THIRD, inpainted({ quality: 'turbo', n: 3 }, 'price'), 9_000n],
        [THIRD, inpainted({}, 'price'), 6_000n],
        [REVISED, asked('price', [RED]), 6_000n],
        [REVISED, asked('price', [RED], { quality: 'high' }), 22_000n],
        [REVISED, asked('price', [RED], { quality: 'very_low' }), 800n],
      ] as const) {
        const earlier = ideogram.callsNamed('price').length
        const result = await ideogram.generate(request, { model })

        assert.ok(result.ok)
        assert.match(result.value.upstreamId ?? '', /^[\w-]{10,}$/)
        const [charged] = ideogram.callsNamed('price').slice(earlier)
        assert.equal(BigInt(charged?.billed_nanos ?? 0), cents * 10_000n)
      }
    })

    for (const model of [THIRD, REVISED]) {
      test(`what a mask does not open is as it was, to the pixel, by ${model}`, async () => {
        const result = await ideogram.generate(inpainted({}, `a door by ${model}`), { model })

        assert.ok(result.ok)
        const [is, was] = await Promise.all([bytesOf(result.value.images[0]?.blob), RED].map(halvesOf))
        assert.deepEqual(is?.left, was?.left)
        assert.notDeepEqual(is?.right, was?.right)
      })
    }

    test('makes pictures of the size that was asked for, in every way of asking', async () => {
      for (const [model, more, width, height] of [
        [THIRD, { aspectRatio: '16:9' }, 1312, 736],
        [THIRD, { size: { width: 512, height: 1536 } }, 512, 1536],
        [FOURTH, { aspectRatio: '1:3', resolution: '2K' }, 1024, 3072],
        [REVISED, { aspectRatio: '3:1' }, 3072, 1024],
      ] as const) {
        const result = await ideogram.generate(small(more), { model })

        assert.ok(result.ok, result.ok ? '' : result.error.message)
        const made = await sharp(bytesOf(result.value.images[0]?.blob)).metadata()
        assert.deepEqual([made.width * 2, made.height * 2], [width, height])
      }
    })

    const faults: readonly FaultCase[] = [
      ['status=400', 'rejected', 'no', 0n],
      ['status=401', 'unauthorized', 'no', 0n],
      ['status=402', 'unauthorized', 'no', 0n],
      ['status=429,retry-after=7', 'rate_limited', 'no', 0n],
      ['status=500', 'unavailable', 'unknown', 0n],
      ['redirect=http://127.0.0.1:9/', 'unavailable', 'no', 0n],
      ['html', 'no_image', 'yes', 0n],
      ['invalid-json', 'no_image', 'yes', 60_000_000n],
      ['reset=after-request', 'unavailable', 'unknown', 0n],
      ['refusal=prompt', 'refused', 'no', 0n],
      ['refusal=pictures', 'refused', 'yes', 60_000_000n],
      ['refusal=failed', 'refused', 'no', 0n],
      ['run-status=500', 'unavailable', 'no', 0n],
      ['no-image=images-empty', 'no_image', 'yes', 60_000_000n],
      ['delivery-gone=9', 'no_image', 'yes', 60_000_000n],
    ]
    ideogram.everyFaultIsTold(faults, (prompt) => inpainted({}, prompt))
    simulatedJobs(ideogram, (prompt) => inpainted({ n: 2 }, prompt))

    for (const [credential, found] of [
      ['good', 'the key is good'],
      ['admin', 'the key is good'],
      ['invalid', 'unauthorized: Ideogram answered 401: Invalid API key.'],
    ] as const) {
      test(`the free question with a key that is ${credential}: ${found}`, async () => {
        assert.equal(await ideogram.found({ credential }), found)
      })
    }
  })
})

/** Both halves of a picture, as pixels. */
async function halvesOf(bytes: Buffer): Promise<{ readonly left: Buffer; readonly right: Buffer }> {
  const half = async (left: number) =>
    await sharp(bytes)
      .extract({ left, top: 0, width: SIDE / 2, height: SIDE })
      .removeAlpha()
      .raw()
      .toBuffer()
  return { left: await half(0), right: await half(SIDE / 2) }
}
