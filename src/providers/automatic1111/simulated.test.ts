import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import sharp from 'sharp'

import type { ImageRequest } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import type { Progress } from '../../core/receipt.ts'
import { NO_CREDENTIAL } from '../entry.ts'
import { QUICK } from '../test-clock.ts'
import { bytesOf, failureOf } from '../test-fixtures.ts'
import { asked, probed, RED, solid } from '../test-requests.ts'
import { type FaultCase, type FieldCase, sandboxForTests, throughSimulator } from '../test-simulated.ts'
import { makeAutomatic1111 } from './provider.ts'

const MODEL = 'sd_xl_base_1.0'
const SMALL = { width: 128, height: 64 } as const
const red = probed(RED)
const mask = probed(await solid(96, 64, '#ffffff00'))

const { generate, outcomeOf, everyFieldCounts, everyFaultIsTold } = throughSimulator(
  await sandboxForTests(),
  'automatic1111',
  makeAutomatic1111,
  { model: MODEL, credential: 'user:password', clock: QUICK },
)
const drawn = (prompt: string, more: Partial<ImageRequest> = {}) => asked(prompt, [], { size: SMALL, ...more })

describe('every field that the adapter sends counts', { concurrency: 3 }, () => {
  const text = (more: Partial<ImageRequest> = {}) => drawn('a red kite', { seed: 1, ...more })
  const edit = (more: Partial<ImageRequest> = {}) => asked('make it night', [red], { seed: 1, ...more })
  const tuned = (name: string, value: JsonValue, request = text()) => ({
    ...request,
    providerOptions: { automatic1111: { [name]: value } },
  })
  const cases: readonly FieldCase[] = [
    ['prompt', MODEL, text()],
    ['negative_prompt', MODEL, text({ negativePrompt: 'clouds' })],
    ['seed', MODEL, text()],
    ['width', MODEL, text()],
    ['height', MODEL, text()],
    ['batch_size', MODEL, text({ n: 2 })],
    ['override_settings', MODEL, text()],
    ['steps', MODEL, tuned('steps', 12)],
    ['cfg_scale', MODEL, tuned('cfg_scale', 4)],
    ['distilled_cfg_scale', MODEL, tuned('distilled_cfg_scale', 3)],
    ['sampler_name', MODEL, tuned('sampler_name', 'Euler a')],
    ['scheduler', MODEL, tuned('scheduler', 'Karras')],
    ['enable_hr', MODEL, tuned('enable_hr', true)],
    ['init_images', MODEL, edit()],
    ['mask', MODEL, edit({ mask })],
    ['denoising_strength', MODEL, tuned('denoising_strength', 0.3, edit())],
    ['mask_blur', MODEL, tuned('mask_blur', 8, edit({ mask }))],
    ['resize_mode', MODEL, tuned('resize_mode', 2, edit())],
    ['inpainting_fill', MODEL, tuned('inpainting_fill', 2, edit({ mask }))],
  ]
  everyFieldCounts(cases, async (request, way) => {
    const outcome = await outcomeOf(request, way)
    if (way?.lost === undefined) assert.equal(await outcomeOf(request, way), outcome)
    return outcome
  })
})

