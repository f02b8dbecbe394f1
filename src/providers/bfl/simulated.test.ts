import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { usd } from '../../core/money.ts'
import { QUICK } from '../test-clock.ts'
import { asked, BLUE, halfOpen, picture, PIXELS, RED } from '../test-requests.ts'
import { simulatedJobs } from '../test-simulated-jobs.ts'
import { type FaultCase, type FieldCase, sandboxForTests, throughSimulator } from '../test-simulated.ts'
import { makeBfl } from './provider.ts'

const SMALL = { width: 128, height: 64 } as const
const MODEL = 'flux-2-pro'

const bfl = throughSimulator(await sandboxForTests(), 'black-forest-labs', makeBfl, {
  model: MODEL,
  pixels: PIXELS,
  clock: QUICK,
  shown: ({ cost }) => `${cost} nanos`,
})
const drawn = (more: Partial<ImageRequest> = {}, prompt = 'a red kite') => asked(prompt, [], { size: SMALL, ...more })
const edited = (pictures: readonly Buffer[], more: Partial<ImageRequest> = {}) => asked('make it night', pictures, more)
const mask = picture(await halfOpen(96, 64, 'right'), 'mask')

describe('the adapter of Black Forest Labs', { concurrency: 2 }, () => {
  describe('every field that the adapter sends counts', { concurrency: 10 }, () => {
    const options = (more: Readonly<Record<string, JsonValue>>) => ({ providerOptions: { 'black-forest-labs': more } })
    const cases: readonly FieldCase[] = [
      ['prompt', MODEL, drawn()],
      ['width', MODEL, drawn()],
      ['height', MODEL, drawn()],
      ['seed', MODEL, drawn({ seed: 0 })],
      ['output_format', MODEL, drawn({ format: 'webp' })],
      ['safety_tolerance', MODEL, drawn(options({ safety_tolerance: 5 }))],
      ['steps', 'flux-2-flex', drawn(options({ steps: 9, guidance: 2 }))],
      ['input_image', MODEL, edited([RED], { size: SMALL })],
      ['input_image_2', 'flux-2-klein-4b', edited([RED, BLUE], { size: SMALL })],
      ['aspect_ratio', 'flux-kontext-pro', asked('a red kite', [], { aspectRatio: '9:21' })],
      ['image', 'flux-pro-1.0-fill', edited([RED], { mask })],
      ['mask', 'flux-pro-1.0-fill', edited([RED], { mask })],
      ['images', 'flux-3-image', edited([RED], { aspectRatio: '1:1' })],
    ]
    bfl.everyFieldCounts(cases)
  })

  describe('the simulator of Black Forest Labs, seen through the adapter', { concurrency: 10 }, () => {
    test('charges what the price list says, by picture, by megapixel, by tier, and says so', async () => {
      const big = { width: 1024, height: 1040 }
      for (const [model, request, nanos] of [
        // 3 cents the first megapixel, 1.5 the second, 1.5 a reference.
        [MODEL, asked('price', [RED], { size: big }), 60_000_000n],
        ['flux-2-klein-9b', drawn({}, 'price'), 15_000_000n],
        ['flux-kontext-max', asked('price', [], { aspectRatio: '1:1' }), 80_000_000n],
        ['flux-3-image', asked('price', [], { resolution: '1K' }), 48_000_000n],
      ] as const) {
        const result = await bfl.generate(request, { model })

        assert.ok(result.ok)
        assert.equal(result.value.cost, nanos, model)
        assert.match(result.value.upstreamId ?? '', /^[0-9a-f-]{36}$/)
        assert.deepEqual([bfl.billedFor('price', model), bfl.callsNamed('price', model).length], [nanos, 1], model)
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
      ['invalid-json', 'no_image', 'yes', 30_000_000n],
      ['reset=after-request', 'unavailable', 'unknown', 0n],
      ['run-status=500', 'unavailable', 'no', 0n],
      ['refusal=request', 'refused', 'no', 0n],
      ['refusal=content', 'refused', 'no', 0n],
      ['no-image=images-missing', 'no_image', 'yes', 30_000_000n],
      ['delivery-gone=9', 'no_image', 'yes', 30_000_000n],
    ]
    bfl.everyFaultIsTold(faults, (prompt) => drawn({}, prompt))
    simulatedJobs(bfl, (prompt) => drawn({}, prompt), { cost: usd('0.03') })

    for (const [credential, found] of [
      ['good', 'the key is good, 42.005 USD of credit left'],
      ['empty', 'unauthorized: The account has no credit left.'],
      ['invalid', 'unauthorized: Not authenticated - Invalid Authentication'],
    ] as const) {
      test(`the free question with a key that is ${credential}: ${found}`, async () => {
        assert.equal(await bfl.found({ credential }), found)
      })
    }
  })
})
