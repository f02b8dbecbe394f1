import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import type { Progress } from '../../core/receipt.ts'
import { type Sandbox, startSandbox } from '../../sandbox/simulators.ts'
import { NO_CREDENTIAL } from '../entry.ts'
import type { JsonRequest } from '../http.ts'
import { callTo, withUpstream } from '../playback.ts'
import { bytesOf, failureOf } from '../provider-contract.ts'
import type { Call } from '../provider.ts'
import { makeAutomatic1111 } from './provider.ts'

// The adapter against the simulator, which was written from the web UI's sources without it: a field that is lost on the way shows.
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'serve' })
})
after(() => sandbox.close())

const MODEL = 'sd_xl_base_1.0'
const SMALL = { width: 128, height: 64 } as const
const RED = await drawn('#c03020', 96, 64, 1)
const HOLE = await drawn('#ffffff', 96, 64, 0)

describe('every field that the adapter sends counts', { concurrency: 3 }, () => {
  const text = (more: Partial<ImageRequest> = {}): ImageRequest => ({
    ...asked('a red kite'),
    size: SMALL,
    seed: 1,
    ...more,
  })
  const edit = (more: Partial<ImageRequest> = {}): ImageRequest => ({
    ...asked('make it night', [RED]),
    seed: 1,
    ...more,
  })
  const tuned = (name: string, value: JsonValue, request = text()) => ({
    ...request,
    providerOptions: { automatic1111: { [name]: value } },
  })
  const cases: readonly [field: string, request: ImageRequest][] = [
    ['prompt', text()],
    ['negative_prompt', text({ negativePrompt: 'clouds' })],
    ['seed', text()],
    ['width', text()],
    ['height', text()],
    ['batch_size', text({ n: 2 })],
    ['override_settings', text()],
    ['steps', tuned('steps', 12)],
    ['cfg_scale', tuned('cfg_scale', 4)],
    ['distilled_cfg_scale', tuned('distilled_cfg_scale', 3)],
    ['sampler_name', tuned('sampler_name', 'Euler a')],
    ['scheduler', tuned('scheduler', 'Karras')],
    ['enable_hr', tuned('enable_hr', true)],
    ['init_images', edit()],
    ['mask', edit({ mask: picture(HOLE) })],
    ['denoising_strength', tuned('denoising_strength', 0.3, edit())],
    ['mask_blur', tuned('mask_blur', 8, edit({ mask: picture(HOLE) }))],
    ['resize_mode', tuned('resize_mode', 2, edit())],
    ['inpainting_fill', tuned('inpainting_fill', 2, edit({ mask: picture(HOLE) }))],
  ]
  for (const [field, request] of cases) {
    test(field, async () => {
      const whole = await outcomeOf(request)
      const again = await outcomeOf(request)
      const lacking = await outcomeOf(request, field)

      assert.match(whole, /^[12] pictures/, whole)
      assert.equal(again, whole)
      assert.notEqual(lacking, whole)
    })
  }
})

describe('the simulator of the web UI, seen through the adapter', { concurrency: 2 }, () => {
  test('makes pictures from words, from a picture and under a mask, at the size that was asked', async () => {
    for (const request of [asked('fox'), asked('fox', [RED]), { ...asked('fox', [RED]), mask: picture(HOLE) }]) {
      const made = await generated({ ...request, size: SMALL })

      assert.ok(made.ok, JSON.stringify(made))
      const { width, height } = await sharp(bytesOf(made.value.images[0]?.blob)).metadata()
      assert.deepEqual([width, height, made.value.modelVersion], [128, 64, 'sd_xl_base_1.0 [31e35c80fc]'])
    }
  })

  test('presses no reference into a square, and takes the route’s size where nothing else says one', async () => {
    const sizeOf = async (request: ImageRequest, model: string) => {
      const made = await generated(request, { model })
      const { width, height } = await sharp(bytesOf(made.ok ? made.value.images[0]?.blob : undefined)).metadata()
      return [width, height]
    }

    assert.deepEqual(await sizeOf(asked('at dusk', [RED]), MODEL), [96, 64])
    assert.deepEqual(await sizeOf(asked('at dawn'), `${MODEL}?width=192&height=128`), [192, 128])
  })

  test('makes another picture every time that no seed is said', async () => {
    assert.notEqual(
      await outcomeOf({ ...asked('chance'), size: SMALL }),
      await outcomeOf({ ...asked('chance'), size: SMALL }),
    )
  })

  const faults: readonly [fault: string, kind: string, billed: string, outcome: string][] = [
    ['status=500', 'unavailable', 'no', 'failed'],
    ['status=400', 'rejected', 'no', 'failed'],
    ['status=422', 'rejected', 'no', 'failed'],
    ['status=429,retry-after=7', 'rate_limited', 'no', 'failed'],
    ['status=503', 'unavailable', 'no', 'failed'],
    ['redirect=http://127.0.0.1:9/', 'unavailable', 'no', 'failed'],
    ['html', 'no_image', 'yes', 'failed'],
    ['reset=after-request', 'unavailable', 'unknown', 'failed'],
    ['reset=mid-body', 'no_image', 'yes', 'answered'],
    ['truncate=100', 'no_image', 'yes', 'answered'],
    ['invalid-json', 'no_image', 'yes', 'answered'],
    ['refusal=policy', 'rejected', 'no', 'rejected'],
    ['no-image=images-empty', 'no_image', 'yes', 'blocked'],
    ['no-image=images-missing', 'no_image', 'yes', 'blocked'],
  ]
  for (const [fault, kind, billed, outcome] of faults) {
    test(`${fault} is ${kind}, billed ${billed}, of one call that cost nothing`, async () => {
      const name = `faulty ${fault}`

      const failure = failureOf(await generated({ ...asked(`${name} [[fault:${fault}]]`), size: SMALL }))

      assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
      if (fault.includes('retry-after')) assert.equal(failure.retryAfterMs, 7_000)
      assert.deepEqual(
        callsNamed(name).map((call) => [call.outcome, call.billed_nanos]),
        [[outcome, '0']],
      )
    })
  }

  test('a user whom the machine does not know is refused, and no user at all is welcome', async () => {
    const failure = failureOf(await generated({ ...asked('x'), size: SMALL }, { credential: 'invalid:password' }))

    assert.deepEqual([failure.kind, failure.billed, failure.status], ['unauthorized', 'no', 401])
    assert.ok((await generated({ ...asked('x'), size: SMALL }, { credential: NO_CREDENTIAL })).ok)
  })

  test('a checkpoint that is not there is no picture of another one, which the machine makes without a word', async () => {
    const failure = failureOf(await generated({ ...asked('x'), size: SMALL }, { model: 'juggernautXL' }))

    assert.deepEqual([failure.kind, failure.code], ['unavailable', 'not_installed'])
    assert.match(failure.message, /made the picture with v1-5-pruned-emaonly/)
  })

  test('memory that does not suffice is the machine’s trouble', async () => {
    const failure = failureOf(await generated({ ...asked('x'), size: { width: 4_096, height: 4_096 }, n: 2 }))

    assert.deepEqual([failure.kind, failure.billed, failure.code], ['unavailable', 'no', 'OutOfMemoryError'])
  })
})

