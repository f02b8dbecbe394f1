import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { startSandbox, type Sandbox } from '../../sandbox/simulators.ts'
import { callTo, withUpstream } from '../playback.ts'
import { bytesOf, failureOf } from '../provider-contract.ts'
import type { Call } from '../provider.ts'
import { makeFal } from './provider.ts'

// The adapter against the simulator, which was written from fal's documents without it: a field that is lost on the way shows.
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
const SMALL = { width: 128, height: 64 } as const

const drawn = (more: Partial<ImageRequest> = {}): ImageRequest => ({ ...asked('a red kite'), ...more })
const edited = (pictures: readonly Picture[], more: Partial<ImageRequest> = {}): ImageRequest => ({
  ...asked('make it night', pictures),
  ...more,
})

describe('every field that the adapter sends counts', () => {
  const cases: readonly [field: string, model: string, request: ImageRequest][] = [
    ['prompt', 'fal-ai/flux/dev', drawn({ size: SMALL })],
    ['image_size', 'fal-ai/flux-2-pro', drawn({ size: SMALL })],
    ['image_size', 'fal-ai/flux/dev', drawn({ aspectRatio: '9:16' })],
    ['num_images', 'fal-ai/flux/schnell', drawn({ size: SMALL, n: 2 })],
    ['seed', 'fal-ai/flux/dev', drawn({ size: SMALL, seed: 0 })],
    ['output_format', 'fal-ai/flux/dev', drawn({ size: SMALL, format: 'png' })],
    ['negative_prompt', 'fal-ai/qwen-image', drawn({ size: SMALL, negativePrompt: 'clouds' })],
    ['rendering_speed', 'fal-ai/ideogram/v3', drawn({ size: SMALL, quality: 'turbo' })],
    ['aspect_ratio', 'fal-ai/luma-photon', drawn({ aspectRatio: '21:9' })],
    ['aspect_ratio', 'fal-ai/nano-banana-2', drawn({ aspectRatio: '1:8', resolution: '512' })],
    ['resolution', 'fal-ai/nano-banana-2', drawn({ resolution: '512' })],
    ['image_url', 'fal-ai/flux-pro/kontext', edited([picture(RED)])],
    ['image_urls', 'fal-ai/flux-pro/kontext', edited([picture(RED), picture(BLUE)])],
    ['image_urls', 'fal-ai/flux-2-pro', edited([picture(RED)], { size: SMALL })],
    ['mask_url', 'fal-ai/ideogram/v3', edited([picture(RED)], { mask: picture(BLUE) })],
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

describe('the simulator of fal, seen through the adapter', { concurrency: 2 }, () => {
  test('paints for every way in which a model is asked', async () => {
    for (const [model, request] of [
      ['fal-ai/flux-pro/v1.1', drawn({ size: SMALL, providerOptions: { fal: { safety_tolerance: '5', other: 1 } } })],
      ['fal-ai/flux/dev', edited([picture(RED)], { size: SMALL })],
      ['fal-ai/flux-2-flex', edited([picture(RED), picture(BLUE)], { size: SMALL })],
      ['fal-ai/qwen-image-edit-2509', edited([picture(BLUE)], { size: SMALL })],
      ['fal-ai/ideogram/v3', edited([picture(RED)], { size: SMALL })],
      ['fal-ai/gemini-25-flash-image', drawn({ aspectRatio: '16:9', resolution: '1K' })],
      ['bria/text-to-image/3.2', drawn({ aspectRatio: '4:5' })],
      ['fal-ai/bytedance/seedream/v5/lite/edit', drawn({ aspectRatio: '3:4', resolution: '2K', seed: 1 })],
    ] as const) {
      assert.match(await outcomeOf(model, request), /^1 pictures/, model)
    }
  })

  test('charges what its list says, by picture, by tier, by megapixel', async () => {
    for (const [model, request, usd] of [
      ['fal-ai/flux-pro/kontext', drawn(), '0.04'],
      ['fal-ai/flux-2-pro', edited([picture(RED)], { size: { width: 1024, height: 1040 } }), '0.06'],
      ['fal-ai/nano-banana-2', drawn({ resolution: '512' }), '0.04482'],
      ['fal-ai/flux/schnell', drawn({ size: SMALL, n: 3 }), '0.009'],
    ] as const) {
      const earlier = endpointBill(model, request)
      await outcomeOf(model, request)

      assert.equal(endpointBill(model, request) - earlier, BigInt(Math.round(Number(usd) * 1e9)), model)
    }
  })

  const faults: readonly [fault: string, kind: string, billed: string, bill: bigint][] = [
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
  for (const [fault, kind, billed, bill] of faults) {
    test(`${fault} is ${kind}, billed ${billed}, with one submission and ${bill} on the bill`, async () => {
      const name = `faulty ${fault}`
      const request = { ...asked(`${name} [[fault:${fault}]]`), size: SMALL }

      const failure = failureOf(await generated('fal-ai/flux/dev', request))

      assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
      await settled()
      const calls = callsNamed(name)
      const total = calls.reduce((sum, { billed_nanos: nanos }) => sum + BigInt(nanos), 0n)
      assert.equal(total, bill)
      assert.ok(calls.length <= 1)
    })
  }

  test('a job that never ends is given up at the deadline', async () => {
    const request = { ...asked('x [[fault:hang]]'), size: SMALL }

    const failure = failureOf(await generated('fal-ai/flux/dev', request, { deadlineMs: 700 }))

    assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
  })

  test('a job that has to wait beyond the deadline is never begun', async () => {
    const name = 'too late'
    const request = { ...asked(`${name} [[fault:queue=2100]]`), size: SMALL }

    await generated('fal-ai/flux/dev', request, { deadlineMs: 1_900 })

    await new Promise((resolve) => setTimeout(resolve, 600))
    const [call] = callsNamed(name)
    assert.deepEqual([call?.status, call?.billed_nanos], [504, '0'])
  })

  test('a download that fails at first is repeated, and the job is not', async () => {
    for (const fault of ['delivery-gone=2', 'delivery-gone=1,drip=9000000']) {
      const name = `flaky ${fault}`
      const request = { ...asked(`${name} [[fault:${fault}]]`), size: SMALL }

      const result = await generated('fal-ai/flux/dev', request)

      assert.ok(result.ok)
      assert.ok((await sharp(bytesOf(result.value.images[0]?.blob)).metadata()).width === SMALL.width)
      assert.equal(callsNamed(name).length, 1)
    }
  })

  test('what one process has submitted another fetches, as often as it likes', async () => {
    const request = { ...asked('for somebody else'), size: SMALL }
    const call = callOf('fal-ai/flux/dev')
    let upstreamId = ''
    const submitted = async (id: string) => {
      upstreamId = id
      throw new Error('the process dies here')
    }
    await assert.rejects(withUpstream({}, (upstream) => makeFal(upstream).generate(request, { ...call, submitted })))

    const fetched = await Promise.all(
      [1, 2].map(() =>
        withUpstream({}, async (upstream) => await makeFal(upstream).resume?.(upstreamId, request, callOf(call.model))),
      ),
    )

    const pictures = fetched.map((result) => (result?.ok ? bytesOf(result.value.images[0]?.blob) : Buffer.of()))
    assert.ok(pictures[0] !== undefined && pictures[0].length > 0 && pictures[1]?.equals(pictures[0]))
    assert.equal(callsNamed('for somebody else').length, 1)
  })

  test('a waiting job is cancelled for nothing, a running one is not', async () => {
    for (const [fault, expected, bill] of [
      ['queue=400', 'cancelled', '0'],
      ['delay=400', 'too_late', '25000000'],
    ] as const) {
      const name = `cancelled ${fault}`
      const request = { ...asked(`${name} [[fault:${fault}]]`), size: SMALL }
      const outcome = Promise.withResolvers<string | undefined>()
      const call = callOf('fal-ai/flux/dev', { deadlineMs: 1_500 })
      const submitted = async (id: string) => {
        await new Promise((resolve) => setTimeout(resolve, 60))
        const cancelled = withUpstream({}, async (upstream) => await makeFal(upstream).cancel?.(id, call))
        cancelled.then(outcome.resolve, outcome.reject)
        await outcome.promise
      }

      await withUpstream({}, (upstream) => makeFal(upstream).generate(request, { ...call, submitted }))

      assert.equal(await outcome.promise, expected)
      await settled()
      assert.equal(callsNamed(name)[0]?.billed_nanos, bill)
    }
  })

  test('its files refuse the credential that nobody should send them', async () => {
    const request = { ...asked('with a key'), size: SMALL }
    const call = { ...callOf('fal-ai/flux/dev'), submitted: async () => {} }
    const addresses: string[] = []
    await withUpstream({}, (upstream) =>
      makeFal({
        ...upstream,
        download: (to, address, hints) => {
          addresses.push(address)
          return upstream.download(to, address, hints)
        },
      }).generate(request, call),
    )

    const refused = await fetch(addresses[0] ?? '', { headers: { authorization: 'Key some:body' } })

    assert.equal(refused.status, 400)
  })
})

function asked(prompt: string, pictures: readonly Picture[] = []): ImageRequest {
  const images = pictures.map((each) => ({ type: 'image', picture: each }) as const)
  return { model: 'any', turns: [{ role: 'user', parts: [...images, { type: 'text', text: prompt }] }] }
}

function picture(bytes: Buffer): Picture {
  const blob = new JsonBlob('binary', [bytes], bytes === RED ? 'image/png' : 'image/webp')
  return { field: 'image', source: { type: 'inline', blob } }
}

function callOf(model: string, options: { deadlineMs?: number } = {}): Call {
  return { ...callTo(sandbox.baseUrlFor('fal') ?? '', { deadlineMs: 20_000, ...options }), model }
}

function generated(model: string, request: ImageRequest, options: { deadlineMs?: number } = {}, lost?: string) {
  return withUpstream({}, (upstream) =>
    makeFal({
      ...upstream,
      requestJson: (call, sent) =>
        upstream.requestJson(call, { ...sent, ...(sent.body !== undefined && { body: without(sent.body, lost) }) }),
    }).generate(request, callOf(model, options)),
  )
}

function without(body: JsonValue, field: string | undefined): JsonValue {
  return Object.fromEntries(Object.entries(body as object).filter(([name]) => name !== field))
}

/** Number and bytes of the pictures, or the failure; and what it cost. */
async function outcomeOf(model: string, request: ImageRequest, lost?: string): Promise<string> {
  const earlier = endpointBill(model, request)
  const result = await generated(model, request, {}, lost)
  if (!result.ok) return `${result.error.kind}: ${result.error.message}`
  const hashes = result.value.images.map(({ blob }) => createHash('sha256').update(bytesOf(blob)).digest('hex'))
  return `${hashes.length} pictures, ${hashes.join(' ')}, ${endpointBill(model, request) - earlier} nanos`
}

function endpointBill(model: string, request: ImageRequest): bigint {
  return BigInt(sandbox.bill().models[endpointOf(model, request)]?.billed_nanos ?? 0)
}

/** Only for the endpoints of this file. */
function endpointOf(model: string, { turns }: ImageRequest): string {
  const hasPictures = turns.some(({ parts }) => parts.some(({ type }) => type === 'image'))
  if (model === 'fal-ai/flux-pro/kontext' && !hasPictures) return `${model}/text-to-image`
  return model === 'fal-ai/flux-2-pro' && hasPictures ? `${model}/edit` : model
}

/** What the bill has of jobs whose prompt begins so. */
function callsNamed(name: string) {
  return sandbox.bill().recent.filter(({ request }) => JSON.stringify(request ?? '').includes(`"${name}`))
}

/** Jobs that nobody waited for have ended by then. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 500))
}
