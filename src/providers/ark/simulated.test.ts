import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import { type ImageRequest, type Picture, promptText } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { startSandbox, type Sandbox } from '../../sandbox/simulators.ts'
import { callTo, withUpstream } from '../playback.ts'
import { bytesOf, failureOf } from '../provider-contract.ts'
import type { Call } from '../provider.ts'
import { makeArk } from './provider.ts'

// The adapter against the simulator, which was written from Ark's pages without it: a field that is lost on the way shows.
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'serve' })
})
after(() => sandbox.close())

const RED = await sharp({ create: { width: 96, height: 64, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()
const BLUE = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#2030c0' } })
  .webp()
  .toBuffer()
/** The smallest pictures of the older models and of the newer. */
const SMALL = { width: 512, height: 512 } as const
const WIDE = { width: 1280, height: 720 } as const

const OLD = 'seedream-3-0-t2i-250415'
const V4 = 'seedream-4-0-250828'
const FLASH = 'seedream-5-0-flash'

describe('every field that the adapter sends counts', { concurrency: 2 }, () => {
  const cases: readonly [field: string, model: string, request: ImageRequest][] = [
    ['model', OLD, drawn({ size: SMALL })],
    ['prompt', OLD, drawn({ size: SMALL })],
    ['size', OLD, drawn({ size: SMALL })],
    ['seed', OLD, drawn({ size: SMALL, seed: 0 })],
    ['watermark', OLD, drawn({ size: SMALL })],
    ['guidance_scale', OLD, drawn({ size: SMALL, providerOptions: { seed: { guidance_scale: 7 } } })],
    ['image', V4, edited([picture(RED), picture(BLUE)], { size: WIDE })],
    ['output_format', FLASH, drawn({ size: WIDE, format: 'png' })],
    ['sequential_image_generation', V4, drawn({ size: WIDE, n: 3 })],
    ['sequential_image_generation_options', V4, drawn({ size: WIDE, n: 3 })],
  ]
  for (const [field, model, request] of cases) {
    test(`${field} of ${model}`, async () => {
      const whole = await outcomeOf(model, request)
      const lacking = await outcomeOf(model, request, field)

      assert.match(whole, /^[1-9] pictures/, whole)
      assert.notEqual(lacking, whole)
    })
  }

  test('response_format: without it the pictures are at addresses, and come all the same', async () => {
    const request = drawn({ size: SMALL })

    assert.equal(await outcomeOf(OLD, request, 'response_format'), await outcomeOf(OLD, request))
    const bare = sandbox.bill().recent.filter(({ request: body }) => !JSON.stringify(body).includes('response_format'))
    assert.equal(bare.length, 1)
  })
})

describe('the simulator of Ark, seen through the adapter', { concurrency: 3 }, () => {
  test('charges what its list says, for each picture that was made', async () => {
    for (const [host, model, request, nanos, pictures] of [
      ['seed', V4, edited([picture(RED)], { size: WIDE }, 'one edit'), 30_000_000n, 1],
      ['seed', FLASH, drawn({ size: WIDE, n: 2 }, 'a kite for seed'), 36_000_000n, 2],
      ['seed', V4, drawn({ size: WIDE, n: 2 }, 'a kite for seed [[fault:refusal=one]]'), 30_000_000n, 1],
      ['volcengine', `doubao-${V4}`, drawn({ size: WIDE }, 'a kite for seed'), 30_000_000n, 1],
    ] as const) {
      const result = await generated(model, request, { host })

      assert.ok(result.ok, model)
      assert.equal(result.value.images.length, pictures)
      const { format, width, height } = await sharp(bytesOf(result.value.images[0]?.blob)).metadata()
      assert.deepEqual([format, width, height], ['jpeg', WIDE.width, WIDE.height])
      assert.equal(result.value.modelVersion, model)
      assert.equal(result.value.usage?.outputTokens, pictures * 3_600)
      assert.equal(billOf(request, model), nanos, model)
    }
  })

  const faults: readonly [fault: string, kind: string, billed: string, bill: bigint][] = [
    ['status=401', 'unauthorized', 'no', 0n],
    ['status=403', 'unauthorized', 'no', 0n],
    ['status=429,retry-after=7', 'rate_limited', 'no', 0n],
    ['status=400', 'rejected', 'no', 0n],
    ['status=500', 'unavailable', 'no', 0n],
    ['redirect=http://127.0.0.1:9/', 'unavailable', 'no', 0n],
    ['reset=after-request', 'unavailable', 'unknown', 0n],
    ['html', 'no_image', 'yes', 0n],
    ['invalid-json', 'no_image', 'yes', 30_000_000n],
    ['truncate=100', 'no_image', 'yes', 30_000_000n],
    ['reset=mid-body', 'no_image', 'yes', 30_000_000n],
    ['hang', 'timeout', 'unknown', 30_000_000n],
    ['refusal=text', 'refused', 'no', 0n],
    ['refusal=output', 'refused', 'no', 0n],
    ['refusal=one', 'refused', 'no', 0n],
    ['no-image=images-empty', 'no_image', 'no', 0n],
    ['no-image=images-missing', 'no_image', 'yes', 0n],
  ]
  for (const [fault, kind, billed, bill] of faults) {
    test(`${fault} is ${kind}, billed ${billed}, with one call and ${bill} on the bill`, async () => {
      const request = drawn({ size: SMALL }, `faulty [[fault:${fault}]]`)

      const failure = failureOf(await generated(OLD, request, { deadlineMs: fault === 'hang' ? 700 : 20_000 }))

      assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
      assert.equal(failure.retryAfterMs, fault.includes('retry-after') ? 7_000 : undefined)
      assert.equal(callsOf(request, OLD).length, 1)
      assert.equal(billOf(request, OLD), bill)
    })
  }

  test('an address whose picture is gone costs what it cost', async () => {
    const request = drawn({ size: SMALL }, 'gone [[fault:delivery-gone=9]]')

    const failure = failureOf(await generated(OLD, request, { lost: 'response_format' }))

    assert.deepEqual([failure.kind, failure.billed], ['no_image', 'yes'])
    assert.equal(billOf(request, OLD), 30_000_000n)
  })

  test('a bad key and one without money are told apart from a bad request', async () => {
    for (const [credential, code] of [
      ['ark-invalid', 'AuthenticationError'],
      ['ark-locked', 'AccountOverdueError'],
    ] as const) {
      const failure = failureOf(await generated(OLD, drawn({ size: SMALL }), { credential }))

      assert.deepEqual([failure.kind, failure.billed, failure.code], ['unauthorized', 'no', code])
    }
  })
})

test('the free question is answered to a good key, in debt or not, and costs nothing', async () => {
  const calls = sandbox.bill().calls
  const found = await Promise.all(
    ['ark-good', 'ark-locked', 'ark-invalid'].map((credential) =>
      withUpstream({}, async (upstream) =>
        makeArk('seed', upstream).check?.({ ...callTo(sandbox.baseUrlFor('seed') ?? ''), credential }),
      ),
    ),
  )

  assert.deepEqual(
    found.map((each) => (each?.ok ? each.value : each?.error.kind)),
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
  readonly host?: 'seed' | 'volcengine'
  readonly deadlineMs?: number
  readonly credential?: string
  /** A field that gets lost on the way. */
  readonly lost?: string | undefined
}

function generated(model: string, request: ImageRequest, options: Options = {}) {
  const { host = 'seed', deadlineMs = 20_000, credential = 'ark-good', lost } = options
  const call: Call = { ...callTo(sandbox.baseUrlFor(host) ?? '', { deadlineMs }), credential, model }
  return withUpstream({}, (upstream) =>
    makeArk(host, {
      ...upstream,
      postJson: (to, sent) =>
        upstream.postJson(to, 'body' in sent ? { ...sent, body: without(sent.body, lost) } : sent),
    }).generate(request, call),
  )
}

function without(body: JsonValue | undefined, field: string | undefined): JsonValue {
  return Object.fromEntries(Object.entries(body as object).filter(([name]) => name !== field))
}

/** Number and bytes of the pictures, or the failure. */
async function outcomeOf(model: string, request: ImageRequest, lost?: string): Promise<string> {
  const result = await generated(model, request, { lost })
  if (!result.ok) return `${result.error.kind}: ${result.error.message}`
  const hashes = result.value.images.map(({ blob }) => createHash('sha256').update(bytesOf(blob)).digest('hex'))
  return `${hashes.length} pictures, ${hashes.join(' ')}`
}

/** What the bill has of calls of this model with exactly this prompt. */
function callsOf(request: ImageRequest, model: string) {
  const prompt = JSON.stringify(promptText(request))
  const calls = sandbox.bill().recent.filter((call) => call.model === model)
  return calls.filter(({ request: body }) => JSON.stringify(body ?? '').includes(prompt))
}

function billOf(request: ImageRequest, model: string): bigint {
  return callsOf(request, model).reduce((sum, { billed_nanos: nanos }) => sum + BigInt(nanos), 0n)
}
