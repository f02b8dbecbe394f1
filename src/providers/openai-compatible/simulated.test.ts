import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import { err, ok } from '../../core/result.ts'
import { type Sandbox, startSandbox } from '../../sandbox/simulators.ts'
import type { JsonPost } from '../http.ts'
import { callTo, withUpstream } from '../playback.ts'
import { bytesOf, failureOf } from '../provider-contract.ts'
import type { Call } from '../provider.ts'
import { OPENAI_COMPATIBLE } from './entry.ts'

// The adapter against the simulators, which were written from each server's documents without it: a field that is lost on the way shows.
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'serve' })
})
after(() => sandbox.close())

const SMALL = { width: 128, height: 256 } as const
const RED = await sharp({ create: { width: 96, height: 64, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer()
const BLUE = await sharp({ create: { width: 96, height: 64, channels: 3, background: '#2030c0' } })
  .jpeg()
  .toBuffer()
/** Opaque with a transparent left half. */
const MASK = await sharp({ create: { width: 96, height: 64, channels: 4, background: '#000000ff' } })
  .composite([
    {
      input: { create: { width: 48, height: 64, channels: 4, background: '#fff' } },
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
    const grey = await sharp(bytesOf(mask)).extractChannel('alpha').negate().png().toBuffer()
    return ok(new JsonBlob('binary', [grey], 'image/png'))
  },
}

/** A model of each server for words, and one for pictures. */
const MODELS: Readonly<Record<string, readonly [words: string, edits: string]>> = {
  together: ['black-forest-labs/FLUX.1-schnell', 'black-forest-labs/FLUX.1-kontext-pro'],
  deepinfra: ['black-forest-labs/FLUX-1-schnell', 'Qwen/Qwen-Image-Edit'],
  vllm: ['Qwen/Qwen-Image', 'Qwen/Qwen-Image-Edit-2511'],
  sglang: ['Qwen/Qwen-Image', 'Qwen/Qwen-Image-Edit-2511'],
  localai: ['mine', 'mine'],
  'sd-cpp': ['mine', 'mine'],
  'openai-compatible': ['mine', 'mine'],
}

const drawn = (more: Partial<ImageRequest> = {}): ImageRequest => ({ ...asked('a red kite'), size: SMALL, ...more })
const edited = (pictures: readonly Picture[], more: Partial<ImageRequest> = {}): ImageRequest => ({
  ...asked('make it night', pictures),
  ...more,
})

describe('every field that the adapter sends counts', { concurrency: 2 }, () => {
  const red = picture(RED)
  const both = [red, picture(BLUE)]
  const mask = picture(MASK)
  const cases: readonly [server: string, field: string, request: ImageRequest, model?: string][] = [
    ['together', 'model', drawn()],
    ['together', 'prompt', drawn()],
    ['together', 'width', drawn()],
    ['together', 'height', drawn()],
    ['together', 'n', drawn({ n: 2 })],
    ['together', 'seed', drawn({ seed: 0 })],
    ['together', 'negative_prompt', drawn({ negativePrompt: 'clouds' })],
    ['together', 'output_format', drawn({ format: 'png' })],
    ['together', 'guidance_scale', drawn({ providerOptions: { together: { guidance_scale: 3 } } })],
    ['together', 'image_url', edited([red], { size: SMALL })],
    ['together', 'reference_images', edited(both, { size: SMALL }), 'black-forest-labs/FLUX.2-dev'],
    ['deepinfra', 'prompt', drawn()],
    ['deepinfra', 'width', drawn()],
    ['deepinfra', 'num_images', drawn({ n: 2 })],
    ['deepinfra', 'seed', drawn({ seed: 9 })],
    ['deepinfra', 'image', edited([red])],
    ['deepinfra', 'size', edited([red], { size: SMALL })],
    ['deepinfra', 'mask', edited([red], { mask })],
    ['vllm', 'model', drawn({ providerOptions: {} })],
    ['vllm', 'size', drawn()],
    ['vllm', 'n', drawn({ n: 2 })],
    ['vllm', 'seed', drawn({ seed: 0 })],
    ['vllm', 'negative_prompt', drawn({ negativePrompt: 'clouds' })],
    ['vllm', 'num_inference_steps', drawn({ providerOptions: { vllm: { num_inference_steps: 3 } } })],
    ['vllm', 'image', edited(both)],
    ['vllm', 'output_format', edited([red], { format: 'webp' })],
    ['sglang', 'prompt', drawn()],
    ['sglang', 'output_compression', drawn({ format: 'jpeg', compression: 20 })],
    ['sglang', 'response_format', drawn()],
    ['sglang', 'image', edited([red])],
    ['localai', 'model', drawn()],
    ['localai', 'prompt', drawn({ negativePrompt: 'clouds' })],
    ['localai', 'size', drawn()],
    ['localai', 'ref_images', edited(both, { size: SMALL })],
    ['localai', 'step', drawn({ providerOptions: { localai: { step: 3 } } })],
    ['localai', 'mask', edited([red], { mask })],
    ['sd-cpp', 'n', drawn({ n: 2 })],
    ['sd-cpp', 'size', drawn()],
    ['sd-cpp', 'output_format', drawn({ format: 'webp' })],
    ['sd-cpp', 'image[]', edited(both)],
    ['sd-cpp', 'mask', edited([red], { mask })],
    ['openai-compatible', 'n', drawn({ n: 2 })],
    ['openai-compatible', 'quality', drawn({ quality: 'high' })],
    ['openai-compatible', 'background', drawn({ background: 'transparent' })],
    [
      'openai-compatible',
      'output_format',
      drawn({ providerOptions: { 'openai-compatible': { output_format: 'webp' } } }),
    ],
    ['openai-compatible', 'image', edited([red])],
    ['openai-compatible', 'mask', edited([red], { mask })],
  ]
  for (const [server, field, request, model] of cases) {
    test(`${field} of ${server}`, async () => {
      const whole = await outcomeOf(server, request, { model })
      const lacking = await outcomeOf(server, request, { model, lost: field })

      assert.match(whole, /^[1-9] pictures/, whole)
      // vLLM-Omni falls back to what it has loaded, which is the model that is asked for here.
      const isSameAnyway =
        (server === 'vllm' && field === 'model') || (server === 'sglang' && field === 'response_format')
      if (isSameAnyway) assert.match(lacking, /^1 pictures/)
      else assert.notEqual(lacking, whole)
    })
  }

  test('seed and negative prompt count where they are part of the words', async () => {
    const outcomes = await Promise.all(
      [drawn(), drawn({ seed: 0 }), drawn({ seed: 1 }), drawn({ negativePrompt: 'clouds' })].map((request) =>
        outcomeOf('sd-cpp', request),
      ),
    )

    assert.equal(new Set(outcomes).size, 4)
    assert.ok(
      outcomes.every((outcome) => outcome.startsWith('1 pictures')),
      outcomes.join('\n'),
    )
  })
})

describe('what is charged', () => {
  test('is by the megapixel at Together, by the area at DeepInfra, a cent at the plain host, nothing on an own machine', async () => {
    const cases: readonly [server: string, request: ImageRequest, nanos: bigint][] = [
      ['together', drawn({ n: 3 }), 9_000_000n],
      ['together', edited([picture(RED)], { size: { width: 1024, height: 1040 } }), 80_000_000n],
      // 128 x 256 of 1024 x 1024 is a thirty-second of 0.0005 dollars.
      ['deepinfra', drawn(), 15_625n],
      ['deepinfra', edited([picture(RED)], { size: { width: 512, height: 512 } }), 6_250_000n],
      ['openai-compatible', drawn({ n: 2 }), 20_000_000n],
      ['vllm', drawn(), 0n],
      ['localai', drawn(), 0n],
    ]
    for (const [server, request, nanos] of cases) {
      const earlier = BigInt(sandbox.bill().billed_nanos)

      const result = await made(server, request)

      assert.ok(result.ok, server)
      assert.equal(BigInt(sandbox.bill().billed_nanos) - earlier, nanos, server)
      const isTold =
        server === 'deepinfra' && !request.turns.some(({ parts }) => parts.some(({ type }) => type === 'image'))
      assert.equal(result.value.cost, isTold ? nanos : undefined, server)
    }
  })
})

describe('the simulators, seen through the adapter', { concurrency: 2 }, () => {
  const SCHNELL = 3_000_000n
  const faults: readonly [server: string, fault: string, kind: string, billed: string, bill: bigint, code?: string][] =
    [
      ['together', 'status=401', 'unauthorized', 'no', 0n],
      ['together', 'status=402', 'unauthorized', 'no', 0n],
      ['together', 'status=429,retry-after=7', 'rate_limited', 'no', 0n],
      ['together', 'status=400', 'rejected', 'no', 0n],
      ['together', 'status=500', 'unavailable', 'unknown', 0n],
      ['together', 'status=503', 'unavailable', 'no', 0n],
      ['together', 'truncate=500', 'no_image', 'yes', SCHNELL],
      ['together', 'reset=mid-body', 'no_image', 'yes', SCHNELL],
      ['together', 'reset=after-request', 'unavailable', 'unknown', 0n],
      ['together', 'invalid-json', 'no_image', 'yes', SCHNELL],
      ['together', 'html', 'no_image', 'yes', 0n],
      ['together', 'refusal=nsfw', 'refused', 'no', 0n, 'nsfw_content'],
      ['together', 'no-image=images-empty', 'no_image', 'yes', 0n],
      ['together', 'no-image=images-missing', 'no_image', 'yes', 0n],
      ['deepinfra', 'status=402', 'unauthorized', 'no', 0n],
      ['deepinfra', 'refusal=nsfw', 'refused', 'yes', 15_625n, 'nsfw_content_detected'],
      ['deepinfra', 'no-image=images-empty', 'no_image', 'no', 0n],
      ['openai-compatible', 'refusal=violence', 'refused', 'no', 0n, 'moderation_blocked'],
      ['openai-compatible', 'status=429,retry-after=3', 'rate_limited', 'no', 0n],
      ['vllm', 'status=500', 'unavailable', 'no', 0n],
      ['sglang', 'no-image=images-empty', 'no_image', 'no', 0n],
      ['localai', 'status=500', 'unavailable', 'no', 0n],
      ['sd-cpp', 'status=500', 'unavailable', 'no', 0n],
    ]
  for (const [server, fault, kind, billed, bill, code] of faults) {
    test(`${server}: ${fault} is ${kind}, billed ${billed}, with ${bill} on the bill`, async () => {
      const name = `faulty ${server} ${fault}`
      const request = { ...asked(`${name} [[fault:${fault}]]`), size: SMALL }

      const failure = failureOf(await made(server, request))

      assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
      if (code !== undefined) assert.equal(failure.code, code)
      const hint = /retry-after=(\d+)/.exec(fault)?.[1]
      assert.equal(failure.retryAfterMs, hint === undefined ? undefined : Number(hint) * 1000)
      const calls = callsNamed(name)
      assert.deepEqual(
        calls.map(({ billed_nanos: nanos }) => BigInt(nanos)),
        [bill],
      )
    })
  }

  test('a call that never ends is given up at the deadline, and is unknown', async () => {
    const failure = failureOf(
      await made('together', { ...asked('x [[fault:hang]]'), size: SMALL }, { deadlineMs: 300 }),
    )

    assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
  })

  test('a picture that is only told where it is is fetched again when it is not there at first', async () => {
    const request = edited([picture(RED)], { mask: picture(MASK) })
    const flaky = await made('localai', { ...request, ...renamed(request, 'night [[fault:delivery-gone=1]]') })
    const gone = await made(
      'localai',
      { ...request, ...renamed(request, 'day [[fault:delivery-gone=9]]') },
      { deadlineMs: 900 },
    )

    assert.ok(flaky.ok)
    assert.equal((await sharp(bytesOf(flaky.value.images[0]?.blob)).metadata()).width, 512)
    assert.deepEqual([failureOf(gone).billed, callsNamed('night').length], ['yes', 1])
  })

  test('a server that paints with another model than was named does not pass for it', async () => {
    const vllm = failureOf(await made('vllm', drawn(), { model: 'somebody/else' }))
    const sglang = failureOf(await made('sglang', drawn(), { model: 'somebody/else' }))

    assert.deepEqual([vllm.kind, vllm.billed, sglang.kind, sglang.billed], ['unavailable', 'no', 'unavailable', 'no'])
    assert.match(vllm.message, /Model mismatch/)
    assert.match(sglang.message, /has loaded Qwen\/Qwen-Image, not somebody\/else/)
  })

  for (const [server, credential, kind] of [
    ['together', 'invalid', 'unauthorized'],
    ['together', 'empty', 'unauthorized'],
    ['deepinfra', 'invalid', 'unauthorized'],
    ['deepinfra', 'empty', 'unauthorized'],
    ['vllm', 'invalid', 'unauthorized'],
    ['sglang', 'invalid', 'unauthorized'],
    ['localai', 'invalid', 'unauthorized'],
    ['openai-compatible', 'empty', 'unauthorized'],
    ['openai-compatible', 'none', undefined],
    ['sd-cpp', 'none', undefined],
  ] as const) {
    test(`${server} with the credential ${credential} is ${kind ?? 'let in'}`, async () => {
      const result = await made(server, drawn(), { credential })

      assert.equal(result.ok ? undefined : result.error.kind, kind)
      if (!result.ok) assert.equal(result.error.billed, 'no')
    })
  }
})

function asked(prompt: string, pictures: readonly Picture[] = []): ImageRequest {
  const images = pictures.map((each) => ({ type: 'image', picture: each }) as const)
  return { model: 'any', turns: [{ role: 'user', parts: [...images, { type: 'text', text: prompt }] }] }
}

function renamed({ turns }: ImageRequest, text: string): Pick<ImageRequest, 'turns'> {
  return {
    turns: turns.map((turn) => ({
      ...turn,
      parts: turn.parts.map((part) => (part.type === 'text' ? { ...part, text } : part)),
    })),
  }
}

function picture(bytes: Buffer): Picture {
  const blob = new JsonBlob('binary', [bytes], bytes === BLUE ? 'image/jpeg' : 'image/png')
  return { field: 'image', source: { type: 'inline', blob } }
}

interface Way {
  readonly model?: string | undefined
  /** A field that is lost on the way. */
  readonly lost?: string
  readonly credential?: string
  readonly deadlineMs?: number
}

function made(server: string, request: ImageRequest, { model, lost, credential, deadlineMs = 20_000 }: Way = {}) {
  const hasPictures = request.turns.some(({ parts }) => parts.some(({ type }) => type === 'image'))
  const usual = MODELS[server]?.[hasPictures ? 1 : 0] ?? ''
  const call = { ...callTo(sandbox.baseUrlFor(server) ?? '', { deadlineMs }), model: model ?? usual, pixels: PIXELS }
  return withUpstream({}, (upstream) => {
    const lossy = {
      ...upstream,
      postJson: <T>(to: typeof call, post: JsonPost<T>) => upstream.postJson(to, without(post, lost)),
    }
    const provider = OPENAI_COMPATIBLE[server]?.make(lossy)
    assert.ok(provider !== undefined)
    return provider.generate(request, credential === undefined ? call : { ...call, credential })
  })
}

function without<T>(post: JsonPost<T>, field: string | undefined): JsonPost<T> {
  if ('form' in post && post.form !== undefined)
    return { ...post, form: post.form.filter(({ name }) => name !== field) }
  const body = Object.fromEntries(Object.entries(post.body as object).filter(([name]) => name !== field))
  return { ...post, body }
}

/** Number and bytes of the pictures and what they cost, or the failure. */
async function outcomeOf(server: string, request: ImageRequest, way: Way = {}): Promise<string> {
  const result = await made(server, request, way)
  if (!result.ok) return `${result.error.kind}: ${result.error.message}`
  const hashes = result.value.images.map(({ blob }) => createHash('sha256').update(bytesOf(blob)).digest('hex'))
  return `${hashes.length} pictures, ${hashes.join(' ')}`
}

/** What the bill has of calls whose prompt begins so. */
function callsNamed(name: string) {
  return sandbox.bill().recent.filter(({ request }) => JSON.stringify(request ?? '').includes(`"${name}`))
}
