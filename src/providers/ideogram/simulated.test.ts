import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import { Decoder } from '../../assets/decoding/decoder.ts'
import { makePixels } from '../../assets/pixels.ts'
import { systemClock } from '../../core/clock.ts'
import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { startSandbox, type Sandbox } from '../../sandbox/simulators.ts'
import type { JsonPost } from '../http.ts'
import { callTo, withUpstream } from '../playback.ts'
import { bytesOf, failureOf } from '../provider-contract.ts'
import type { Call } from '../provider.ts'
import { makeIdeogram } from './provider.ts'

// The adapter against the simulator, which was written from Ideogram's documents without it: a field that is lost on the way shows.
let sandbox: Sandbox
const decoder = new Decoder(systemClock)
const pixels = makePixels(decoder)
before(async () => {
  sandbox = await startSandbox({ retired: 'serve' })
})
after(async () => {
  await sandbox.close()
  await decoder.close()
})

const SIDE = 64
const RED = await plain('#c03020', 'png')
const BLUE = await plain('#2030c0', 'webp')
/** Transparent, hence to be repainted, on the right. */
const MASK = await sharp({ create: { width: SIDE / 2, height: SIDE, channels: 4, background: '#000000ff' } })
  .extend({ right: SIDE / 2, background: '#00000000' })
  .png()
  .toBuffer()

/** The smallest that its models make still is large: at half the sides it is made sooner. */
const SMALL_PROMPT = 'a red kite [[fault:wrong-size]]'

const THIRD = 'ideogram-3'
const FOURTH = 'ideogram-4'
const REVISED = 'ideogram-4-5'

