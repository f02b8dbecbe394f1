import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import sharp from 'sharp'

import type { ImageRequest } from '../../core/image-request.ts'
import { QUICK } from '../test-clock.ts'
import { bytesOf, failureOf } from '../test-fixtures.ts'
import { asked, halfOpen, picture, PIXELS, RED, solid } from '../test-requests.ts'
import { type FaultCase, sandboxForTests, throughSimulator, type Way } from '../test-simulated.ts'
import { OPENAI_COMPATIBLE } from './entry.ts'

const SMALL = { width: 128, height: 256 } as const
const BLUE = await solid(96, 64, '#2030c0', 'jpeg')
const mask = picture(await halfOpen(96, 64, 'left'))

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

const sandbox = await sandboxForTests()
const servers = Object.fromEntries(
  Object.entries(OPENAI_COMPATIBLE).map(([server, { make }]) => [
    server,
    throughSimulator(sandbox, server, make, { model: MODELS[server]?.[0] ?? '', pixels: PIXELS, clock: QUICK }),
  ]),
)
function on(server: string) {
  const found = servers[server]
  assert.ok(found !== undefined)
  return found
}

const drawn = (more: Partial<ImageRequest> = {}, prompt = 'a red kite') => asked(prompt, [], { size: SMALL, ...more })
const edited = (pictures: readonly Buffer[], more: Partial<ImageRequest> = {}) => asked('make it night', pictures, more)

