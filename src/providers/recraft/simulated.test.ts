import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import { formatUsd } from '../../core/money.ts'
import { err, ok } from '../../core/result.ts'
import { type Sandbox, startSandbox } from '../../sandbox/simulators.ts'
import type { JsonPost } from '../http.ts'
import { callTo, withUpstream } from '../playback.ts'
import { bytesOf, failureOf } from '../provider-contract.ts'
import type { Call } from '../provider.ts'
import { makeRecraft } from './provider.ts'

// The adapter against the simulator, which was written from Recraft's documents without it: a field that is lost on the way shows.
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'serve' })
})
after(() => sandbox.close())

const RED = await sharp({ create: { width: 288, height: 256, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()
/** Opaque with a transparent left part, and so nothing that Recraft would take as it is. */
const MASK = await sharp({ create: { width: 288, height: 256, channels: 4, background: '#405060ff' } })
  .composite([
    {
      input: { create: { width: 96, height: 256, channels: 4, background: '#fff' } },
      left: 0,
      top: 0,
      blend: 'dest-out',
    },
  ])
  .png()
  .toBuffer()
/** As the gateway makes them. */
const PIXELS: NonNullable<Call['pixels']> = {
  split: async () => err('nothing is split here'),
  async stencil(mask) {
    const made = await sharp(bytesOf(mask)).extractChannel('alpha').negate().png().toBuffer()
    return ok(new JsonBlob('binary', [made], 'image/png'))
  },
}

const VECTOR = 'recraftv4_1_vector'
const edit = (more: Partial<ImageRequest> = {}) => ({ ...asked('make it night', [picture(RED)]), ...more })

describe('every field that the adapter sends counts', { concurrency: 2 }, () => {
  const cases: readonly [field: string, model: string, request: ImageRequest][] = [
    ['prompt', VECTOR, asked('a kite')],
    ['model', VECTOR, asked('a kite')],
    ['n', VECTOR, { ...asked('a kite'), n: 2 }],
    ['size', VECTOR, { ...asked('a kite'), aspectRatio: '2:1' }],
    ['size', VECTOR, { ...asked('a kite'), size: { width: 768, height: 1536 } }],
    ['random_seed', VECTOR, { ...asked('a kite'), seed: 0 }],
    ['controls', VECTOR, { ...asked('a kite'), providerOptions: { recraft: { controls: { no_text: true } } } }],
    ['image', 'recraftv3', edit()],
    ['strength', 'recraftv3', edit()],
    ['model', 'recraftv3', edit({ seed: 4 })],
    ['negative_prompt', 'recraftv3', edit({ negativePrompt: 'clouds' })],
    ['style', 'recraftv3', edit({ providerOptions: { recraft: { style: 'icon' } } })],
    ['image_format', 'recraftv3', edit({ format: 'webp' })],
    ['mask', 'recraftv3', edit({ mask: picture(MASK) })],
  ]
  for (const [field, model, request] of cases) {
    test(`${field} of ${model}`, async () => {
      const whole = await outcomeOf(model, request)
      const lacking = await outcomeOf(model, request, field)

      assert.match(whole, /^[1-9] pictures/, whole)
      assert.notEqual(lacking, whole)
    })
  }

  test('without its wish for base64 the pictures come by address, and are fetched', async () => {
    const whole = await outcomeOf(VECTOR, asked('a kite'))

    assert.equal(await outcomeOf(VECTOR, asked('a kite'), 'response_format'), whole)
    assert.match(whole, /^1 pictures/)
  })
})

test('charges what the price list says, and tells it', async () => {
  for (const [model, request, usd] of [
    [VECTOR, { ...asked('a fish'), n: 3 }, '0.24'],
    ['recraftv4_pro_vector', asked('a fish'), '0.3'],
    ['recraftv4_1', edit(), '0.035'],
    ['recraftv3', edit({ mask: picture(MASK) }), '0.04'],
  ] as const) {
    const earlier = BigInt(sandbox.bill().billed_nanos)

    const result = await generated(model, request)

    assert.ok(result.ok)
    const cost = result.value.cost ?? (0n as never)
    assert.deepEqual([formatUsd(cost), BigInt(sandbox.bill().billed_nanos) - earlier], [usd, cost], model)
  }
})

describe('the simulator of Recraft, seen through the adapter', { concurrency: 2 }, () => {
  test('makes vector graphics of the vector models, raster pictures of the others', async () => {
    const vector = await generated(VECTOR, { ...asked('a fish'), aspectRatio: '1:2' })
    const raster = await generated('recraftv4', edit())

    assert.ok(vector.ok && raster.ok)
    assert.match(bytesOf(vector.value.images[0]?.blob).toString(), /^<svg [^>]*width="768" height="1536"/)
    assert.deepEqual((await sharp(bytesOf(raster.value.images[0]?.blob)).metadata()).format, 'png')
  })

  const UNITS = 80_000_000n
  const faults: readonly [fault: string, kind: string, billed: string, bill: bigint][] = [
    ['status=401', 'unauthorized', 'no', 0n],
    ['status=402', 'unauthorized', 'no', 0n],
    ['status=429,retry-after=7', 'rate_limited', 'no', 0n],
    ['status=400', 'rejected', 'no', 0n],
    ['status=500', 'unavailable', 'unknown', 0n],
    ['status=503', 'unavailable', 'no', 0n],
    ['refusal=moderation', 'refused', 'no', 0n],
    ['no-image=images-empty', 'no_image', 'no', 0n],
    ['no-image=images-missing', 'no_image', 'yes', 0n],
    ['truncate=300', 'no_image', 'yes', UNITS],
    ['reset=mid-body', 'no_image', 'yes', UNITS],
    ['reset=after-request', 'unavailable', 'unknown', 0n],
    ['invalid-json', 'no_image', 'yes', UNITS],
    ['html', 'no_image', 'yes', 0n],
  ]
  for (const [fault, kind, billed, bill] of faults) {
    test(`${fault} is ${kind}, billed ${billed}, with ${bill} on the bill`, async () => {
      const name = `faulty ${fault}`

      const failure = failureOf(await generated(VECTOR, asked(`${name} [[fault:${fault}]]`)))

      assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
      assert.equal(failure.retryAfterMs, fault.includes('retry-after') ? 7000 : undefined)
      assert.deepEqual(
        callsNamed(name).map(({ billed_nanos: nanos }) => BigInt(nanos)),
        [bill],
      )
    })
  }

  test('a call that never ends is given up at the deadline, and is unknown', async () => {
    const failure = failureOf(await generated(VECTOR, asked('x [[fault:hang]]'), { deadlineMs: 300 }))

    assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
  })

  test('a picture at an address that is gone was charged all the same', async () => {
    const lost = { lost: 'response_format', deadlineMs: 900 }

    const failure = failureOf(await generated(VECTOR, asked('gone [[fault:delivery-gone=9]]'), lost))

    assert.deepEqual([failure.billed, callsNamed('gone').length], ['yes', 1])
  })

  for (const [credential, says] of [
    ['invalid', /^unauthorized: request unauthorized/],
    ['empty', /^unauthorized: not enough API units/],
  ] as const) {
    test(`a key that is ${credential} is unauthorized, and nothing is charged`, async () => {
      const failure = failureOf(await generated(VECTOR, asked('x'), { credential }))

      assert.match(`${failure.kind}: ${failure.message}`, says)
      assert.equal(failure.billed, 'no')
    })
  }
})

function asked(prompt: string, pictures: readonly Picture[] = []): ImageRequest {
  const images = pictures.map((each) => ({ type: 'image', picture: each }) as const)
  return { model: 'any', turns: [{ role: 'user', parts: [...images, { type: 'text', text: prompt }] }] }
}

function picture(bytes: Buffer): Picture {
  return { field: 'image', source: { type: 'inline', blob: new JsonBlob('binary', [bytes], 'image/png') } }
}

interface Way {
  /** A field that is lost on the way. */
  readonly lost?: string | undefined
  readonly credential?: string
  readonly deadlineMs?: number
}

function generated(model: string, request: ImageRequest, { lost, credential, deadlineMs = 20_000 }: Way = {}) {
  const call: Call = { ...callTo(sandbox.baseUrlFor('recraft') ?? '', { deadlineMs }), model, pixels: PIXELS }
  return withUpstream({}, (upstream) => {
    const lossy = {
      ...upstream,
      postJson: <T>(to: Call, post: JsonPost<T>) => upstream.postJson(to, without(post, lost)),
    }
    return makeRecraft(lossy).generate(request, credential === undefined ? call : { ...call, credential })
  })
}

function without<T>(post: JsonPost<T>, field: string | undefined): JsonPost<T> {
  if ('form' in post && post.form !== undefined)
    return { ...post, form: post.form.filter(({ name }) => name !== field) }
  const body = Object.fromEntries(Object.entries(post.body as object).filter(([name]) => name !== field))
  return { ...post, body }
}

/** Number and bytes of the pictures, or the failure. */
async function outcomeOf(model: string, request: ImageRequest, lost?: string): Promise<string> {
  const result = await generated(model, request, { lost })
  if (!result.ok) return `${result.error.kind}: ${result.error.message}`
  const hashes = result.value.images.map(({ blob }) => createHash('sha256').update(bytesOf(blob)).digest('hex'))
  return `${hashes.length} pictures, ${hashes.join(' ')}`
}

function callsNamed(name: string) {
  return sandbox.bill().recent.filter(({ request }) => JSON.stringify(request ?? '').includes(`"${name}`))
}
