import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { err, ok } from '../../core/result.ts'
import { startSandbox, type Sandbox } from '../../sandbox/simulators.ts'
import { callTo, withUpstream } from '../playback.ts'
import { bytesOf, failureOf } from '../provider-contract.ts'
import type { Call } from '../provider.ts'
import { makeBfl } from './provider.ts'

// The adapter against the simulator, which was written from the API's documents without it: a field that is lost on the way shows.
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
/** Of the red one's size, to be repainted on the right. */
const MASK = await sharp({ create: { width: 96, height: 64, channels: 4, background: '#00000000' } })
  .composite([{ input: { create: { width: 48, height: 64, channels: 4, background: '#000000ff' } }, gravity: 'west' }])
  .png()
  .toBuffer()
const SMALL = { width: 128, height: 64 } as const
const MODEL = 'flux-2-pro'

const drawn = (more: Partial<ImageRequest> = {}): ImageRequest => ({ ...asked('a red kite'), size: SMALL, ...more })

describe('the adapter of Black Forest Labs', { concurrency: 2 }, () => {
  describe('every field that the adapter sends counts', { concurrency: 10 }, () => {
    const options = (more: Readonly<Record<string, JsonValue>>) => ({ providerOptions: { 'black-forest-labs': more } })
    const { size: _, ...unsized } = drawn()
    const cases: readonly [field: string, model: string, request: ImageRequest][] = [
      ['prompt', MODEL, drawn()],
      ['width', MODEL, drawn()],
      ['height', MODEL, drawn()],
      ['seed', MODEL, drawn({ seed: 0 })],
      ['output_format', MODEL, drawn({ format: 'webp' })],
      ['safety_tolerance', MODEL, drawn(options({ safety_tolerance: 5 }))],
      ['steps', 'flux-2-flex', drawn(options({ steps: 9, guidance: 2 }))],
      ['input_image', MODEL, drawn(edited([RED]))],
      ['input_image_2', 'flux-2-klein-4b', drawn(edited([RED, BLUE]))],
      ['aspect_ratio', 'flux-kontext-pro', { ...unsized, aspectRatio: '9:21' }],
      ['image', 'flux-pro-1.0-fill', { ...unsized, ...edited([RED]), mask: picture(MASK, 'mask') }],
      ['mask', 'flux-pro-1.0-fill', { ...unsized, ...edited([RED]), mask: picture(MASK, 'mask') }],
      ['images', 'flux-3-image', { ...unsized, ...edited([RED]), aspectRatio: '1:1' }],
    ]
    for (const [field, model, request] of cases) {
      test(`${field} of ${model}`, async () => {
        const whole = await outcomeOf(model, request)
        const lacking = await outcomeOf(model, request, field)

        assert.match(whole, /^1 pictures/, whole)
        assert.notEqual(lacking, whole)
      })
    }
  })

  describe('the simulator of Black Forest Labs, seen through the adapter', { concurrency: 10 }, () => {
    test('charges what the price list says, by picture, by megapixel, by tier, and says so', async () => {
      const big = { width: 1024, height: 1040 }
      for (const [model, request, nanos] of [
        // 3 cents the first megapixel, 1.5 the second, 1.5 a reference.
        [MODEL, { ...asked('price'), ...edited([RED], 'price'), size: big }, 60_000_000n],
        ['flux-2-klein-9b', { ...asked('price'), size: SMALL }, 15_000_000n],
        ['flux-kontext-max', { ...asked('price'), aspectRatio: '1:1' }, 80_000_000n],
        ['flux-3-image', { ...asked('price'), resolution: '1K' }, 48_000_000n],
      ] as const) {
        const result = await generated(model, request)

        assert.ok(result.ok)
        assert.equal(result.value.cost, nanos, model)
        const id = result.value.upstreamId ?? ''
        assert.match(id, /^[0-9a-f-]{36}$/)
        const charged = callsNamed('price').filter((call) => call.model === model)
        assert.deepEqual(
          charged.map(({ billed_nanos: each }) => BigInt(each)),
          [nanos],
          model,
        )
      }
    })

    const faults: readonly [fault: string, kind: string, billed: string, bill: bigint][] = [
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
    for (const [fault, kind, billed, bill] of faults) {
      test(`${fault} is ${kind}, billed ${billed}, with one submission and ${bill} on the bill`, async () => {
        const name = `faulty ${fault}`

        const failure = failureOf(await generated(MODEL, { ...asked(`${name} [[fault:${fault}]]`), size: SMALL }))

        assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
        assert.equal(failure.retryAfterMs, fault.includes('retry-after') ? 7_000 : undefined)
        await settled(() => billedFor(name) === bill)
        assert.deepEqual([billedFor(name), callsNamed(name).length], [bill, 1])
      })
    }

    test('a task that never ends is given up at the deadline', async () => {
      const request = { ...asked('x [[fault:hang]]'), size: SMALL }

      const failure = failureOf(await generated(MODEL, request, { deadlineMs: 700 }))

      assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
    })

    test('a download that fails at first is repeated, and the task is not', async () => {
      const request = { ...asked('flaky [[fault:delivery-gone=1]]'), size: SMALL }

      const result = await generated(MODEL, request)

      assert.ok(result.ok)
      assert.equal((await sharp(bytesOf(result.value.images[0]?.blob)).metadata()).width, SMALL.width)
      assert.equal(callsNamed('flaky').length, 1)
    })

    test('what one process has submitted another fetches, as often as it likes, and is told what it cost', async () => {
      const request = { ...asked('for somebody else [[fault:delay=200]]'), size: SMALL }
      let upstreamId = ''
      const submitted = async (id: string) => {
        upstreamId = id
        throw new Error('the process dies here')
      }
      const dying = { ...callOf(MODEL), submitted }
      await assert.rejects(withUpstream({}, (upstream) => makeBfl(upstream).generate(request, dying)))

      const fetched = await Promise.all(
        [1, 2].map(() =>
          withUpstream({}, async (upstream) => await makeBfl(upstream).resume?.(upstreamId, request, callOf(MODEL))),
        ),
      )

      const pictures = fetched.map((result) => (result?.ok ? bytesOf(result.value.images[0]?.blob) : Buffer.of()))
      assert.ok(pictures[0] !== undefined && pictures[0].length > 0 && pictures[1]?.equals(pictures[0]))
      assert.deepEqual(
        fetched.map((result) => result?.ok && result.value.cost),
        [30_000_000n, 30_000_000n],
      )
      assert.equal(callsNamed('for somebody else').length, 1)
    })

    for (const [credential, found] of [
      ['good', 'the key is good, 42.005 USD of credit left'],
      ['empty', 'unauthorized: The account has no credit left.'],
      ['invalid', 'unauthorized: Not authenticated - Invalid Authentication'],
    ] as const) {
      test(`the free question with a key that is ${credential}: ${found}`, async () => {
        const result = await withUpstream({}, async (upstream) =>
          makeBfl(upstream).check?.({ ...callOf(MODEL), credential }),
        )

        assert.ok(result !== undefined)
        assert.equal(result.ok ? result.value : `${result.error.kind}: ${result.error.message}`, found)
      })
    }
  })
})

function asked(prompt: string, pictures: readonly Picture[] = []): ImageRequest {
  const images = pictures.map((each) => ({ type: 'image', picture: each }) as const)
  return { model: 'any', turns: [{ role: 'user', parts: [...images, { type: 'text', text: prompt }] }] }
}

function edited(pictures: readonly Buffer[], prompt = 'make it night'): Pick<ImageRequest, 'turns'> {
  const { turns } = asked(
    prompt,
    pictures.map((bytes) => picture(bytes)),
  )
  return { turns }
}

function picture(bytes: Buffer, field = 'image'): Picture {
  return { field, source: { type: 'inline', blob: new JsonBlob('binary', [bytes], 'image/png') } }
}

function callOf(model: string, options: { deadlineMs?: number } = {}): Call {
  const call = callTo(sandbox.baseUrlFor('black-forest-labs') ?? '', { deadlineMs: 20_000, ...options })
  return { ...call, model, pixels: { stencil, split: async () => err('Nothing is to be cut.') } }
}

/** What is transparent, in white. */
async function stencil(mask: JsonBlob) {
  const made = await sharp(bytesOf(mask)).extractChannel('alpha').negate().png().toBuffer()
  return ok(new JsonBlob('binary', [made], 'image/png'))
}

function generated(model: string, request: ImageRequest, options: { deadlineMs?: number } = {}, lost?: string) {
  return withUpstream({}, (upstream) =>
    makeBfl({
      ...upstream,
      postJson: (call, { form: _form, ...post }) =>
        upstream.postJson(call, { ...post, body: without(post.body ?? null, lost) }),
    }).generate(request, callOf(model, options)),
  )
}

function without(body: JsonValue, field: string | undefined): JsonValue {
  return Object.fromEntries(Object.entries(body as object).filter(([name]) => name !== field))
}

/** Number and bytes of the pictures, or the failure; and what it cost. */
async function outcomeOf(model: string, request: ImageRequest, lost?: string): Promise<string> {
  const result = await generated(model, request, {}, lost)
  if (!result.ok) return `${result.error.kind}: ${result.error.message}`
  const hashes = result.value.images.map(({ blob }) => createHash('sha256').update(bytesOf(blob)).digest('hex'))
  return `${hashes.length} pictures, ${hashes.join(' ')}, ${result.value.cost} nanos`
}

/** What the bill has of tasks whose prompt begins so. */
function callsNamed(name: string) {
  return sandbox.bill().recent.filter(({ request }) => JSON.stringify(request ?? '').includes(`"${name}`))
}

function billedFor(name: string): bigint {
  return callsNamed(name).reduce((sum, { billed_nanos: nanos }) => sum + BigInt(nanos), 0n)
}

/** Tasks that nobody waited for need a while to end, and longer on a busy machine. */
async function settled(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100 && !isSo(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 50))
}
