import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import sharp from 'sharp'

import type { ImageRequest } from '../../core/image-request.ts'
import { QUICK } from '../test-clock.ts'
import { bytesOf, failureOf } from '../test-fixtures.ts'
import { asked, solid } from '../test-requests.ts'
import { simulatedJobs } from '../test-simulated-jobs.ts'
import { type FaultCase, type FieldCase, lacking, sandboxForTests, throughSimulator } from '../test-simulated.ts'
import { makeDashScope } from './provider.ts'

const RED = await solid(400, 384, '#c03020')
const BLUE = await solid(384, 384, '#2030c0', 'webp')
const SMALL = { width: 512, height: 512 } as const
const WAN_SMALL = { width: 768, height: 768 } as const

const QWEN = 'qwen-image-2.0'
const WAN = 'wan2.7-image'
const LEGACY = 'wan2.2-t2i-flash'
const EDITOR = 'wan2.5-i2i-preview'

const sandbox = await sandboxForTests()
const dashScope = throughSimulator(sandbox, 'alibaba', makeDashScope, {
  model: WAN,
  credential: 'sk-good',
  clock: QUICK,
  lose(request, field) {
    if (field !== 'header') return lacking(request, field)
    const { 'x-dashscope-async': _, ...headers } = request.headers
    return { ...request, headers }
  },
})
const drawn = (more: Partial<ImageRequest>, prompt = 'a red kite') => asked(prompt, [], more)
const edited = (pictures: readonly Buffer[], more: Partial<ImageRequest>) => asked('make it night', pictures, more)

describe('every field that the adapter sends counts', { concurrency: 2 }, () => {
  const cases: readonly FieldCase[] = [
    ['model', QWEN, drawn({ size: SMALL })],
    ['input.messages', QWEN, drawn({ size: SMALL })],
    ['input.messages.0.role', QWEN, drawn({ size: SMALL })],
    ['input.messages.0.content.0', QWEN, edited([RED], { size: SMALL })],
    ['input.messages.0.content.1', QWEN, edited([RED, BLUE], { size: SMALL })],
    ['input.messages.0.content.1', QWEN, edited([RED], { size: SMALL })],
    ['parameters.size', 'qwen-image-3.0', drawn({ size: SMALL })],
    ['parameters.n', QWEN, drawn({ size: SMALL, n: 2 })],
    ['parameters.seed', QWEN, drawn({ size: SMALL, seed: 0 })],
    ['parameters.negative_prompt', QWEN, drawn({ size: SMALL, negativePrompt: 'clouds' })],
    ['parameters.watermark', QWEN, drawn({ size: SMALL, providerOptions: { alibaba: { watermark: true } } })],
    ['parameters.prompt_extend', QWEN, drawn({ size: SMALL, providerOptions: { alibaba: { prompt_extend: false } } })],
    [
      'parameters.thinking_mode',
      WAN,
      drawn({ size: WAN_SMALL, providerOptions: { alibaba: { thinking_mode: false } } }),
    ],
    ['header', WAN, drawn({ size: WAN_SMALL })],
    ['input.prompt', LEGACY, drawn({ size: SMALL })],
    ['input.negative_prompt', LEGACY, drawn({ size: SMALL, negativePrompt: 'clouds' })],
    ['parameters.n', LEGACY, drawn({ size: SMALL })],
    ['input.images', EDITOR, edited([RED], { size: SMALL })],
  ]
  dashScope.everyFieldCounts(cases)
})