test('force_task_id counts as well: without it nobody knows whose picture it is', async () => {
  const shown = async (lost?: string) => {
    const previews: number[] = []
    const progress = (event: Progress) => void (event.type === 'preview' && previews.push(event.index))
    const request = { ...asked(`shown ${lost} [[fault:delay=750]]`), size: SMALL, previews: 1 }
    const made = await generated(request, { progress }, lost)
    return [made.ok, previews]
  }

  assert.deepEqual(await Promise.all([shown(), shown('force_task_id')]), [
    [true, [0]],
    [true, []],
  ])
})

test('a picture that is not done by its deadline is stopped, so that the next one can be made', async () => {
  const failure = failureOf(await generated({ ...asked('late [[fault:hang]]'), size: SMALL }, { deadlineMs: 300 }))
  const next = await generated({ ...asked('next'), size: SMALL }, { deadlineMs: 3_000 })

  assert.deepEqual([failure.kind, failure.billed], ['timeout', 'no'])
  assert.match(failure.message, /told to stop/)
  assert.ok(next.ok)
})

test('one that waits for another is not stopped, and neither is the other', async () => {
  const first = generated({ ...asked('first [[fault:delay=700]]'), size: SMALL })
  await new Promise((resolve) => setTimeout(resolve, 100))
  const second = failureOf(await generated({ ...asked('second'), size: SMALL }, { deadlineMs: 200 }))

  assert.match(second.message, /left alone/)
  assert.ok((await first).ok)
})

async function drawn(background: string, width: number, height: number, alpha: number): Promise<Buffer> {
  const image = sharp({ create: { width, height, channels: 3, background } }).ensureAlpha(alpha)
  return await image.png().toBuffer()
}

function asked(prompt: string, pictures: readonly Buffer[] = []): ImageRequest {
  const images = pictures.map((bytes) => ({ type: 'image', picture: picture(bytes) }) as const)
  return { model: 'any', turns: [{ role: 'user', parts: [...images, { type: 'text', text: prompt }] }] }
}

function picture(bytes: Buffer): Picture {
  const blob = new JsonBlob('binary', [bytes], 'image/png')
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
  const facts = { sha256: 'x', mediaType: 'image/png', width, height, bytes: bytes.length }
  return { field: 'image', source: { type: 'inline', blob }, facts }
}

interface Options {
  readonly model?: string
  readonly deadlineMs?: number
  readonly credential?: string
  readonly progress?: (event: Progress) => void
}

function callOf({ deadlineMs = 20_000, ...options }: Options): Call {
  const base = callTo(sandbox.baseUrlFor('automatic1111') ?? '', { deadlineMs })
  return { ...base, model: MODEL, credential: 'user:password', ...options }
}

function generated(request: ImageRequest, options: Options = {}, lost?: string) {
  const altered = <T>(sent: JsonRequest<T>) =>
    sent.paid && sent.body !== undefined ? { ...sent, body: without(sent.body, lost) } : sent
  return withUpstream({}, (upstream) => {
    const webUi = makeAutomatic1111({
      ...upstream,
      requestJson: (call, sent) => upstream.requestJson(call, altered(sent)),
    })
    return webUi.generate(request, callOf(options))
  })
}

function without(body: JsonValue, field: string | undefined): JsonValue {
  return Object.fromEntries(Object.entries(body as object).filter(([name]) => name !== field))
}

/** Number and bytes of the pictures, or the failure. */
async function outcomeOf(request: ImageRequest, lost?: string): Promise<string> {
  const result = await generated(request, {}, lost)
  if (!result.ok) return `${result.error.kind}: ${result.error.message}`
  const hashes = result.value.images.map(({ blob }) => createHash('sha256').update(bytesOf(blob)).digest('hex'))
  return `${hashes.length} pictures, ${hashes.join(' ')}`
}

/** What the bill has of calls whose prompt begins so. */
function callsNamed(name: string) {
  return sandbox.bill().recent.filter(({ request }) => JSON.stringify(request ?? '').includes(`"${name}`))
}