describe('the simulator of the web UI, seen through the adapter', { concurrency: 2 }, () => {
  test('makes pictures from words, from a picture and under a mask, at the size that was asked', async () => {
    for (const [pictures, more] of [
      [[], {}],
      [[red], {}],
      [[red], { mask }],
    ] as const) {
      const made = await generate(asked('fox', pictures, { size: SMALL, ...more }))

      assert.ok(made.ok, JSON.stringify(made))
      const { width, height } = await sharp(bytesOf(made.value.images[0]?.blob)).metadata()
      assert.deepEqual([width, height, made.value.modelVersion], [128, 64, 'sd_xl_base_1.0 [31e35c80fc]'])
    }
  })

  test('presses no reference into a square, and takes the route’s size where nothing else says one', async () => {
    const sizeOf = async (request: ImageRequest, model: string) => {
      const made = await generate(request, { model })
      const { width, height } = await sharp(bytesOf(made.ok ? made.value.images[0]?.blob : undefined)).metadata()
      return [width, height]
    }

    assert.deepEqual(await sizeOf(asked('at dusk', [red]), MODEL), [96, 64])
    assert.deepEqual(await sizeOf(asked('at dawn'), `${MODEL}?width=192&height=128`), [192, 128])
  })

  test('makes another picture every time that no seed is said', async () => {
    assert.notEqual(await outcomeOf(drawn('chance')), await outcomeOf(drawn('chance')))
  })

  const faults: readonly FaultCase[] = [
    ['status=500', 'unavailable', 'no', 0n, { outcome: 'failed' }],
    ['status=400', 'rejected', 'no', 0n, { outcome: 'failed' }],
    ['status=422', 'rejected', 'no', 0n, { outcome: 'failed' }],
    ['status=429,retry-after=7', 'rate_limited', 'no', 0n, { outcome: 'failed' }],
    ['status=503', 'unavailable', 'no', 0n, { outcome: 'failed' }],
    ['redirect=http://127.0.0.1:9/', 'unavailable', 'no', 0n, { outcome: 'failed' }],
    ['html', 'no_image', 'yes', 0n, { outcome: 'failed' }],
    ['reset=after-request', 'unavailable', 'unknown', 0n, { outcome: 'failed' }],
    ['reset=mid-body', 'no_image', 'yes', 0n, { outcome: 'answered' }],
    ['truncate=100', 'no_image', 'yes', 0n, { outcome: 'answered' }],
    ['invalid-json', 'no_image', 'yes', 0n, { outcome: 'answered' }],
    ['refusal=policy', 'rejected', 'no', 0n, { outcome: 'rejected' }],
    ['no-image=images-empty', 'no_image', 'yes', 0n, { outcome: 'blocked' }],
    ['no-image=images-missing', 'no_image', 'yes', 0n, { outcome: 'blocked' }],
  ]
  everyFaultIsTold(faults, drawn)

  test('a user whom the machine does not know is refused, and no user at all is welcome', async () => {
    const failure = failureOf(await generate(drawn('x'), { credential: 'invalid:password' }))

    assert.deepEqual([failure.kind, failure.billed, failure.status], ['unauthorized', 'no', 401])
    assert.ok((await generate(drawn('x'), { credential: NO_CREDENTIAL })).ok)
  })

  test('a checkpoint that is not there is no picture of another one, which the machine makes without a word', async () => {
    const failure = failureOf(await generate(drawn('x'), { model: 'juggernautXL' }))

    assert.deepEqual([failure.kind, failure.code], ['unavailable', 'not_installed'])
    assert.match(failure.message, /made the picture with v1-5-pruned-emaonly/)
  })

  test('memory that does not suffice is the machine’s trouble', async () => {
    const failure = failureOf(await generate(drawn('x', { size: { width: 4_096, height: 4_096 }, n: 2 })))

    assert.deepEqual([failure.kind, failure.billed, failure.code], ['unavailable', 'no', 'OutOfMemoryError'])
  })
})

test('force_task_id counts as well: without it nobody knows whose picture it is', async () => {
  const shown = async (lost?: string) => {
    const previews: number[] = []
    const progress = (event: Progress) => void (event.type === 'preview' && previews.push(event.index))
    const request = drawn(`shown ${lost} [[fault:delay=150]]`, { previews: 1 })
    const made = await generate(request, { progress, ...(lost && { lost }) })
    return [made.ok, previews]
  }

  assert.deepEqual(await Promise.all([shown(), shown('force_task_id')]), [
    [true, [0]],
    [true, []],
  ])
})

test('a picture that is not done by its deadline is stopped, so that the next one can be made', async () => {
  const failure = failureOf(await generate(drawn('late [[fault:hang]]'), { deadlineMs: 300 }))
  const next = await generate(drawn('next'), { deadlineMs: 3_000 })

  assert.deepEqual([failure.kind, failure.billed], ['timeout', 'no'])
  assert.match(failure.message, /told to stop/)
  assert.ok(next.ok)
})

test('one that waits for another is not stopped, and neither is the other', async () => {
  const first = generate(drawn('first [[fault:delay=500]]'))
  await delay(100)
  const second = failureOf(await generate(drawn('second'), { deadlineMs: 200 }))

  assert.match(second.message, /left alone/)
  assert.ok((await first).ok)
})
