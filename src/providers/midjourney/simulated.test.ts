import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, test } from 'node:test'

import sharp from 'sharp'

import { Decoder } from '../../assets/decoding/decoder.ts'
import { makePixels } from '../../assets/pixels.ts'
import { systemClock } from '../../core/clock.ts'
import type { ImageRequest } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { NO_CREDENTIAL } from '../entry.ts'
import type { Call, Generated } from '../provider.ts'
import { QUICK } from '../test-clock.ts'
import { bytesOf, failureOf } from '../test-fixtures.ts'
import { asked, halfOpen, picture, RED } from '../test-requests.ts'
import { simulatedJobs } from '../test-simulated-jobs.ts'
import { type FaultCase, type FieldCase, lacking, sandboxForTests, throughSimulator } from '../test-simulated.ts'
import { makeMidjourney } from './provider.ts'

// With the real decoding of pictures.
const decoder = new Decoder(systemClock)
after(() => decoder.close())
const pixels = makePixels(decoder)

/** Pixels of each side of what version 1 makes here. */
const SIDE = 64

const MODEL = 'MID_JOURNEY'
const PICTURE_NANOS = 25_000_000n
const SMALL = { v: 1 } as const

const sandbox = await sandboxForTests()
const midjourney = throughSimulator(sandbox, 'midjourney', makeMidjourney, {
  model: MODEL,
  credential: 'a-good-secret',
  pixels: { split: pixels.tiles, stencil: pixels.stencil },
  clock: QUICK,
  /** A parameter stands within the prompt. */
  lose(request, field) {
    if (!field.startsWith('--')) return lacking(request, field)
    const { prompt, ...rest } = request.body as { readonly prompt: string }
    const less = prompt.replace(new RegExp(` ${field}( (?!--)[^-]*)?(?= --|$)`), '')
    return { ...request, body: { ...rest, prompt: less } }
  },
})
const { generate, billedFor } = midjourney