describe('the simulator of DashScope, seen through the adapter', { concurrency: 3 }, () => {
  test('makes the size that was asked for, whichever way its model is asked', async () => {
    for (const [model, request, size] of [
      ['qwen-image-edit-plus', edited([BLUE], { size: SMALL }), '512x512'],
      ['z-image-turbo', drawn({ size: SMALL }), '512x512'],
      ['wan2.6-t2i', drawn({ size: SMALL }), '512x512'],
      [WAN, drawn({ size: WAN_SMALL }), '768x768'],
    ] as const) {
      const result = await dashScope.generate(request, { model })

      assert.ok(result.ok, model)
      const { format, width, height } = await sharp(bytesOf(result.value.images[0]?.blob)).metadata()
      assert.deepEqual([format, `${width}x${height}`], ['png', size], model)
    }
  })

  test('charges what the price list says', async () => {
    const prompt = 'what it costs'
    for (const [model, request, nanos] of [
      ['qwen-image-3.0-pro', drawn({ size: SMALL }, prompt), 40_000_000n],
      [QWEN, drawn({ size: SMALL, n: 2 }, prompt), 70_000_000n],
      ['qwen-image-edit-max', asked(prompt, [RED], { size: SMALL }), 75_000_000n],
      ['z-image-turbo', drawn({ size: SMALL }, prompt), 15_000_000n],
      [LEGACY, drawn({ size: SMALL, n: 2 }, prompt), 50_000_000n],
    ] as const) {
      await dashScope.generate(request, { model })

      assert.equal(dashScope.billedFor(prompt, model), nanos, model)
    }
  })

  const atOnce: readonly FaultCase[] = [
    ['status=401', 'unauthorized', 'no', 0n],
    ['status=429', 'rate_limited', 'no', 0n],
    ['status=400', 'rejected', 'no', 0n],
    ['status=500', 'unavailable', 'no', 0n],
    ['reset=after-request', 'unavailable', 'unknown', 0n],
    ['html', 'no_image', 'yes', 0n],
    ['truncate=100', 'no_image', 'yes', 35_000_000n],
    ['hang', 'timeout', 'unknown', 35_000_000n],
    ['refusal=input', 'refused', 'no', 0n],
    ['refusal=output', 'refused', 'no', 0n],
    ['no-image=images-empty', 'no_image', 'no', 0n],
    ['no-image=images-missing', 'no_image', 'yes', 0n],
    ['delivery-gone=9', 'no_image', 'yes', 35_000_000n],
  ]
  const byTask: readonly FaultCase[] = [
    ['status=503', 'unavailable', 'no', 0n],
    ['invalid-json', 'no_image', 'yes', 25_000_000n],
    ['refusal=ip', 'refused', 'no', 0n],
    ['run-status=500', 'unavailable', 'no', 0n],
    ['run-status=400', 'rejected', 'no', 0n],
    ['no-image=images-empty', 'no_image', 'no', 0n],
    ['delivery-gone=9', 'no_image', 'yes', 25_000_000n],
    ['hang', 'timeout', 'unknown', 25_000_000n],
  ]
  const small = (prompt: string) => drawn({ size: SMALL }, prompt)
  describe(QWEN, { concurrency: 3 }, () => dashScope.everyFaultIsTold(atOnce, small, { model: QWEN }))
  describe(LEGACY, { concurrency: 3 }, () => dashScope.everyFaultIsTold(byTask, small, { model: LEGACY }))
  simulatedJobs(dashScope, (prompt) => drawn({ size: WAN_SMALL }, prompt))

  test('a rate limit says how long to wait, and a bad account what is wrong with it', async () => {
    const limited = failureOf(await dashScope.generate(small('x [[fault:status=429,retry-after=7]]'), { model: QWEN }))
    const [inArrears, nobody] = await Promise.all(
      ['sk-locked', 'sk-invalid'].map(async (credential) =>
        failureOf(await dashScope.generate(drawn({ size: SMALL }), { model: QWEN, credential })),
      ),
    )

    assert.equal(limited.retryAfterMs, 7_000)
    assert.deepEqual([inArrears?.kind, inArrears?.code], ['unauthorized', 'Arrearage'])
    assert.deepEqual([nobody?.kind, nobody?.code], ['unauthorized', 'InvalidApiKey'])
  })

  test('the pictures of a task of which one was refused are handed over, and they alone are charged', async () => {
    const prompt = 'two of three [[fault:refusal=one]]'
    const result = await dashScope.generate(drawn({ size: SMALL, n: 3 }, prompt), { model: LEGACY })

    assert.ok(result.ok)
    assert.equal(result.value.images.length, 2)
    assert.equal(dashScope.billedFor(prompt, LEGACY), 50_000_000n)
  })

  test('a task that waits is cancelled for nothing, one that runs is not', async () => {
    for (const [fault, expected, bill] of [
      ['queue=500', 'cancelled', 0n],
      ['hang', 'too_late', 25_000_000n],
    ] as const) {
      const prompt = `cancelled [[fault:${fault}]]`
      let outcome: string | undefined
      const submitted = async (id: string) => {
        await delay(60)
        outcome = await dashScope.use((provider) => provider.cancel?.(id, dashScope.callOf({ model: LEGACY })))
      }

      const failure = failureOf(await dashScope.generate(small(prompt), { model: LEGACY, deadlineMs: 800, submitted }))

      assert.equal(outcome, expected)
      assert.equal(failure.billed, expected === 'cancelled' ? 'no' : 'unknown')
      assert.equal((await dashScope.endedCalls(prompt, LEGACY)).length, 1)
      assert.equal(dashScope.billedFor(prompt, LEGACY), bill)
    }
  })
})

test('the free question is answered to a good key, in arrears or not, and costs nothing', async () => {
  const { calls } = sandbox.bill()

  assert.match(await dashScope.found({ credential: 'sk-good' }), /^the key is good/)
  assert.match(await dashScope.found({ credential: 'sk-locked' }), /^the key is good/)
  assert.match(await dashScope.found({ credential: 'sk-invalid' }), /^unauthorized: /)
  assert.equal(sandbox.bill().calls, calls)
})
