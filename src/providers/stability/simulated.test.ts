import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'

import sharp from 'sharp'

import { allModels } from '../../catalog/models/all-models.ts'
import type { ImageRequest } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { simulates } from '../../sandbox/simulates.ts'
import { bytesOf, failureOf } from '../test-fixtures.ts'
import { asked, halfOpen, picture, PIXELS, RED } from '../test-requests.ts'
import { type FieldCase, retryAfterOf, sandboxForTests, throughSimulator } from '../test-simulated.ts'
import { endpointOf } from './endpoints.ts'
import { makeStability } from './provider.ts'

const mask = picture(await halfOpen(96, 64, 'left'), 'mask')
const INPAINT = 'edit/inpaint'
const CREDIT = 10_000_000n

const sandbox = await sandboxForTests()
const adapter = throughSimulator(sandbox, 'stability', makeStability, {
  model: INPAINT,
  credential: 'sk-some',
  pixels: PIXELS,
  /** What it cost. */
  shown({ images: [image] }) {
    const hash = createHash('sha256').update(bytesOf(image?.blob)).digest('hex')
    return `${sandbox.bill().recent.findLast(({ pictures = [] }) => pictures.includes(hash))?.billed_nanos} nanos`
  },
})
const { generate, outcomeOf } = adapter

const edited = (more: Partial<ImageRequest> = {}) => asked('make it night', [RED], more)
const masked = (more: Partial<ImageRequest> = {}) => edited({ mask, ...more })
const optioned = (stability: Record<string, JsonValue>, more: Partial<ImageRequest> = {}) =>
  edited({ providerOptions: { stability }, ...more })

describe('every field that the adapter sends counts', { concurrency: 2 }, () => {
  const cases: readonly FieldCase[] = [
    ['prompt', INPAINT, masked()],
    ['image', INPAINT, masked()],
    ['mask', INPAINT, masked()],
    ['grow_mask', INPAINT, masked({ providerOptions: { stability: { grow_mask: 20 } } })],
    ['seed', INPAINT, masked({ seed: 7 })],
    ['negative_prompt', INPAINT, masked({ negativePrompt: 'clouds' })],
    ['output_format', INPAINT, masked({ format: 'webp' })],
    ['style_preset', INPAINT, masked({ providerOptions: { stability: { style_preset: 'anime' } } })],
    ['search_prompt', 'edit/search-and-replace', optioned({ search_prompt: 'the sun' })],
    ['select_prompt', 'edit/search-and-recolor', optioned({ select_prompt: 'the sky' })],
    ['left', 'edit/outpaint', optioned({ left: 8, down: 4 })],
    ['right', 'edit/outpaint', optioned({ left: 8, right: 4 })],
    ['up', 'edit/outpaint', optioned({ left: 8, up: 4 })],
    ['down', 'edit/outpaint', optioned({ left: 8, down: 4 })],
    ['creativity', 'edit/outpaint', optioned({ left: 8, creativity: 0.9 })],
    ['control_strength', 'control/sketch', optioned({ control_strength: 0.2 })],
    ['fidelity', 'control/style', optioned({ fidelity: 0.9 })],
    ['aspect_ratio', 'control/style', optioned({ fidelity: 0.9 }, { aspectRatio: '21:9' })],
    // Another model draws the same picture at another price: this picture is nobody else's.
    ['model', 'sd3.5-medium', edited({ seed: 77 })],
    ['mode', 'sd3.5-medium', edited()],
    ['strength', 'sd3.5-medium', edited()],
    ['cfg_scale', 'sd3.5-medium', optioned({ cfg_scale: 9 })],
    ['strength', 'generate/ultra', edited()],
  ]
  adapter.everyFieldCounts(cases)
})

test('charges what its list says, by service and by model, in credits of a cent', async () => {
  for (const [model, request, milliCredits] of [
    ['generate/core', asked('a red kite'), 3000n],
    ['generate/ultra', edited(), 8000n],
    ['sd3.5-medium', edited(), 3500n],
    [INPAINT, masked(), 5000n],
    ['edit/outpaint', optioned({ left: 8, down: 4 }), 4000n],
  ] as const) {
    const earlier = billed(model)
    assert.match(await outcomeOf(request, { model }), /^1 picture/, model)

    assert.equal(billed(model) - earlier, (milliCredits * CREDIT) / 1000n, model)
  }
})