describe('the adapter of Midjourney', { concurrency: 2 }, () => {
  describe('every field that the adapter sends counts', { concurrency: 12 }, () => {
    const KITE = { ...drawn('a red kite'), n: 1 }
    const cases: readonly FieldCase[] = [
      ['prompt', MODEL, KITE],
      ['botType', 'NIJI_JOURNEY', KITE],
      ['base64Array', MODEL, { ...KITE, turns: asked('a red kite', [RED]).turns }],
      ['--ar', MODEL, { ...KITE, aspectRatio: '2.35:1' }],
      ['--no', MODEL, { ...KITE, negativePrompt: 'clouds, birds' }],
      ['--seed', MODEL, { ...KITE, seed: 0 }],
      ['--v', MODEL, KITE],
      ['--stylize', MODEL, { ...drawn('a red kite', { stylize: 900 }), n: 1 }],
      ['--tile', MODEL, { ...drawn('a red kite', { tile: true }), n: 1 }],
      ['--sref', MODEL, { ...drawn('a red kite', { sref: 'random' }), n: 1 }],
    ]
    midjourney.everyFieldCounts(cases)
  })

  describe('the simulator of midjourney-proxy, seen through the adapter', { concurrency: 12 }, () => {
    test('a grid becomes four pictures, each pixel by pixel what the proxy itself takes out of it', async () => {
      const made = madeBy(await generate({ ...drawn('four kites'), n: 4 }))

      const rest = made.images.map((_, at) => generate(upscaled(made, at)))
      const takenOut = (await Promise.all(rest)).map((result) => madeBy(result).images[0]?.blob)

      assert.equal(made.images.length, 4)
      for (const [at, { blob }] of made.images.entries()) {
        const [ours, theirs] = await Promise.all([rawOf(bytesOf(blob)), rawOf(bytesOf(takenOut[at]))])
        assert.deepEqual([ours.info.width, ours.info.height], [SIDE, SIDE])
        assert.ok(ours.data.equals(theirs.data), `picture ${at + 1}`)
      }
      assert.equal(new Set(made.images.map(({ blob }) => bytesOf(blob).toString('base64'))).size, 4)
    })

    test('a task costs what four pictures cost, however many are wanted; one that is taken out costs one', async () => {
      const made = madeBy(await generate({ ...drawn('the price of one'), n: 1 }))
      madeBy(await generate(upscaled(made, 0)))

      assert.equal(made.images.length, 1)
      assert.equal(billedFor('the price of one'), 4n * PICTURE_NANOS)
      assert.equal(takenOutOf(made), PICTURE_NANOS)
    })

    test('an account that gives its pictures one by one is asked for those alone', async () => {
      const options = { credential: 'a-proxy-with-singles' }

      const made = madeBy(await generate({ ...drawn('one by one'), n: 3 }, options))

      const sizes = made.images.map(async ({ blob }) => (await sharp(bytesOf(blob)).metadata()).width)
      assert.deepEqual(await Promise.all(sizes), [SIDE, SIDE, SIDE])
    })

    test('the first proxy, which has no buttons, is told what to change', async () => {
      const options = { credential: 'the-original-proxy' }
      const made = madeBy(await generate({ ...drawn('without buttons'), n: 3 }, options))

      const varied = madeBy(await generate({ ...followed(made, 2, { action: 'variation' }), n: 2 }, options))
      const again = madeBy(await generate({ ...followed(made, 2, { action: 'reroll' }), n: 1 }, options))
      const failure = failureOf(await generate(followed(made, 2, { action: 'zoom_out' }), options))

      assert.deepEqual([made.images.length, varied.images.length, again.images.length], [3, 2, 1])
      const first = [made, varied, again].map(({ images }) => bytesOf(images[0]?.blob).toString('base64'))
      assert.equal(new Set(first).size, 3)
      assert.deepEqual([failure.kind, failure.billed], ['rejected', 'no'])
    })

    test('each action has its button, and each button its pictures', async () => {
      const made = madeBy(await generate({ ...drawn('what can be done'), n: 2 }))
      const single = madeBy(await generate(upscaled(made, 1)))
      const [again, wider, panned, larger] = await Promise.all([
        generate({ ...followed(made, 1, { action: 'reroll' }), n: 4 }),
        generate({ ...followed(single, 0, { action: 'zoom_out' }), n: 2 }),
        generate({ ...followed(single, 0, { action: 'pan_left' }), n: 1 }),
        generate(followed(single, 0, { action: 'upscale_creative' })),
      ])

      assert.deepEqual(
        [again, wider, panned, larger].map((result) => madeBy(result).images.length),
        [4, 2, 1, 1],
      )
      assert.equal((await sharp(bytesOf(madeBy(larger).images[0]?.blob)).metadata()).width, 2 * SIDE)
      const failure = failureOf(await generate(followed(single, 0, { action: 'variation' })))
      assert.match(failure.message, /offers no variation for this picture\. It offers: upscale_subtle, /)
    })

    test('a picture that was taken out before is there at once, and costs nothing more', async () => {
      const made = madeBy(await generate({ ...drawn('taken out twice'), n: 4 }))

      const first = madeBy(await generate(upscaled(made, 3)))
      const second = madeBy(await generate(upscaled(made, 3)))

      assert.equal(second.upstreamId, first.upstreamId)
      assert.deepEqual(bytesOf(second.images[0]?.blob), bytesOf(first.images[0]?.blob))
      assert.equal(takenOutOf(made), PICTURE_NANOS)
    })

    test('a mask is repainted within, and nothing without', async () => {
      const made = madeBy(await generate({ ...drawn('to be repainted'), n: 1 }))
      const single = madeBy(await generate(upscaled(made, 0)))
      const mask = picture(await halfOpen(SIDE, SIDE, 'right'), 'mask')
      const request = { ...followed(single, 0, {}, 'a green door'), mask, n: 1 }

      const painted = madeBy(await generate(request))

      const [was, is] = await Promise.all([single, painted].map(({ images }) => rawOf(bytesOf(images[0]?.blob))))
      assert.deepEqual(halfOf(is?.data, 'left'), halfOf(was?.data, 'left'))
      assert.notDeepEqual(halfOf(is?.data, 'right'), halfOf(was?.data, 'right'))
      assert.equal(billedFor('a green door'), 4n * PICTURE_NANOS)
    })

    test('a grid that cannot be cut is handed over as it is', async () => {
      const made = madeBy(await generate({ ...drawn('uncut [[fault:corrupt-image]]'), n: 4 }))

      assert.equal(made.images.length, 1)
      assert.equal(made.images[0]?.continuation, undefined)
    })

    test('the proxy’s call wakes whoever waits', async () => {
      const result = await withBell(async (hook) => {
        const startedAt = systemClock.monotonic()
        // The first question comes before the task is done, the second one 300 ms later unless the hook is called.
        const request = { ...drawn('woken [[fault:delay=40]]'), n: 1 }
        const made = await generate(request, { hook, clock: systemClock })
        return { made, tookMs: systemClock.monotonic() - startedAt }
      })

      assert.ok(result.made.ok)
      assert.ok(result.calls >= 2, 'it is called when the task begins and when it ends')
    })

    const faults: readonly FaultCase[] = [
      ['status=400', 'rejected', 'no', 0n],
      ['status=401', 'unauthorized', 'no', 0n],
      ['status=429,retry-after=7', 'rate_limited', 'no', 0n],
      ['status=500', 'unavailable', 'unknown', 0n],
      ['redirect=http://127.0.0.1:9/', 'unavailable', 'no', 0n],
      ['html', 'no_image', 'yes', 0n],
      ['invalid-json', 'no_image', 'yes', 4n * PICTURE_NANOS],
      ['reset=after-request', 'unavailable', 'unknown', 0n],
      ['refusal=code-3', 'unavailable', 'no', 0n],
      ['refusal=code-4', 'rejected', 'no', 0n],
      ['refusal=code-9', 'unavailable', 'unknown', 0n],
      ['refusal=code-23', 'rate_limited', 'no', 0n],
      ['refusal=banned', 'refused', 'no', 0n],
      ['refusal=moderated', 'refused', 'unknown', 0n],
      ['refusal=parameter', 'rejected', 'no', 0n],
      ['run-status=500', 'unavailable', 'unknown', 0n],
      ['no-image=images-missing', 'no_image', 'yes', 4n * PICTURE_NANOS],
      ['delivery-gone=9', 'no_image', 'yes', 4n * PICTURE_NANOS],
    ]
    midjourney.everyFaultIsTold(faults, drawn)
    simulatedJobs(midjourney, (prompt) => ({ ...drawn(prompt), n: 2 }))

    test('a parameter that Midjourney does not know is told in its own words', async () => {
      const failure = failureOf(await generate(drawn('a red kite --wings 2')))

      assert.deepEqual([failure.kind, failure.billed], ['rejected', 'no'])
      assert.match(failure.message, /Unrecognized parameter\(s\): `--wings`/)
    })

    test('a full queue says how many wait before the task', async () => {
      const told: unknown[] = []
      const request = { ...drawn('queued [[fault:queue=50]]'), n: 1 }

      const made = await generate(request, { progress: (event) => told.push(event) })

      assert.ok(made.ok)
      const [first] = told as [{ readonly message: string; readonly queuePosition: unknown }]
      assert.equal(first.message, 'Waiting in the queue.')
      assert.equal(typeof first.queuePosition, 'number')
    })

    test('a picture whose task the proxy has forgotten is the caller’s to make anew', async () => {
      const request = { ...drawn('x', { action: 'upscale' }), turns: asked('x', [sentBack(GONE)]).turns }

      const failure = failureOf(await generate(request))

      assert.deepEqual([failure.kind, failure.billed, failure.status], ['rejected', 'no', 404])
    })

    for (const [credential, found] of [
      ['a-good-secret', 'the proxy answers and takes the secret'],
      ['invalid-secret', 'unauthorized'],
      [NO_CREDENTIAL, 'unauthorized'],
    ] as const) {
      test(`the free question with ${credential || 'no secret'}: ${found}`, async () => {
        assert.equal((await midjourney.found({ credential })).replace(/: .*/, ''), found)
      })
    }
  })
})

