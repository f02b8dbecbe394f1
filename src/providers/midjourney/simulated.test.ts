import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import { Decoder } from '../../assets/decoding/decoder.ts'
import { makePixels } from '../../assets/pixels.ts'
import { systemClock } from '../../core/clock.ts'
import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { startSandbox, type Sandbox } from '../../sandbox/simulators.ts'
import { NO_CREDENTIAL } from '../entry.ts'
import { callTo, withUpstream } from '../playback.ts'
import { bytesOf, failureOf } from '../provider-contract.ts'
import type { Call, Generated, Provider, UpstreamFailure } from '../provider.ts'
import { makeMidjourney } from './provider.ts'

// The adapter against the simulator, which was written from the proxies' documents without it, with the real decoding of pictures.
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

const RED = await sharp({ create: { width: 96, height: 64, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()
/** Pixels of each side of what version 1 makes here. */
const SIDE = 64
/** As large as that; transparent, hence to be repainted, on the right. */
const MASK = await sharp({ create: { width: SIDE / 2, height: SIDE, channels: 4, background: '#000000ff' } })
  .extend({ right: SIDE / 2, background: '#00000000' })
  .png()
  .toBuffer()

const MODEL = 'MID_JOURNEY'
const PICTURE_NANOS = 25_000_000n
const SMALL = { v: 1 } as const

describe('the adapter of Midjourney', { concurrency: 2 }, () => {
  describe('every field that the adapter sends counts', { concurrency: 12 }, () => {
    const cases: readonly [field: string, model: string, request: ImageRequest][] = [
      ['prompt', MODEL, drawn('a red kite')],
      ['botType', 'NIJI_JOURNEY', drawn('a red kite')],
      ['base64Array', MODEL, { ...drawn('a red kite'), ...asked('a red kite', [picture(RED)]) }],
      ['--ar', MODEL, { ...drawn('a red kite'), aspectRatio: '2.35:1' }],
      ['--no', MODEL, { ...drawn('a red kite'), negativePrompt: 'clouds, birds' }],
      ['--seed', MODEL, { ...drawn('a red kite'), seed: 0 }],
      ['--v', MODEL, drawn('a red kite')],
      ['--stylize', MODEL, drawn('a red kite', { stylize: 900 })],
      ['--tile', MODEL, drawn('a red kite', { tile: true })],
      ['--sref', MODEL, drawn('a red kite', { sref: 'random' })],
    ]
    for (const [field, model, request] of cases) {
      test(`${field} to ${model}`, async () => {
        const whole = await outcomeOf(model, { ...request, n: 1 })
        const lacking = await outcomeOf(model, { ...request, n: 1 }, field)

        assert.match(whole, /^1 pictures/, whole)
        assert.notEqual(lacking, whole)
      })
    }
  })

  describe('the simulator of midjourney-proxy, seen through the adapter', { concurrency: 12 }, () => {
    test('a grid becomes four pictures, each pixel by pixel what the proxy itself takes out of it', async () => {
      const made = madeBy(await generated({ ...drawn('four kites'), n: 4 }))

      const rest = made.images.map((_, at) => generated(upscaled(made, at)))
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
      const made = madeBy(await generated({ ...drawn('the price of one'), n: 1 }))
      madeBy(await generated(upscaled(made, 0)))

      assert.equal(made.images.length, 1)
      assert.equal(billedFor('the price of one'), 4n * PICTURE_NANOS)
      assert.equal(sumOf(callsWith(`::job-${made.upstreamId}`)), PICTURE_NANOS)
    })

    test('an account that gives its pictures one by one is asked for those alone', async () => {
      const options = { credential: 'a-proxy-with-singles' }

      const made = madeBy(await generated({ ...drawn('one by one'), n: 3 }, options))

      const sizes = made.images.map(async ({ blob }) => (await sharp(bytesOf(blob)).metadata()).width)
      assert.deepEqual(await Promise.all(sizes), [SIDE, SIDE, SIDE])
    })

    test('the first proxy, which has no buttons, is told what to change', async () => {
      const options = { credential: 'the-original-proxy' }
      const made = madeBy(await generated({ ...drawn('without buttons'), n: 3 }, options))

      const varied = madeBy(await generated({ ...followed(made, 2, { action: 'variation' }), n: 2 }, options))
      const again = madeBy(await generated({ ...followed(made, 2, { action: 'reroll' }), n: 1 }, options))
      const failure = failureOf(await generated(followed(made, 2, { action: 'zoom_out' }), options))

      assert.deepEqual([made.images.length, varied.images.length, again.images.length], [3, 2, 1])
      const first = [made, varied, again].map(({ images }) => bytesOf(images[0]?.blob).toString('base64'))
      assert.equal(new Set(first).size, 3)
      assert.deepEqual([failure.kind, failure.billed], ['rejected', 'no'])
    })

    test('each action has its button, and each button its pictures', async () => {
      const made = madeBy(await generated({ ...drawn('what can be done'), n: 2 }))
      const single = madeBy(await generated(upscaled(made, 1)))
      const [again, wider, panned, larger] = await Promise.all([
        generated({ ...followed(made, 1, { action: 'reroll' }), n: 4 }),
        generated({ ...followed(single, 0, { action: 'zoom_out' }), n: 2 }),
        generated({ ...followed(single, 0, { action: 'pan_left' }), n: 1 }),
        generated(followed(single, 0, { action: 'upscale_creative' })),
      ])

      assert.deepEqual(
        [again, wider, panned, larger].map((result) => madeBy(result).images.length),
        [4, 2, 1, 1],
      )
      assert.equal((await sharp(bytesOf(madeBy(larger).images[0]?.blob)).metadata()).width, 2 * SIDE)
      const failure = failureOf(await generated(followed(single, 0, { action: 'variation' })))
      assert.match(failure.message, /offers no variation for this picture\. It offers: upscale_subtle, /)
    })

    test('a picture that was taken out before is there at once, and costs nothing more', async () => {
      const made = madeBy(await generated({ ...drawn('taken out twice'), n: 4 }))

      const first = madeBy(await generated(upscaled(made, 3)))
      const second = madeBy(await generated(upscaled(made, 3)))

      assert.equal(second.upstreamId, first.upstreamId)
      assert.deepEqual(bytesOf(second.images[0]?.blob), bytesOf(first.images[0]?.blob))
      assert.equal(sumOf(callsWith(`::job-${made.upstreamId}`)), PICTURE_NANOS)
    })

    test('a mask is repainted within, and nothing without', async () => {
      const made = madeBy(await generated({ ...drawn('to be repainted'), n: 1 }))
      const single = madeBy(await generated(upscaled(made, 0)))
      const request = { ...followed(single, 0, {}, 'a green door'), mask: picture(MASK, 'mask'), n: 1 }

      const painted = madeBy(await generated(request))

      const [was, is] = await Promise.all([single, painted].map(({ images }) => rawOf(bytesOf(images[0]?.blob))))
      assert.deepEqual(halfOf(is?.data, 'left'), halfOf(was?.data, 'left'))
      assert.notDeepEqual(halfOf(is?.data, 'right'), halfOf(was?.data, 'right'))
      assert.equal(billedFor('a green door'), 4n * PICTURE_NANOS)
    })

    test('a grid that cannot be cut is handed over as it is', async () => {
      const made = madeBy(await generated({ ...drawn('uncut [[fault:corrupt-image]]'), n: 4 }))

      assert.equal(made.images.length, 1)
      assert.equal(made.images[0]?.continuation, undefined)
    })

    test('the proxy’s call wakes whoever waits', async () => {
      const result = await withBell(async (hook) => {
        const startedAt = systemClock.monotonic()
        const call = { ...callOf(), hook }
        // The first question comes before the task is done, the second one 300 ms later unless the hook is called.
        const made = await withMidjourney(call, {}, ({ generate }) =>
          generate({ ...drawn('woken [[fault:delay=40]]'), n: 1 }, call),
        )
        return { made, tookMs: systemClock.monotonic() - startedAt }
      })

      assert.ok(result.made.ok)
      assert.ok(result.calls >= 2, 'it is called when the task begins and when it ends')
    })

    const faults: readonly [fault: string, kind: string, billed: string, bill: bigint][] = [
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
    for (const [fault, kind, billedAs, bill] of faults) {
      test(`${fault} is ${kind}, billed ${billedAs}, with one submission and ${bill} on the bill`, async () => {
        const name = `faulty ${fault}`

        const failure = failureOf(await generated(drawn(`${name} [[fault:${fault}]]`)))

        assert.deepEqual([failure.kind, failure.billed], [kind, billedAs], failure.message)
        assert.equal(failure.retryAfterMs, fault.includes('retry-after') ? 7_000 : undefined)
        await settled(() => billedFor(name) === bill)
        assert.deepEqual([billedFor(name), callsNamed(name).length], [bill, 1])
      })
    }

    test('a parameter that Midjourney does not know is told in its own words', async () => {
      const failure = failureOf(await generated(drawn('a red kite --wings 2')))

      assert.deepEqual([failure.kind, failure.billed], ['rejected', 'no'])
      assert.match(failure.message, /Unrecognized parameter\(s\): `--wings`/)
    })

    test('a full queue says how many wait before the task', async () => {
      const told: unknown[] = []
      const call = { ...callOf(), progress: (event: unknown) => void told.push(event) }

      const made = await withMidjourney(call, {}, ({ generate }) =>
        generate({ ...drawn('queued [[fault:queue=50]]'), n: 1 }, call),
      )

      assert.ok(made.ok)
      const [first] = told as [{ readonly message: string; readonly queuePosition: unknown }]
      assert.equal(first.message, 'Waiting in the queue.')
      assert.equal(typeof first.queuePosition, 'number')
    })

    test('a task that never ends is given up at the deadline', async () => {
      const failure = failureOf(await generated(drawn('x [[fault:hang]]'), { deadlineMs: 700 }))

      assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
    })

    test('what one process has submitted another fetches, as often as it likes', async () => {
      const request = { ...drawn('for somebody else [[fault:delay=200]]'), n: 2 }
      let upstreamId = ''
      const submitted = async (id: string) => {
        upstreamId = id
        throw new Error('the process dies here')
      }
      const dying = { ...callOf(), submitted }
      await assert.rejects(withMidjourney(dying, {}, ({ generate }) => generate(request, dying)))

      const call = callOf()
      const fetched = await Promise.all(
        [1, 2].map(() => withMidjourney(call, {}, async ({ resume }) => resume?.(upstreamId, request, call))),
      )

      const [one, other] = fetched.map((result) => result && madeBy(result).images.map(({ blob }) => bytesOf(blob)))
      assert.equal(one?.length, 2)
      assert.deepEqual(one, other)
      assert.equal(callsNamed('for somebody else').length, 1)
    })

    test('a picture whose task the proxy has forgotten is the caller’s to make anew', async () => {
      const request = { ...drawn('x', { action: 'upscale' }), ...asked('x', [picture(RED, 'image', GONE)]) }

      const failure = failureOf(await generated(request))

      assert.deepEqual([failure.kind, failure.billed, failure.status], ['rejected', 'no', 404])
    })

    for (const [credential, found] of [
      ['a-good-secret', 'the proxy answers and takes the secret'],
      ['invalid-secret', 'unauthorized'],
      [NO_CREDENTIAL, 'unauthorized'],
    ] as const) {
      test(`the free question with ${credential || 'no secret'}: ${found}`, async () => {
        const call = callOf({ credential })

        const result = await withMidjourney(call, {}, async ({ check }) => check?.(call))

        assert.ok(result !== undefined)
        assert.equal(result.ok ? result.value : result.error.kind, found)
      })
    }
  })
})

const GONE = 'midjourney 17 1 MJ::JOB::upsample::1::job-17'

function asked(prompt: string, pictures: readonly Picture[] = []): Pick<ImageRequest, 'turns'> {
  const images = pictures.map((each) => ({ type: 'image', picture: each }) as const)
  return { turns: [{ role: 'user', parts: [...images, { type: 'text', text: prompt }] }] }
}

function drawn(prompt: string, options: Readonly<Record<string, JsonValue>> = {}): ImageRequest {
  const { action } = options
  return {
    model: 'any',
    ...asked(prompt),
    providerOptions: { midjourney: action === undefined ? { ...SMALL, ...options } : options },
  }
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
  const turns = asked(prompt, [picture(RED, 'image', continuation)])
  return { model: 'any', ...turns, providerOptions: { midjourney: options } }
}

function upscaled(made: Generated, at: number): ImageRequest {
  return followed(made, at, { action: 'upscale' })
}

function picture(bytes: Buffer, field = 'image', continuation?: string): Picture {
  const source = { type: 'inline', blob: new JsonBlob('binary', [bytes], 'image/png') } as const
  return { field, source, ...(continuation !== undefined && { continuation }) }
}

interface Options {
  readonly deadlineMs?: number
  readonly credential?: string
}

function callOf({ deadlineMs = 20_000, credential = 'a-good-secret' }: Options = {}): Call {
  const call = callTo(sandbox.baseUrlFor('midjourney') ?? '', { deadlineMs })
  return { ...call, model: MODEL, credential, pixels: { split: pixels.tiles, stencil: pixels.stencil } }
}

interface Losing {
  readonly lost?: string | undefined
}

function withMidjourney<T>(_: Call, { lost }: Losing, use: (provider: Provider) => Promise<T>): Promise<T> {
  return withUpstream({}, (upstream) =>
    use(
      makeMidjourney({
        ...upstream,
        requestJson: (call, { body, ...rest }) =>
          upstream.requestJson(call, { ...rest, ...(body !== undefined && { body: without(body, lost) }) }),
      }),
    ),
  )
}

function generated(request: ImageRequest, options: Options & { model?: string } = {}, lost?: string) {
  const call = { ...callOf(options), model: options.model ?? MODEL }
  return withMidjourney(call, { lost }, ({ generate }) => generate(request, call))
}

/** A field, or a parameter within the prompt. */
function without(body: JsonValue, lost: string | undefined): JsonValue {
  const { prompt, ...rest } = body as Readonly<Record<string, JsonValue>>
  if (lost?.startsWith('--') !== true || typeof prompt !== 'string')
    return Object.fromEntries(Object.entries(body as object).filter(([name]) => name !== lost))
  return { ...rest, prompt: prompt.replace(new RegExp(` ${lost}( (?!--)[^-]*)?(?= --|$)`), '') }
}

/** Number and bytes of the pictures, or the failure. */
async function outcomeOf(model: string, request: ImageRequest, lost?: string): Promise<string> {
  const result = await generated(request, { model }, lost)
  if (!result.ok) return `${result.error.kind}: ${result.error.message}`
  const hashes = result.value.images.map(({ blob }) => createHash('sha256').update(bytesOf(blob)).digest('hex'))
  return `${hashes.length} pictures, ${hashes.join(' ')}`
}

function madeBy(result: Awaited<ReturnType<typeof generated>>): Generated {
  assert.ok(result.ok, result.ok ? '' : describeFailure(result.error))
  return result.value
}

function describeFailure({ kind, message }: UpstreamFailure): string {
  return `${kind}: ${message}`
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

function callsNamed(name: string) {
  return callsWith(`"${name}`)
}

/** What the bill has of requests with this text in them. */
function callsWith(text: string) {
  return sandbox.bill().recent.filter(({ request }) => JSON.stringify(request ?? '').includes(text))
}

function billedFor(name: string): bigint {
  return sumOf(callsNamed(name))
}

function sumOf(calls: ReturnType<typeof callsWith>): bigint {
  return calls.reduce((sum, { billed_nanos: nanos }) => sum + BigInt(nanos), 0n)
}

/** Tasks that nobody waited for need a while to end, and longer on a busy machine. */
async function settled(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100 && !isSo(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 50))
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