describe('every field that the adapter sends counts', { concurrency: 2 }, () => {
  const fields: Readonly<Record<string, readonly (readonly [field: string, request: ImageRequest, model?: string])[]>> =
    {
      together: [
        ['model', drawn()],
        ['prompt', drawn()],
        ['width', drawn()],
        ['height', drawn()],
        ['n', drawn({ n: 2 })],
        ['seed', drawn({ seed: 0 })],
        ['negative_prompt', drawn({ negativePrompt: 'clouds' })],
        ['output_format', drawn({ format: 'png' })],
        ['guidance_scale', drawn({ providerOptions: { together: { guidance_scale: 3 } } })],
        ['image_url', edited([RED], { size: SMALL })],
        ['reference_images', edited([RED, BLUE], { size: SMALL }), 'black-forest-labs/FLUX.2-dev'],
      ],
      deepinfra: [
        ['prompt', drawn()],
        ['width', drawn()],
        ['num_images', drawn({ n: 2 })],
        ['seed', drawn({ seed: 9 })],
        ['image', edited([RED])],
        ['size', edited([RED], { size: SMALL })],
        ['mask', edited([RED], { mask })],
      ],
      vllm: [
        ['size', drawn()],
        ['n', drawn({ n: 2 })],
        ['seed', drawn({ seed: 0 })],
        ['negative_prompt', drawn({ negativePrompt: 'clouds' })],
        ['num_inference_steps', drawn({ providerOptions: { vllm: { num_inference_steps: 3 } } })],
        ['image', edited([RED, BLUE])],
        ['output_format', edited([RED], { format: 'webp' })],
      ],
      sglang: [
        ['prompt', drawn()],
        ['output_compression', drawn({ format: 'jpeg', compression: 20 })],
        ['image', edited([RED])],
      ],
      localai: [
        ['model', drawn()],
        ['prompt', drawn({ negativePrompt: 'clouds' })],
        ['size', drawn()],
        ['ref_images', edited([RED, BLUE], { size: SMALL })],
        ['step', drawn({ providerOptions: { localai: { step: 3 } } })],
        ['mask', edited([RED], { mask })],
      ],
      'sd-cpp': [
        ['n', drawn({ n: 2 })],
        ['size', drawn()],
        ['output_format', drawn({ format: 'webp' })],
        ['image[]', edited([RED, BLUE])],
        ['mask', edited([RED], { mask })],
      ],
      'openai-compatible': [
        ['n', drawn({ n: 2 })],
        ['quality', drawn({ quality: 'high' })],
        ['background', drawn({ background: 'transparent' })],
        ['output_format', drawn({ providerOptions: { 'openai-compatible': { output_format: 'webp' } } })],
        ['image', edited([RED])],
        ['mask', edited([RED], { mask })],
      ],
    }
  for (const [server, cases] of Object.entries(fields)) {
    describe(server, () =>
      on(server).everyFieldCounts(
        cases.map(([field, request, model = modelOf(server, request)]) => [field, model, request]),
      ),
    )
  }

  for (const [server, field] of [
    // It falls back to what it has loaded, which is the model that is asked for here.
    ['vllm', 'model'],
    ['sglang', 'response_format'],
  ] as const) {
    test(`but ${field} of ${server}, which has its own`, async () => {
      assert.match(await on(server).outcomeOf(drawn()), /^1 pictures/)
      assert.match(await on(server).outcomeOf(drawn(), { lost: field }), /^1 pictures/)
    })
  }

  test('seed and negative prompt count where they are part of the words', async () => {
    const outcomes = await Promise.all(
      [drawn(), drawn({ seed: 0 }), drawn({ seed: 1 }), drawn({ negativePrompt: 'clouds' })].map((request) =>
        on('sd-cpp').outcomeOf(request),
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
      ['together', edited([RED], { size: { width: 1024, height: 1040 } }), 80_000_000n],
      // 128 x 256 of 1024 x 1024 is a thirty-second of 0.0005 dollars.
      ['deepinfra', drawn(), 15_625n],
      ['deepinfra', edited([RED], { size: { width: 512, height: 512 } }), 6_250_000n],
      ['openai-compatible', drawn({ n: 2 }), 20_000_000n],
      ['vllm', drawn(), 0n],
      ['localai', drawn(), 0n],
    ]
    for (const [server, request, nanos] of cases) {
      const earlier = on(server).billed()

      const result = await made(server, request)

      assert.ok(result.ok, server)
      assert.equal(on(server).billed() - earlier, nanos, server)
      const isTold =
        server === 'deepinfra' && !request.turns.some(({ parts }) => parts.some(({ type }) => type === 'image'))
      assert.equal(result.value.cost, isTold ? nanos : undefined, server)
    }
  })
})

describe('the simulators, seen through the adapter', { concurrency: 2 }, () => {
  const SCHNELL = 3_000_000n
  const faults: Readonly<Record<string, readonly FaultCase[]>> = {
    together: [
      ['status=401', 'unauthorized', 'no', 0n],
      ['status=402', 'unauthorized', 'no', 0n],
      ['status=429,retry-after=7', 'rate_limited', 'no', 0n],
      ['status=400', 'rejected', 'no', 0n],
      ['status=500', 'unavailable', 'unknown', 0n],
      ['status=503', 'unavailable', 'no', 0n],
      ['truncate=500', 'no_image', 'yes', SCHNELL],
      ['reset=mid-body', 'no_image', 'yes', SCHNELL],
      ['reset=after-request', 'unavailable', 'unknown', 0n],
      ['invalid-json', 'no_image', 'yes', SCHNELL],
      ['html', 'no_image', 'yes', 0n],
      ['refusal=nsfw', 'refused', 'no', 0n, { code: 'nsfw_content' }],
      ['no-image=images-empty', 'no_image', 'yes', 0n],
      ['no-image=images-missing', 'no_image', 'yes', 0n],
    ],
    deepinfra: [
      ['status=402', 'unauthorized', 'no', 0n],
      ['refusal=nsfw', 'refused', 'yes', 15_625n, { code: 'nsfw_content_detected' }],
      ['no-image=images-empty', 'no_image', 'no', 0n],
    ],
    'openai-compatible': [
      ['refusal=violence', 'refused', 'no', 0n, { code: 'moderation_blocked' }],
      ['status=429,retry-after=3', 'rate_limited', 'no', 0n],
    ],
    vllm: [['status=500', 'unavailable', 'no', 0n]],
    sglang: [['no-image=images-empty', 'no_image', 'no', 0n]],
    localai: [['status=500', 'unavailable', 'no', 0n]],
    'sd-cpp': [['status=500', 'unavailable', 'no', 0n]],
  }
  for (const [server, cases] of Object.entries(faults)) {
    describe(server, () => on(server).everyFaultIsTold(cases, (prompt) => drawn({}, prompt)))
  }

  test('a call that never ends is given up at the deadline, and is unknown', async () => {
    const failure = failureOf(await made('together', drawn({}, 'x [[fault:hang]]'), { deadlineMs: 300 }))

    assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
  })

  test('a picture that is only told where it is is fetched again when it is not there at first', async () => {
    const flaky = await made('localai', asked('night [[fault:delivery-gone=1]]', [RED], { mask }))
    const gone = await made('localai', asked('day [[fault:delivery-gone=9]]', [RED], { mask }), { deadlineMs: 900 })

    assert.ok(flaky.ok)
    assert.equal((await sharp(bytesOf(flaky.value.images[0]?.blob)).metadata()).width, 512)
    assert.deepEqual([failureOf(gone).billed, on('localai').callsNamed('night').length], ['yes', 1])
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

/** A server's model for pictures, or the one for words. */
function modelOf(server: string, { turns }: ImageRequest): string {
  const hasPictures = turns.some(({ parts }) => parts.some(({ type }) => type === 'image'))
  return MODELS[server]?.[hasPictures ? 1 : 0] ?? ''
}

function made(server: string, request: ImageRequest, way: Way = {}) {
  return on(server).generate(request, { model: modelOf(server, request), ...way })
}