const GONE = 'midjourney 17 1 MJ::JOB::upsample::1::job-17'

function drawn(prompt: string, options: Readonly<Record<string, JsonValue>> = {}): ImageRequest {
  const { action } = options
  return asked(prompt, [], {
    providerOptions: { midjourney: action === undefined ? { ...SMALL, ...options } : options },
  })
}

/** Something to be done with one of the pictures. */
function followed(
  { images }: Generated,
  at: number,
  options: Readonly<Record<string, JsonValue>>,
  prompt = 'x',
): ImageRequest {
  const { continuation } = images[at] ?? {}
  assert.ok(continuation !== undefined)
  return asked(prompt, [sentBack(continuation)], { providerOptions: { midjourney: options } })
}

function upscaled(made: Generated, at: number): ImageRequest {
  return followed(made, at, { action: 'upscale' })
}

function sentBack(continuation: string) {
  return { ...picture(RED), continuation }
}

function madeBy(result: Awaited<ReturnType<typeof generate>>): Generated {
  assert.ok(result.ok, result.ok ? '' : `${result.error.kind}: ${result.error.message}`)
  return result.value
}

async function rawOf(bytes: Buffer) {
  return await sharp(bytes).removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
}

/** Half of each row. */
function halfOf(data: Buffer | undefined, side: 'left' | 'right'): Buffer {
  assert.ok(data !== undefined)
  const row = SIDE * 3
  const from = side === 'left' ? 0 : row / 2
  return Buffer.concat(
    Array.from({ length: data.length / row }, (_, y) => data.subarray(y * row + from, y * row + from + row / 2)),
  )
}

/** What the bill has of pictures that were taken out of this one. */
function takenOutOf({ upstreamId }: Generated): bigint {
  return sandbox
    .bill()
    .recent.filter(({ request }) => JSON.stringify(request ?? '').includes(`::job-${upstreamId}`))
    .reduce((sum, { billed_nanos: nanos }) => sum + BigInt(nanos), 0n)
}

/** A hook with a server behind it, and how often it was called. */
async function withBell<T extends object>(use: (hook: NonNullable<Call['hook']>) => Promise<T>) {
  let calls = 0
  let ring = () => {}
  const server = createServer((request, response) => {
    calls += 1
    request.resume()
    response.end()
    ring()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const called = () => new Promise<void>((resolve) => void (ring = resolve))
  const used = await use({ url: `http://127.0.0.1:${port}/hooks/token`, called })
  server.closeAllConnections()
  server.close()
  return { ...used, calls }
}
