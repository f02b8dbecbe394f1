import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import sharp from 'sharp'

import type { ImageRequest } from '../../core/image-request.ts'
import { withUpstream } from '../playback.ts'
import { QUICK } from '../test-clock.ts'
import { bytesOf } from '../test-fixtures.ts'
import { asked, BLUE, picture, RED } from '../test-requests.ts'
import { simulatedJobs } from '../test-simulated-jobs.ts'
import { type FaultCase, type FieldCase, sandboxForTests, throughSimulator } from '../test-simulated.ts'
import { makeFal } from './provider.ts'

const SMALL = { width: 128, height: 64 } as const
const MODEL = 'fal-ai/flux/dev'

const fal = throughSimulator(await sandboxForTests(), 'fal', makeFal, { model: MODEL, clock: QUICK })
const drawn = (more: Partial<ImageRequest> = {}) => asked('a red kite', [], more)
const edited = (pictures: readonly Buffer[], more: Partial<ImageRequest> = {}) => asked('make it night', pictures, more)
const small = (prompt: string) => asked(prompt, [], { size: SMALL })

describe('every field that the adapter sends counts', () => {
  const cases: readonly FieldCase[] = [
    ['prompt', MODEL, drawn({ size: SMALL })],
    ['image_size', 'fal-ai/flux-2-pro', drawn({ size: SMALL })],
    ['image_size', MODEL, drawn({ aspectRatio: '9:16' })],
    ['num_images', 'fal-ai/flux/schnell', drawn({ size: SMALL, n: 2 })],
    ['seed', MODEL, drawn({ size: SMALL, seed: 0 })],
    ['output_format', MODEL, drawn({ size: SMALL, format: 'png' })],
    ['negative_prompt', 'fal-ai/qwen-image', drawn({ size: SMALL, negativePrompt: 'clouds' })],
    ['rendering_speed', 'fal-ai/ideogram/v3', drawn({ size: SMALL, quality: 'turbo' })],
    ['aspect_ratio', 'fal-ai/luma-photon', drawn({ aspectRatio: '21:9' })],
    ['aspect_ratio', 'fal-ai/nano-banana-2', drawn({ aspectRatio: '1:8', resolution: '512' })],
    ['resolution', 'fal-ai/nano-banana-2', drawn({ resolution: '512' })],
    ['image_url', 'fal-ai/flux-pro/kontext', edited([RED])],
    ['image_urls', 'fal-ai/flux-pro/kontext', edited([RED, BLUE])],
    ['image_urls', 'fal-ai/flux-2-pro', edited([RED], { size: SMALL })],
    ['mask_url', 'fal-ai/ideogram/v3', edited([RED], { mask: picture(BLUE) })],
  ]
  fal.everyFieldCounts(cases, async (request, way) => {
    const earlier = fal.billed()
    const outcome = await fal.outcomeOf(request, way)
    return `${outcome}, ${fal.billed() - earlier} nanos`
  })
})

