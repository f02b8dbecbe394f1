import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import { systemClock } from '../../core/clock.ts'
import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { startSandbox, type Sandbox } from '../../sandbox/simulators.ts'
import { callTo, withUpstream } from '../playback.ts'
import { bytesOf, failureOf } from '../provider-contract.ts'
import type { Call } from '../provider.ts'
import { makeDashScope } from './provider.ts'

// The adapter against the simulator, which was written from DashScope's pages without it: a field that is lost on the way shows.
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'serve' })
})
after(() => sandbox.close())

const RED = await sharp({ create: { width: 400, height: 384, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()
const BLUE = await sharp({ create: { width: 384, height: 384, channels: 3, background: '#2030c0' } })
  .webp()
  .toBuffer()
const SMALL = { width: 512, height: 512 } as const
const WAN_SMALL = { width: 768, height: 768 } as const

const QWEN = 'qwen-image-2.0'
const WAN = 'wan2.7-image'
const LEGACY = 'wan2.2-t2i-flash'
const EDITOR = 'wan2.5-i2i-preview'

describe('every field that the adapter sends counts', { concurrency: 2 }, () => {
  const cases: readonly [field: string, model: string, request: ImageRequest][] = [
    ['model', QWEN, drawn({ size: SMALL })],
    ['input.messages', QWEN, drawn({ size: SMALL })],
    ['input.messages.0.role', QWEN, drawn({ size: SMALL })],
    ['input.messages.0.content.0', QWEN, edited([picture(RED)], { size: SMALL })],
    ['input.messages.0.content.1', QWEN, edited([picture(RED), picture(BLUE)], { size: SMALL })],
    ['input.messages.0.content.1', QWEN, edited([picture(RED)], { size: SMALL })],
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
    ['input.images', EDITOR, edited([picture(RED)], { size: SMALL })],
  ]
  for (const [field, model, request] of cases) {
    test(`${field} of ${model}`, async () => {
      const whole = await outcomeOf(model, request)
      const lacking = await outcomeOf(model, request, field)

      assert.match(whole, /^[1-9] pictures/, whole)
      assert.notEqual(lacking, whole)
    })
  }
})

describe('the simulator of DashScope, seen through the adapter', { concurrency: 3 }, () => {
  test('makes the size that was asked for, whichever way its model is asked', async () => {
    for (const [model, request, size] of [
      ['qwen-image-edit-plus', edited([picture(BLUE)], { size: SMALL }), '512x512'],
      ['z-image-turbo', drawn({ size: SMALL }), '512x512'],
      ['wan2.6-t2i', drawn({ size: SMALL }), '512x512'],
      [WAN, drawn({ size: WAN_SMALL }), '768x768'],
    ] as const) {
      const result = await generated(model, request)

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
      ['qwen-image-edit-max', edited([picture(RED)], { size: SMALL }, prompt), 75_000_000n],
      ['z-image-turbo', drawn({ size: SMALL }, prompt), 15_000_000n],
      [LEGACY, drawn({ size: SMALL, n: 2 }, prompt), 50_000_000n],
    ] as const) {
      await outcomeOf(model, request)

      assert.equal(billOf(prompt, model), nanos, model)
    }
  })

  const faults: readonly [fault: string, model: string, kind: string, billed: string, bill: bigint][] = [
    ['status=401', QWEN, 'unauthorized', 'no', 0n],
    ['status=429', QWEN, 'rate_limited', 'no', 0n],
    ['status=400', QWEN, 'rejected', 'no', 0n],
    ['status=500', QWEN, 'unavailable', 'no', 0n],
    ['reset=after-request', QWEN, 'unavailable', 'unknown', 0n],
    ['html', QWEN, 'no_image', 'yes', 0n],
    ['truncate=100', QWEN, 'no_image', 'yes', 35_000_000n],
    ['hang', QWEN, 'timeout', 'unknown', 35_000_000n],
    ['refusal=input', QWEN, 'refused', 'no', 0n],
    ['refusal=output', QWEN, 'refused', 'no', 0n],
    ['no-image=images-empty', QWEN, 'no_image', 'no', 0n],
    ['no-image=images-missing', QWEN, 'no_image', 'yes', 0n],
    ['delivery-gone=9', QWEN, 'no_image', 'yes', 35_000_000n],
    ['status=503', LEGACY, 'unavailable', 'no', 0n],
    ['invalid-json', LEGACY, 'no_image', 'yes', 25_000_000n],
    ['refusal=ip', LEGACY, 'refused', 'no', 0n],
    ['run-status=500', LEGACY, 'unavailable', 'no', 0n],
    ['run-status=400', LEGACY, 'rejected', 'no', 0n],
    ['no-image=images-empty', LEGACY, 'no_image', 'no', 0n],
    ['delivery-gone=9', LEGACY, 'no_image', 'yes', 25_000_000n],
    ['hang', LEGACY, 'timeout', 'unknown', 25_000_000n],
  ]
  for (const [fault, model, kind, billed, bill] of faults) {
    test(`${fault} of ${model} is ${kind}, billed ${billed}, with one call and ${bill} on the bill`, async () => {
      const prompt = `faulty [[fault:${fault}]]`

      const failure = failureOf(
        await generated(model, drawn({ size: SMALL }, prompt), { deadlineMs: fault === 'hang' ? 700 : 20_000 }),
      )

      assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
      assert.equal((await endedCalls(prompt, model)).length, 1)
      assert.equal(billOf(prompt, model), bill)
    })
  }

  test('a rate limit says how long to wait, and a bad account what is wrong with it', async () => {
    const limited = failureOf(await generated(QWEN, drawn({ size: SMALL }, 'x [[fault:status=429,retry-after=7]]')))
    const [inArrears, nobody] = await Promise.all(
      ['sk-locked', 'sk-invalid'].map(async (credential) =>
        failureOf(await generated(QWEN, drawn({ size: SMALL }), { credential })),
      ),
    )

    assert.equal(limited.retryAfterMs, 7_000)
    assert.deepEqual([inArrears?.kind, inArrears?.code], ['unauthorized', 'Arrearage'])
    assert.deepEqual([nobody?.kind, nobody?.code], ['unauthorized', 'InvalidApiKey'])
  })

  test('the pictures of a task of which one was refused are handed over, and they alone are charged', async () => {
    const prompt = 'two of three [[fault:refusal=one]]'
    const result = await generated(LEGACY, drawn({ size: SMALL, n: 3 }, prompt))

    assert.ok(result.ok)
    assert.equal(result.value.images.length, 2)
    assert.equal(billOf(prompt, LEGACY), 50_000_000n)
  })

  test('what one process has submitted another fetches, as often as it likes', async () => {
    const request = drawn({ size: WAN_SMALL }, 'for somebody else')
    const call = callOf(WAN)
    let upstreamId = ''
    const submitted = async (id: string) => {
      upstreamId = id
      throw new Error('the process dies here')
    }
    await assert.rejects(
      withUpstream({}, (upstream) => makeDashScope(upstream).generate(request, { ...call, submitted })),
    )

    const fetched = await Promise.all(
      [1, 2].map(() =>
        withUpstream({}, async (upstream) => await makeDashScope(upstream).resume?.(upstreamId, request, call)),
      ),
    )

    const pictures = fetched.map((result) => (result?.ok ? bytesOf(result.value.images[0]?.blob) : Buffer.of()))
    assert.ok(pictures[0] !== undefined && pictures[0].length > 0 && pictures[1]?.equals(pictures[0]))
    assert.equal(callsOf('for somebody else', WAN).length, 1)
  })

  test('a task that waits is cancelled for nothing, one that runs is not', async () => {
    for (const [fault, expected, bill] of [
      ['queue=1500', 'cancelled', 0n],
      ['hang', 'too_late', 25_000_000n],
    ] as const) {
      const prompt = `cancelled [[fault:${fault}]]`
      const outcome = Promise.withResolvers<string | undefined>()
      const call = callOf(LEGACY, { deadlineMs: 1_800 })
      const submitted = async (id: string) => {
        await new Promise((resolve) => setTimeout(resolve, 60))
        const cancelled = withUpstream({}, async (upstream) => await makeDashScope(upstream).cancel?.(id, call))
        cancelled.then(outcome.resolve, outcome.reject)
        await outcome.promise
      }

      const request = drawn({ size: SMALL }, prompt)
      const failure = failureOf(
        await withUpstream({}, (upstream) => makeDashScope(upstream).generate(request, { ...call, submitted })),
      )

      assert.equal(await outcome.promise, expected)
      assert.equal(failure.billed, expected === 'cancelled' ? 'no' : 'unknown')
      assert.equal((await endedCalls(prompt, LEGACY)).length, 1)
      assert.equal(billOf(prompt, LEGACY), bill)
    }
  })
})

test('the free question is answered to a good key, in arrears or not, and costs nothing', async () => {
  const calls = sandbox.bill().calls
  const found = await Promise.all(
    ['sk-good', 'sk-locked', 'sk-invalid'].map((credential) =>
      withUpstream({}, async (upstream) => makeDashScope(upstream).check?.(callOf(QWEN, { credential }))),
    ),
  )

  assert.deepEqual(
    found.map((each) => (each?.ok ? each.value.slice(0, 15) : each?.error.kind)),
    ['the key is good', 'the key is good', 'unauthorized'],
  )
  assert.equal(sandbox.bill().calls, calls)
})

function asked(prompt: string, pictures: readonly Picture[] = []): ImageRequest {
  const images = pictures.map((each) => ({ type: 'image', picture: each }) as const)
  return { model: 'any', turns: [{ role: 'user', parts: [...images, { type: 'text', text: prompt }] }] }
}

function drawn(more: Partial<ImageRequest>, prompt = 'a red kite'): ImageRequest {
  return { ...asked(prompt), ...more }
}

function edited(pictures: readonly Picture[], more: Partial<ImageRequest>, prompt = 'make it night'): ImageRequest {
  return { ...asked(prompt, pictures), ...more }
}

function picture(bytes: Buffer): Picture {
  const blob = new JsonBlob('binary', [bytes], bytes === RED ? 'image/png' : 'image/webp')
  return { field: 'image', source: { type: 'inline', blob } }
}

interface Options {
  readonly deadlineMs?: number
  readonly credential?: string
}

/** Twenty times as fast as it waits otherwise. */
const FAST = { ...systemClock, sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 20, signal) }

function callOf(model: string, { deadlineMs = 20_000, credential = 'sk-good' }: Options = {}): Call {
  return { ...callTo(sandbox.baseUrlFor('alibaba') ?? '', { deadlineMs }), clock: FAST, credential, model }
}

function generated(model: string, request: ImageRequest, options: Options = {}, lost?: string) {
  return withUpstream({}, (upstream) =>
    makeDashScope({
      ...upstream,
      postJson: (call, sent) => {
        const { 'x-dashscope-async': _, ...headers } = sent.headers
        if (lost === 'header') return upstream.postJson(call, { ...sent, headers })
        const path = lost?.split('.') ?? []
        return upstream.postJson(call, 'body' in sent && lost ? { ...sent, body: without(sent.body, path) } : sent)
      },
    }).generate(request, callOf(model, options)),
  )
}

/** The same without what is at this place. */
function without(value: JsonValue | undefined, [step = '', ...rest]: readonly string[]): JsonValue {
  if (Array.isArray(value)) {
    const items = value as readonly JsonValue[]
    return items.flatMap((item, at) => (String(at) !== step ? [item] : rest.length > 0 ? [without(item, rest)] : []))
  }
  const entries = Object.entries(value as Readonly<Record<string, JsonValue>>)
  return Object.fromEntries(
    entries.flatMap(([name, inner]) =>
      name !== step ? [[name, inner]] : rest.length > 0 ? [[name, without(inner, rest)]] : [],
    ),
  )
}

/** Number and bytes of the pictures, or the failure. */
async function outcomeOf(model: string, request: ImageRequest, lost?: string): Promise<string> {
  const result = await generated(model, request, {}, lost)
  if (!result.ok) return `${result.error.kind}: ${result.error.message}`
  const hashes = result.value.images.map(({ blob }) => createHash('sha256').update(bytesOf(blob)).digest('hex'))
  return `${hashes.length} pictures, ${hashes.join(' ')}`
}

/** Calls on the bill with exactly this prompt. */
function callsOf(prompt: string, model: string) {
  const calls = sandbox.bill().recent.filter((call) => call.model === model)
  return calls.filter(({ request }) => JSON.stringify(request ?? '').includes(`"${prompt}"`))
}

/** The same, once there are any: a task that nobody waits for is billed when it runs. */
async function endedCalls(prompt: string, model: string) {
  for (let tries = 0; tries < 200 && callsOf(prompt, model).length === 0; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return callsOf(prompt, model)
}

function billOf(prompt: string, model: string): bigint {
  return callsOf(prompt, model).reduce((sum, { billed_nanos: nanos }) => sum + BigInt(nanos), 0n)
}
