import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import sharp from 'sharp'

import type { ImageRequest } from '../../core/image-request.ts'
import { formatUsd } from '../../core/money.ts'
import { QUICK } from '../test-clock.ts'
import { bytesOf, failureOf } from '../test-fixtures.ts'
import { asked, halfOpen, picture, PIXELS, solid } from '../test-requests.ts'
import { type FaultCase, type FieldCase, sandboxForTests, throughSimulator } from '../test-simulated.ts'
import { makeRecraft } from './provider.ts'

const RED = await solid(288, 256, '#c03020')
const MASK = await halfOpen(288, 256, 'left')
const VECTOR = 'recraftv4_1_vector'
const recraft = throughSimulator(await sandboxForTests(), 'recraft', makeRecraft, {
  model: VECTOR,
  pixels: PIXELS,
  clock: QUICK,
})
const drawn = (more: Partial<ImageRequest> = {}) => asked('a kite', [], more)
const edit = (more: Partial<ImageRequest> = {}) => asked('make it night', [RED], more)

describe('every field that the adapter sends counts', { concurrency: 2 }, () => {
  const cases: readonly FieldCase[] = [
    ['prompt', VECTOR, drawn()],
    ['model', VECTOR, drawn()],
    ['n', VECTOR, drawn({ n: 2 })],
    ['size', VECTOR, drawn({ aspectRatio: '2:1' })],
    ['size', VECTOR, drawn({ size: { width: 768, height: 1536 } })],
    ['random_seed', VECTOR, drawn({ seed: 0 })],
    ['controls', VECTOR, drawn({ providerOptions: { recraft: { controls: { no_text: true } } } })],
    ['image', 'recraftv3', edit()],
    ['strength', 'recraftv3', edit()],
    ['model', 'recraftv3', edit({ seed: 4 })],
    ['negative_prompt', 'recraftv3', edit({ negativePrompt: 'clouds' })],
    ['style', 'recraftv3', edit({ providerOptions: { recraft: { style: 'icon' } } })],
    ['image_format', 'recraftv3', edit({ format: 'webp' })],
    ['mask', 'recraftv3', edit({ mask: picture(MASK) })],
  ]
  recraft.everyFieldCounts(cases)

  test('without its wish for base64 the pictures come by address, and are fetched', async () => {
    const whole = await recraft.outcomeOf(drawn())

    assert.equal(await recraft.outcomeOf(drawn(), { lost: 'response_format' }), whole)
    assert.match(whole, /^1 pictures/)
  })
})

test('charges what the price list says, and tells it', async () => {
  for (const [model, request, usd] of [
    [VECTOR, asked('a fish', [], { n: 3 }), '0.24'],
    ['recraftv4_pro_vector', asked('a fish'), '0.3'],
    ['recraftv4_1', edit(), '0.035'],
    ['recraftv3', edit({ mask: picture(MASK) }), '0.04'],
  ] as const) {
    const earlier = recraft.billed()

    const result = await recraft.generate(request, { model })

    assert.ok(result.ok)
    const cost = result.value.cost ?? (0n as never)
    assert.deepEqual([formatUsd(cost), recraft.billed() - earlier], [usd, cost], model)
  }
})

describe('the simulator of Recraft, seen through the adapter', { concurrency: 2 }, () => {
  test('makes vector graphics of the vector models, raster pictures of the others', async () => {
    const vector = await recraft.generate(asked('a fish', [], { aspectRatio: '1:2' }))
    const raster = await recraft.generate(edit(), { model: 'recraftv4' })

    assert.ok(vector.ok && raster.ok)
    assert.match(bytesOf(vector.value.images[0]?.blob).toString(), /^<svg [^>]*width="768" height="1536"/)
    assert.deepEqual((await sharp(bytesOf(raster.value.images[0]?.blob)).metadata()).format, 'png')
  })

  const UNITS = 80_000_000n
  const faults: readonly FaultCase[] = [
    ['status=401', 'unauthorized', 'no', 0n],
    ['status=402', 'unauthorized', 'no', 0n],
    ['status=429,retry-after=7', 'rate_limited', 'no', 0n],
    ['status=400', 'rejected', 'no', 0n],
    ['status=500', 'unavailable', 'unknown', 0n],
    ['status=503', 'unavailable', 'no', 0n],
    ['refusal=moderation', 'refused', 'no', 0n],
    ['no-image=images-empty', 'no_image', 'no', 0n],
    ['no-image=images-missing', 'no_image', 'yes', 0n],
    ['truncate=300', 'no_image', 'yes', UNITS],
    ['reset=mid-body', 'no_image', 'yes', UNITS],
    ['reset=after-request', 'unavailable', 'unknown', 0n],
    ['invalid-json', 'no_image', 'yes', UNITS],
    ['html', 'no_image', 'yes', 0n],
  ]
  recraft.everyFaultIsTold(faults, asked)

  test('a call that never ends is given up at the deadline, and is unknown', async () => {
    const failure = failureOf(await recraft.generate(asked('x [[fault:hang]]'), { deadlineMs: 300 }))

    assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
  })

  test('a picture at an address that is gone was charged all the same', async () => {
    const lost = { lost: 'response_format', deadlineMs: 900 }

    const failure = failureOf(await recraft.generate(asked('gone [[fault:delivery-gone=9]]'), lost))

    assert.deepEqual([failure.billed, recraft.callsNamed('gone').length], ['yes', 1])
  })

  for (const [credential, says] of [
    ['invalid', /^unauthorized: request unauthorized/],
    ['empty', /^unauthorized: not enough API units/],
  ] as const) {
    test(`a key that is ${credential} is unauthorized, and nothing is charged`, async () => {
      const failure = failureOf(await recraft.generate(asked('x'), { credential }))

      assert.match(`${failure.kind}: ${failure.message}`, says)
      assert.equal(failure.billed, 'no')
    })
  }
})