describe('the adapter of Ideogram', { concurrency: 2 }, () => {
  describe('every field that the adapter sends counts', { concurrency: 8 }, () => {
    const options = (more: Readonly<Record<string, JsonValue>>) => ({ providerOptions: { ideogram: more } })
    const cases: readonly [field: string, model: string, request: ImageRequest][] = [
      ['prompt', THIRD, inpainted()],
      ['image', THIRD, inpainted()],
      ['mask', THIRD, inpainted()],
      ['mask', REVISED, inpainted()],
      ['num_images', THIRD, inpainted({ n: 2 })],
      ['rendering_speed', THIRD, inpainted({ quality: 'turbo' })],
      ['seed', THIRD, inpainted({ seed: 0 })],
      ['magic_prompt', THIRD, inpainted(options({ magic_prompt: 'off' }))],
      ['enable_copyright_detection', THIRD, inpainted(options({ enable_copyright_detection: true }))],
      ['private', REVISED, edited([RED], options({ private: true }))],
      ['style_preset', THIRD, inpainted(options({ style_preset: 'art_deco' }))],
      ['style_type', THIRD, inpainted(options({ style_type: 'realistic' }))],
      ['style_codes', THIRD, inpainted(options({ style_codes: ['0a1b2c3d', '4e5f6071'] }))],
      ['color_palette', THIRD, inpainted(options({ color_palette: { name: 'ember' } }))],
      ['reference_images', REVISED, edited([RED, BLUE, RED])],
      ['quality', REVISED, edited([RED], { quality: 'very_low' })],
      ['negative_prompt', THIRD, small({ negativePrompt: 'clouds' })],
      ['aspect_ratio', THIRD, small({ aspectRatio: '1:3' })],
      ['image_weight', THIRD, { ...small(options({ image_weight: 40 })), ...turns([RED], SMALL_PROMPT) }],
      ['resolution', FOURTH, small({ size: { width: 512, height: 1536 } })],
      ['size', REVISED, small({ size: { width: 720, height: 1280 }, quality: 'low' })],
    ]
    for (const [field, model, request] of cases) {
      test(`${field} of ${model}`, async () => {
        const whole = await outcomeOf(model, request)
        const lacking = await outcomeOf(model, request, field)

        assert.match(whole, /^[12] pictures/, whole)
        assert.notEqual(lacking, whole)
      })
    }
  })

  describe('the simulator of Ideogram, seen through the adapter', { concurrency: 10 }, () => {
    test('charges what the price list says, by speed and by quality', async () => {
      for (const [model, request, cents] of [
        [THIRD, inpainted({ quality: 'turbo', n: 3 }, 'price'), 9_000n],
        [THIRD, inpainted({}, 'price'), 6_000n],
        [REVISED, edited([RED], {}, 'price'), 6_000n],
        [REVISED, edited([RED], { quality: 'high' }, 'price'), 22_000n],
        [REVISED, edited([RED], { quality: 'very_low' }, 'price'), 800n],
      ] as const) {
        const earlier = callsNamed('price').length
        const result = await generated(model, request)

        assert.ok(result.ok)
        assert.match(result.value.upstreamId ?? '', /^[\w-]{10,}$/)
        const [charged] = callsNamed('price').slice(earlier)
        assert.equal(BigInt(charged?.billed_nanos ?? 0), cents * 10_000n)
      }
    })

    for (const model of [THIRD, REVISED]) {
      test(`what a mask does not open is as it was, to the pixel, by ${model}`, async () => {
        const result = await generated(model, inpainted({}, `a door by ${model}`))

        assert.ok(result.ok)
        const [is, was] = await Promise.all([bytesOf(result.value.images[0]?.blob), RED].map(halvesOf))
        assert.deepEqual(is?.left, was?.left)
        assert.notDeepEqual(is?.right, was?.right)
      })
    }

    test('makes pictures of the size that was asked for, in every way of asking', async () => {
      for (const [model, more, width, height] of [
        [THIRD, { aspectRatio: '16:9' }, 1312, 736],
        [THIRD, { size: { width: 512, height: 1536 } }, 512, 1536],
        [FOURTH, { aspectRatio: '1:3', resolution: '2K' }, 1024, 3072],
        [REVISED, { aspectRatio: '3:1' }, 3072, 1024],
      ] as const) {
        const result = await generated(model, small(more))

        assert.ok(result.ok, result.ok ? '' : result.error.message)
        const made = await sharp(bytesOf(result.value.images[0]?.blob)).metadata()
        assert.deepEqual([made.width * 2, made.height * 2], [width, height])
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
      ['invalid-json', 'no_image', 'yes', 60_000_000n],
      ['reset=after-request', 'unavailable', 'unknown', 0n],
      ['refusal=prompt', 'refused', 'no', 0n],
      ['refusal=pictures', 'refused', 'yes', 60_000_000n],
      ['refusal=failed', 'refused', 'no', 0n],
      ['run-status=500', 'unavailable', 'no', 0n],
      ['no-image=images-empty', 'no_image', 'yes', 60_000_000n],
      ['delivery-gone=9', 'no_image', 'yes', 60_000_000n],
    ]
    for (const [fault, kind, billed, bill] of faults) {
      test(`${fault} is ${kind}, billed ${billed}, with one submission and ${bill} on the bill`, async () => {
        const name = `faulty ${fault}`

        const failure = failureOf(await generated(THIRD, inpainted({}, `${name} [[fault:${fault}]]`)))

        assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
        assert.equal(failure.retryAfterMs, fault.includes('retry-after') ? 7_000 : undefined)
        await settled(() => billedFor(name) === bill)
        assert.deepEqual([billedFor(name), callsNamed(name).length], [bill, 1])
      })
    }

    test('a generation that never ends is given up at the deadline', async () => {
      const failure = failureOf(await generated(THIRD, inpainted({}, 'x [[fault:hang]]'), { deadlineMs: 700 }))

      assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
    })

    test('what one process has submitted another fetches, as often as it likes', async () => {
      const request = inpainted({ n: 2 }, 'for somebody else [[fault:delay=200]]')
      let upstreamId = ''
      const submitted = async (id: string) => {
        upstreamId = id
        throw new Error('the process dies here')
      }
      const dying = { ...callOf(THIRD), submitted }
      await assert.rejects(withUpstream({}, (upstream) => makeIdeogram(upstream).generate(request, dying)))

      const fetched = await Promise.all(
        [1, 2].map(() =>
          withUpstream({}, async (upstream) => makeIdeogram(upstream).resume?.(upstreamId, request, callOf(THIRD))),
        ),
      )

      const [one, other] = fetched.map((result) => result?.ok && result.value.images.map(({ blob }) => bytesOf(blob)))
      assert.ok(one)
      assert.equal(one.length, 2)
      assert.deepEqual(one, other)
      assert.equal(callsNamed('for somebody else').length, 1)
    })

    for (const [credential, found] of [
      ['good', 'the key is good'],
      ['admin', 'the key is good'],
      ['invalid', 'unauthorized: Ideogram answered 401: Invalid API key.'],
    ] as const) {
      test(`the free question with a key that is ${credential}: ${found}`, async () => {
        const result = await withUpstream({}, async (upstream) =>
          makeIdeogram(upstream).check?.({ ...callOf(THIRD), credential }),
        )

        assert.ok(result !== undefined)
        assert.equal(result.ok ? result.value : `${result.error.kind}: ${result.error.message}`, found)
      })
    }
  })
})

function small(more: Partial<ImageRequest> = {}): ImageRequest {
  return { model: 'any', ...turns([], SMALL_PROMPT), ...more }
}

function edited(pictures: readonly Buffer[], more: Partial<ImageRequest> = {}, prompt = 'make it night'): ImageRequest {
  return { model: 'any', ...turns(pictures, prompt), ...more }
}

/** As large as the picture, hence small. */
function inpainted(more: Partial<ImageRequest> = {}, prompt = 'a green door'): ImageRequest {
  return edited([RED], { mask: picture(MASK, 'mask'), ...more }, prompt)
}

function turns(pictures: readonly Buffer[], prompt: string): Pick<ImageRequest, 'turns'> {
  const images = pictures.map((bytes) => ({ type: 'image', picture: picture(bytes) }) as const)
  return { turns: [{ role: 'user', parts: [...images, { type: 'text', text: prompt }] }] }
}

function picture(bytes: Buffer, field = 'image'): Picture {
  const type = bytes.equals(BLUE) ? 'image/webp' : 'image/png'
  return { field, source: { type: 'inline', blob: new JsonBlob('binary', [bytes], type) } }
}

async function plain(background: string, format: 'png' | 'webp'): Promise<Buffer> {
  return await sharp({ create: { width: SIDE, height: SIDE, channels: 3, background } })
    .toFormat(format)
    .toBuffer()
}

function callOf(model: string, options: { deadlineMs?: number } = {}): Call {
  const call = callTo(sandbox.baseUrlFor('ideogram') ?? '', { deadlineMs: 20_000, ...options })
  return { ...call, model, pixels: { split: pixels.tiles, stencil: pixels.stencil } }
}

function generated(model: string, request: ImageRequest, options: { deadlineMs?: number } = {}, lost?: string) {
  return withUpstream({}, (upstream) =>
    makeIdeogram({
      ...upstream,
      postJson: (call, post) => upstream.postJson(call, lost === undefined ? post : without(post, lost)),
    }).generate(request, callOf(model, options)),
  )
}

function without<T>(post: JsonPost<T>, field: string): JsonPost<T> {
  if (post.form !== undefined) return { ...post, form: post.form.filter(({ name }) => name !== field) }
  return { ...post, body: Object.fromEntries(Object.entries(post.body as object).filter(([name]) => name !== field)) }
}

/** Number and bytes of the pictures, or the failure. */
async function outcomeOf(model: string, request: ImageRequest, lost?: string): Promise<string> {
  const result = await generated(model, request, {}, lost)
  if (!result.ok) return `${result.error.kind}: ${result.error.message}`
  const hashes = result.value.images.map(({ blob }) => createHash('sha256').update(bytesOf(blob)).digest('hex'))
  return `${hashes.length} pictures, ${hashes.join(' ')}`
}

/** Both halves of a picture, as pixels. */
async function halvesOf(bytes: Buffer): Promise<{ readonly left: Buffer; readonly right: Buffer }> {
  const half = async (left: number) =>
    await sharp(bytes)
      .extract({ left, top: 0, width: SIDE / 2, height: SIDE })
      .removeAlpha()
      .raw()
      .toBuffer()
  return { left: await half(0), right: await half(SIDE / 2) }
}

/** What the bill has of generations whose prompt begins so. */
function callsNamed(name: string) {
  return sandbox.bill().recent.filter(({ request }) => JSON.stringify(request ?? '').includes(`"${name}`))
}

function billedFor(name: string): bigint {
  return callsNamed(name).reduce((sum, { billed_nanos: nanos }) => sum + BigInt(nanos), 0n)
}

/** Generations that nobody waited for need a while to end, and longer on a busy machine. */
async function settled(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100 && !isSo(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 50))
}
