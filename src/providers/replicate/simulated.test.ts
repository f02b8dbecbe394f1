import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { QUICK } from '../test-clock.ts'
import { failureOf } from '../test-fixtures.ts'
import { asked, BLUE, halfOpen, picture, PIXELS, RED } from '../test-requests.ts'
import { simulatedJobs } from '../test-simulated-jobs.ts'
import { type FaultCase, type FieldCase, sandboxForTests, throughSimulator } from '../test-simulated.ts'
import { makeReplicate } from './provider.ts'

const SMALL = { width: 256, height: 256 } as const
const MODEL = 'black-forest-labs/flux-2-pro'
const SCHNELL = 'black-forest-labs/flux-schnell'
const FILL = 'black-forest-labs/flux-fill-pro'
const VERSION = 'c6b5d2b7459910fec94432e9e1203c3cdce92d6db20f714f1355747990b52fa6'
const SANA = `nvidia/sana:${VERSION}`

const replicate = throughSimulator(await sandboxForTests(), 'replicate', makeReplicate, {
  model: MODEL,
  pixels: PIXELS,
  clock: QUICK,
})
const drawn = (more: Partial<ImageRequest> = {}, prompt = 'a red kite') => asked(prompt, [], { size: SMALL, ...more })
const edited = (pictures: readonly Buffer[], more: Partial<ImageRequest> = {}) => asked('make it night', pictures, more)
const mask = picture(await halfOpen(96, 64, 'right'), 'mask')

describe('the adapter of Replicate', { concurrency: 2 }, () => {
  describe('every field that the adapter sends counts', { concurrency: 10 }, () => {
    const options = (more: Readonly<Record<string, JsonValue>>) => ({ providerOptions: { replicate: more } })
    const quarter = { ...options({ megapixels: '0.25' }) }
    const cases: readonly FieldCase[] = [
      ['input.prompt', MODEL, drawn()],
      ['input.width', MODEL, drawn()],
      ['input.height', MODEL, drawn()],
      ['input.aspect_ratio', MODEL, drawn()],
      ['input.aspect_ratio', MODEL, edited([RED])],
      ['input.seed', MODEL, drawn({ seed: 0 })],
      ['input.output_format', MODEL, drawn({ format: 'png' })],
      ['input.output_quality', MODEL, drawn({ compression: 10 })],
      ['input.safety_tolerance', MODEL, drawn(options({ safety_tolerance: 5 }))],
      ['input.input_images', MODEL, edited([RED, BLUE], { size: SMALL })],
      ['input.num_outputs', SCHNELL, asked('a red kite', [], { ...quarter, n: 2 })],
      ['input.megapixels', SCHNELL, asked('a red kite', [], quarter)],
      ['input.image', FILL, edited([RED], { mask })],
      ['input.mask', FILL, edited([RED], { mask })],
      ['input.mask', 'ideogram-ai/ideogram-v3-turbo', edited([RED], { mask })],
      ['input.negative_prompt', SANA, drawn({ negativePrompt: 'fog' })],
      ['input.size', 'wan-video/wan-2.7-image', drawn()],
    ]
    replicate.everyFieldCounts(cases)

    for (const field of ['input', 'version']) {
      test(`${field} of a submission`, async () => {
        const failure = failureOf(await replicate.generate(drawn(), { model: SANA, lost: field }))

        assert.match(failure.message, new RegExp(`${field} is required`))
      })
    }
  })

  describe('the simulator of Replicate, seen through the adapter', { concurrency: 10 }, () => {
    test('charges what the price lists say, by run and megapixel, and by picture', async () => {
      const big = { width: 1056, height: 1024 }
      for (const [model, request, nanos] of [
        // 1.5 cents for the run, for each of two megapixels, and for a reference.
        [MODEL, asked('price', [RED], { size: big }), 60_000_000n],
        [SCHNELL, asked('price', [], { n: 3, providerOptions: { replicate: { megapixels: '0.25' } } }), 9_000_000n],
        [FILL, asked('price', [RED]), 50_000_000n],
      ] as const) {
        const result = await replicate.generate(request, { model })

        assert.ok(result.ok)
        assert.match(result.value.upstreamId ?? '', /^[0-9a-z]{26}$/)
        const charged = [replicate.billedFor('price', model), replicate.callsNamed('price', model).length]
        assert.deepEqual(charged, [nanos, 1], model)
      }
    })

    test('says which version it was, where that is no secret', async () => {
      const [open, hidden] = [await replicate.generate(drawn(), { model: SANA }), await replicate.generate(drawn())]

      assert.ok(open.ok && hidden.ok)
      assert.deepEqual([open.value.modelVersion, hidden.value.modelVersion], [VERSION, undefined])
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
      ['run-status=500', 'unavailable', 'unknown', 0n],
      ['refusal=nsfw', 'refused', 'unknown', 0n],
      ['refusal=e005', 'refused', 'unknown', 0n],
      ['no-image=images-missing', 'no_image', 'yes', 30_000_000n],
      ['no-image=images-empty', 'no_image', 'yes', 30_000_000n],
      ['delivery-gone=9', 'no_image', 'yes', 30_000_000n],
    ]
    replicate.everyFaultIsTold(faults, (prompt) => drawn({}, prompt))
    simulatedJobs(replicate, (prompt) => drawn({}, prompt))

    for (const [credential, found] of [
      ['good', 'the key is good, of the organization “sandbox”; credit is not told'],
      ['empty', 'the key is good, of the organization “sandbox”; credit is not told'],
      ['invalid', 'unauthorized: You did not pass a valid authentication token'],
    ] as const) {
      test(`the free question with a key that is ${credential}: ${found}`, async () => {
        assert.equal(await replicate.found({ credential }), found)
      })
    }
  })
})
