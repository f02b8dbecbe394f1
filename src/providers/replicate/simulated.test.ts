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
import { makeReplicate } from './provider.ts'

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
const SMALL = { width: 256, height: 256 } as const
const MODEL = 'black-forest-labs/flux-2-pro'
const SCHNELL = 'black-forest-labs/flux-schnell'
const FILL = 'black-forest-labs/flux-fill-pro'
const VERSION = 'c6b5d2b7459910fec94432e9e1203c3cdce92d6db20f714f1355747990b52fa6'
const SANA = `nvidia/sana:${VERSION}`

const drawn = (more: Partial<ImageRequest> = {}): ImageRequest => ({ ...asked('a red kite'), size: SMALL, ...more })

describe('the adapter of Replicate', { concurrency: 2 }, () => {
  describe('every field that the adapter sends counts', { concurrency: 10 }, () => {
    const options = (more: Readonly<Record<string, JsonValue>>) => ({ providerOptions: { replicate: more } })
    const quarter = (more: Partial<ImageRequest> & Readonly<Record<string, unknown>> = {}) => ({
      ...asked('a red kite'),
      ...options({ megapixels: '0.25' }),
      ...more,
    })
    const cases: readonly [field: string, model: string, request: ImageRequest][] = [
      ['prompt', MODEL, drawn()],
      ['width', MODEL, drawn()],
      ['height', MODEL, drawn()],
      ['aspect_ratio', MODEL, drawn()],
      ['aspect_ratio', MODEL, edited([RED])],
      ['seed', MODEL, drawn({ seed: 0 })],
      ['output_format', MODEL, drawn({ format: 'png' })],
      ['output_quality', MODEL, drawn({ compression: 10 })],
      ['safety_tolerance', MODEL, drawn(options({ safety_tolerance: 5 }))],
      ['input_images', MODEL, drawn(edited([RED, BLUE]))],
      ['num_outputs', SCHNELL, quarter({ n: 2 })],
      ['megapixels', SCHNELL, quarter()],
      ['image', FILL, { ...edited([RED]), mask: picture(MASK, 'mask') }],
      ['mask', FILL, { ...edited([RED]), mask: picture(MASK, 'mask') }],
      ['mask', 'ideogram-ai/ideogram-v3-turbo', { ...edited([RED]), mask: picture(MASK, 'mask') }],
      ['negative_prompt', SANA, drawn({ negativePrompt: 'fog' })],
      ['size', 'wan-video/wan-2.7-image', drawn()],
    ]
    for (const [field, model, request] of cases) {
      test(`${field} of ${model}`, async () => {
        const whole = await outcomeOf(model, request)
        const lacking = await outcomeOf(model, request, field)

        assert.match(whole, /^[12] pictures/, whole)
        assert.notEqual(lacking, whole)
      })
    }

    for (const field of ['input', 'version']) {
      test(`${field} of a submission`, async () => {
        const failure = failureOf(await generated(SANA, drawn(), {}, field))

        assert.match(failure.message, new RegExp(`${field} is required`))
      })
    }
  })

  describe('the simulator of Replicate, seen through the adapter', { concurrency: 10 }, () => {
    test('charges what the price lists say, by run and megapixel, and by picture', async () => {
      const big = { width: 1056, height: 1024 }
      for (const [model, request, nanos] of [
        // 1.5 cents for the run, for each of two megapixels, and for a reference.
        [MODEL, { ...edited([RED], 'price'), size: big }, 60_000_000n],
        [SCHNELL, { ...asked('price'), n: 3, providerOptions: { replicate: { megapixels: '0.25' } } }, 9_000_000n],
        [FILL, edited([RED], 'price'), 50_000_000n],
      ] as const) {
        const result = await generated(model, request)

        assert.ok(result.ok)
        assert.match(result.value.upstreamId ?? '', /^[0-9a-z]{26}$/)
        const charged = callsNamed('price').filter((call) => call.model === model)
        assert.deepEqual(
          charged.map(({ billed_nanos: each }) => BigInt(each)),
          [nanos],
          model,
        )
      }
    })

    test('says which version it was, where that is no secret', async () => {
      const [open, hidden] = [await generated(SANA, drawn()), await generated(MODEL, drawn())]

      assert.ok(open.ok && hidden.ok)
      assert.deepEqual([open.value.modelVersion, hidden.value.modelVersion], [VERSION, undefined])
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
      ['run-status=500', 'unavailable', 'unknown', 0n],
      ['refusal=nsfw', 'refused', 'unknown', 0n],
      ['refusal=e005', 'refused', 'unknown', 0n],
      ['no-image=images-missing', 'no_image', 'yes', 30_000_000n],
      ['no-image=images-empty', 'no_image', 'yes', 30_000_000n],
      ['delivery-gone=9', 'no_image', 'yes', 30_000_000n],
    ]
    for (const [fault, kind, billed, bill] of faults) {
      test(`${fault} is ${kind}, billed ${billed}, with one submission and ${bill} on the bill`, async () => {
        const name = `faulty ${fault}`

        const failure = failureOf(await generated(MODEL, drawn(asked(`${name} [[fault:${fault}]]`))))

        assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
        assert.equal(failure.retryAfterMs, fault.includes('retry-after') ? 7_000 : undefined)
        await settled(() => billedFor(name) === bill)
        assert.deepEqual([billedFor(name), callsNamed(name).length], [bill, 1])
      })
    }

    test('a prediction that never ends is given up at the deadline', async () => {
      const request = drawn(asked('x [[fault:hang]]'))

      const failure = failureOf(await generated(MODEL, request, { deadlineMs: 700 }))

      assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
    })

    test('a download that fails at first is repeated, and the prediction is not', async () => {
      const request = drawn(asked('flaky [[fault:delivery-gone=1]]'))

      const result = await generated(MODEL, request)

      assert.ok(result.ok)
      assert.equal((await sharp(bytesOf(result.value.images[0]?.blob)).metadata()).width, SMALL.width)
      assert.equal(callsNamed('flaky').length, 1)
    })

    test('what one process has submitted another fetches, as often as it likes', async () => {
      const request = drawn(asked('for somebody else [[fault:delay=200]]'))
      let upstreamId = ''
      const submitted = async (id: string) => {
        upstreamId = id
        throw new Error('the process dies here')
      }
      const dying = { ...callOf(MODEL), submitted }
      await assert.rejects(withUpstream({}, (upstream) => makeReplicate(upstream).generate(request, dying)))

      const fetched = await Promise.all(
        [1, 2].map(() =>
          withUpstream(
            {},
            async (upstream) => await makeReplicate(upstream).resume?.(upstreamId, request, callOf(MODEL)),
          ),
        ),
      )

      const pictures = fetched.map((result) => (result?.ok ? bytesOf(result.value.images[0]?.blob) : Buffer.of()))
      assert.ok(pictures[0] !== undefined && pictures[0].length > 0 && pictures[1]?.equals(pictures[0]))
      assert.equal(callsNamed('for somebody else').length, 1)
    })

    for (const [credential, found] of [
      ['good', 'the key is good, of the organization “sandbox”; credit is not told'],
      ['empty', 'the key is good, of the organization “sandbox”; credit is not told'],
      ['invalid', 'unauthorized: You did not pass a valid authentication token'],
    ] as const) {
      test(`the free question with a key that is ${credential}: ${found}`, async () => {
        const result = await withUpstream({}, async (upstream) =>
          makeReplicate(upstream).check?.({ ...callOf(MODEL), credential }),
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

function edited(pictures: readonly Buffer[], prompt = 'make it night'): ImageRequest {
  return asked(
    prompt,
    pictures.map((bytes) => picture(bytes)),
  )
}

function picture(bytes: Buffer, field = 'image'): Picture {
  const type = bytes === BLUE ? 'image/webp' : 'image/png'
  return { field, source: { type: 'inline', blob: new JsonBlob('binary', [bytes], type) } }
}

function callOf(model: string, options: { deadlineMs?: number } = {}): Call {
  const call = callTo(sandbox.baseUrlFor('replicate') ?? '', { deadlineMs: 20_000, ...options })
  return { ...call, model, pixels: { stencil, split: async () => err('Nothing is to be cut.') } }
}

/** What is transparent, in white. */
async function stencil(mask: JsonBlob) {
  const made = await sharp(bytesOf(mask)).extractChannel('alpha').negate().png().toBuffer()
  return ok(new JsonBlob('binary', [made], 'image/png'))
}

function generated(model: string, request: ImageRequest, options: { deadlineMs?: number } = {}, lost?: string) {
  return withUpstream({}, (upstream) =>
    makeReplicate({
      ...upstream,
      postJson: (call, { form: _form, ...post }) =>
        upstream.postJson(call, { ...post, body: without(post.body ?? null, lost) }),
    }).generate(request, callOf(model, options)),
  )
}

/** Without a field of the body, or of the input in it. */
function without(body: JsonValue, field: string | undefined): JsonValue {
  const others = (fields: object) => Object.fromEntries(Object.entries(fields).filter(([name]) => name !== field))
  const { input, ...rest } = body as { input: object }
  return others({ ...rest, input: others(input) })
}

/** Number and bytes of the pictures, or the failure. */
async function outcomeOf(model: string, request: ImageRequest, lost?: string): Promise<string> {
  const result = await generated(model, request, {}, lost)
  if (!result.ok) return `${result.error.kind}: ${result.error.message}`
  const hashes = result.value.images.map(({ blob }) => createHash('sha256').update(bytesOf(blob)).digest('hex'))
  return `${hashes.length} pictures, ${hashes.join(' ')}`
}

/** What the bill has of tasks whose prompt begins so. */
function callsNamed(name: string) {
  return sandbox.bill().recent.filter(({ request }) => JSON.stringify(request ?? '').includes(`"${name}`))
}

function billedFor(name: string): bigint {
  return callsNamed(name).reduce((sum, { billed_nanos: nanos }) => sum + BigInt(nanos), 0n)
}

/** Predictions that nobody waited for need a while to end, and longer on a busy machine. */
async function settled(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100 && !isSo(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 50))
}