describe('the simulator of fal, seen through the adapter', { concurrency: 4 }, () => {
  test('paints for every way in which a model is asked', async () => {
    for (const [model, request] of [
      ['fal-ai/flux-pro/v1.1', drawn({ size: SMALL, providerOptions: { fal: { safety_tolerance: '5', other: 1 } } })],
      [MODEL, edited([RED], { size: SMALL })],
      ['fal-ai/flux-2-flex', edited([RED, BLUE], { size: SMALL })],
      ['fal-ai/qwen-image-edit-2509', edited([BLUE], { size: SMALL })],
      ['fal-ai/ideogram/v3', edited([RED], { size: SMALL })],
      ['fal-ai/gemini-25-flash-image', drawn({ aspectRatio: '16:9', resolution: '1K' })],
      ['bria/text-to-image/3.2', drawn({ aspectRatio: '4:5' })],
      ['fal-ai/bytedance/seedream/v5/lite/edit', drawn({ aspectRatio: '3:4', resolution: '2K', seed: 1 })],
    ] as const) {
      assert.match(await fal.outcomeOf(request, { model }), /^1 pictures/, model)
    }
  })

  test('charges what its list says, by picture, by tier, by megapixel', async () => {
    for (const [model, pictures, more, usd] of [
      ['fal-ai/flux-pro/kontext', [], {}, '0.04'],
      ['fal-ai/flux-2-pro', [RED], { size: { width: 1024, height: 1040 } }, '0.06'],
      ['fal-ai/nano-banana-2', [], { resolution: '512' }, '0.04482'],
      ['fal-ai/flux/schnell', [], { size: SMALL, n: 3 }, '0.009'],
    ] as const) {
      assert.ok((await fal.generate(asked(`for ${usd}`, pictures, more), { model })).ok)

      assert.equal(fal.billedFor(`for ${usd}`), BigInt(Math.round(Number(usd) * 1e9)), model)
    }
  })

  const faults: readonly FaultCase[] = [
    ['status=500', 'unavailable', 'unknown', 0n],
    ['status=429,retry-after=7', 'rate_limited', 'no', 0n],
    ['redirect=http://127.0.0.1:9/', 'unavailable', 'no', 0n],
    ['html', 'no_image', 'yes', 0n],
    ['invalid-json', 'no_image', 'yes', 25_000_000n],
    ['reset=after-request', 'unavailable', 'unknown', 0n],
    ['run-status=500', 'unavailable', 'no', 0n],
    ['run-status=422', 'rejected', 'unknown', 0n],
    ['run-status=422,billed=yes', 'rejected', 'unknown', 25_000_000n],
    ['refusal=policy', 'refused', 'unknown', 0n],
    ['refusal=nsfw', 'refused', 'yes', 25_000_000n],
    ['no-image=images-empty', 'no_image', 'yes', 0n],
    ['no-image=images-missing', 'no_image', 'yes', 0n],
    ['delivery-gone=9', 'no_image', 'yes', 25_000_000n],
    ['truncate=100', 'no_image', 'yes', 25_000_000n],
    ['reset=mid-body', 'no_image', 'yes', 25_000_000n],
  ]
  fal.everyFaultIsTold(faults, small)
  simulatedJobs(fal, small)

  test('a job that has to wait beyond the deadline is never begun', async () => {
    await fal.generate(small('too late [[fault:queue=2100]]'), { deadlineMs: 1_900 })

    const [call] = await fal.endedCalls('too late')
    assert.deepEqual([call?.status, call?.billed_nanos], [504, '0'])
  })

  test('a download that fails twice, or drips once it comes, is repeated, and the job is not', async () => {
    for (const fault of ['delivery-gone=2', 'delivery-gone=1,drip=9000000']) {
      const name = `failing ${fault}`

      const result = await fal.generate(small(`${name} [[fault:${fault}]]`))

      assert.ok(result.ok)
      assert.ok((await sharp(bytesOf(result.value.images[0]?.blob)).metadata()).width === SMALL.width)
      assert.equal(fal.callsNamed(name).length, 1)
    }
  })

  test('a waiting job is cancelled for nothing, a running one is not', async () => {
    for (const [fault, expected, bill] of [
      ['queue=400', 'cancelled', '0'],
      ['delay=400', 'too_late', '25000000'],
    ] as const) {
      const name = `cancelled ${fault}`
      const request = small(`${name} [[fault:${fault}]]`)
      let outcome: string | undefined
      const submitted = async (id: string) => {
        await delay(60)
        outcome = await fal.use((provider) => provider.cancel?.(id, fal.callOf()))
      }

      await fal.generate(request, { deadlineMs: 1_500, submitted })

      assert.equal(outcome, expected)
      assert.equal((await fal.endedCalls(name))[0]?.billed_nanos, bill)
    }
  })

  test('its files refuse the credential that nobody should send them', async () => {
    const addresses: string[] = []
    await withUpstream({}, (upstream) =>
      makeFal({
        ...upstream,
        download: (to, address, hints) => {
          addresses.push(address)
          return upstream.download(to, address, hints)
        },
      }).generate(small('with a key'), fal.callOf()),
    )

    const refused = await fetch(addresses[0] ?? '', { headers: { authorization: 'Key some:body' } })

    assert.equal(refused.status, 400)
  })
})