describe('the simulator of Stability, seen through the adapter', { concurrency: 2 }, () => {
  test('paints where the mask is transparent, and leaves the rest as it was', async () => {
    const request = masked({ providerOptions: { stability: { grow_mask: 0 } } })

    const result = await generate(request)

    assert.ok(result.ok)
    const made = await rgb(bytesOf(result.value.images[0]?.blob))
    const was = await rgb(RED)
    const isSame = (from: number, to: number) =>
      [20, 40].every((y) =>
        made
          .subarray((y * 96 + from) * 3, (y * 96 + to) * 3)
          .equals(was.subarray((y * 96 + from) * 3, (y * 96 + to) * 3)),
      )
    assert.ok(isSame(52, 96))
    assert.ok(!isSame(0, 44))
  })

  test('makes the format that is asked for, labels it, and names the call', async () => {
    for (const [format, expected] of [
      [undefined, 'png'],
      ['jpeg', 'jpeg'],
      ['webp', 'webp'],
    ] as const) {
      const result = await generate(masked(format && { format }))

      assert.ok(result.ok)
      const [image] = result.value.images
      assert.equal((await sharp(bytesOf(image?.blob)).metadata()).format, expected)
      assert.equal(image?.mediaType, `image/${expected}`)
      assert.match(result.value.upstreamId ?? '', /^[0-9a-f]{12}$/)
      assert.equal(result.value.cost, undefined)
    }
  })

  const faults: readonly [fault: string, kind: string, billed: string, credits: bigint][] = [
    ['status=400', 'rejected', 'no', 0n],
    ['status=401', 'unauthorized', 'no', 0n],
    ['status=402', 'unauthorized', 'no', 0n],
    ['status=404', 'unavailable', 'no', 0n],
    ['status=413', 'rejected', 'no', 0n],
    ['status=429', 'rate_limited', 'no', 0n],
    ['status=429,retry-after=7', 'rate_limited', 'no', 0n],
    ['status=500', 'unavailable', 'no', 0n],
    ['status=503', 'unavailable', 'no', 0n],
    ['redirect=http://127.0.0.1:9/', 'unavailable', 'no', 0n],
    ['html', 'no_image', 'yes', 0n],
    ['reset=after-request', 'unavailable', 'unknown', 0n],
    ['refusal=prompt', 'refused', 'no', 0n],
    ['refusal=language', 'rejected', 'no', 0n],
    ['refusal=output', 'refused', 'yes', 5n],
    ['no-image=images-missing', 'no_image', 'yes', 5n],
    ['no-image=images-empty', 'no_image', 'yes', 5n],
    ['invalid-json', 'no_image', 'yes', 5n],
    ['truncate=100', 'no_image', 'yes', 5n],
    ['reset=mid-body', 'no_image', 'yes', 5n],
  ]
  for (const [fault, kind, owed, credits] of faults) {
    test(`${fault} is ${kind}, billed ${owed}, and ${credits} credits are on the bill`, async () => {
      const request = asked(`make it night [[fault:${fault}]]`, [RED])

      const failure = failureOf(await generate(request))

      assert.deepEqual([failure.kind, failure.billed], [kind, owed], failure.message)
      assert.equal(failure.retryAfterMs, fault === 'status=429' ? 60_000 : retryAfterOf(fault))
      const calls = sandbox.bill().recent.filter(({ faults: met }) => directive(met) === fault)
      assert.deepEqual(
        calls.map(({ billed_nanos: nanos }) => BigInt(nanos)),
        [credits * CREDIT],
      )
    })
  }

  test('a hang ends with the deadline', async () => {
    const request = asked('make it night [[fault:hang]]', [RED])

    const failure = failureOf(await generate(request, { deadlineMs: 300 }))

    assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
  })

  for (const [fault, size] of [
    ['wrong-size', 48],
    ['urlsafe-base64', 96],
    ['content-type=text/plain', 96],
  ] as const) {
    test(`${fault} costs no picture`, async () => {
      const result = await generate(asked(`make it night [[fault:${fault}]]`, [RED]))

      assert.ok(result.ok)
      assert.equal((await sharp(bytesOf(result.value.images[0]?.blob)).metadata()).width, size)
    })
  }

  for (const [what, credential, says] of [
    ['a key that is none', 'sk-invalid', 'authorization: is missing or invalid'],
    ['an account without credits', 'sk-locked', 'You lack sufficient credits'],
  ] as const) {
    test(`${what} is told as what it is, and the free question tells it too`, async () => {
      const failure = failureOf(await generate(edited(), { credential }))
      const found = await adapter.found({ credential })

      assert.deepEqual([failure.kind, failure.billed], ['unauthorized', 'no'])
      assert.ok(failure.message.startsWith(says), failure.message)
      assert.match(found, /^unauthorized: /)
    })
  }
})

test('every route of the catalogue is one that the adapter knows, and can be simulated', () => {
  const models = allModels.flatMap(({ routes }) => routes.filter(({ provider }) => provider === 'stability'))

  assert.equal(models.length, 6)
  for (const { model } of models) {
    assert.ok(endpointOf(model) !== undefined, model)
    assert.ok(simulates('stability', model), model)
  }
  assert.ok(!simulates('stability', 'generate/sd3'))
})

function billed(model: string): bigint {
  return BigInt(sandbox.bill().models[model]?.billed_nanos ?? 0)
}

/** As it is written into a prompt: `status=429,retry-after=7`. */
function directive(faults: Readonly<Record<string, string>>): string {
  return Object.entries(faults)
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
    .join(',')
}

async function rgb(bytes: Buffer): Promise<Buffer> {
  return await sharp(bytes).removeAlpha().raw().toBuffer()
}
