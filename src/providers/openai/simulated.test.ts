import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import sharp from 'sharp'

import { allModels } from '../../catalog/models/all-models.ts'
import type { ImageRequest, Picture } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import type { Progress } from '../../core/receipt.ts'
import { modelsServed } from '../../sandbox/openai/models.ts'
import { bytesOf, failureOf } from '../test-fixtures.ts'
import { asked, probed, RED, solid } from '../test-requests.ts'
import { type FieldCase, retryAfterOf, sandboxForTests, throughSimulator } from '../test-simulated.ts'
import { makeOpenAi } from './provider.ts'

const MODEL = 'gpt-image-2.6-flare'
const sandbox = await sandboxForTests()
const openAi = throughSimulator(sandbox, 'openai', makeOpenAi, {
  model: MODEL,
  credential: 'sk-any',
  shown: ({ usage }, previews) => `${previews.length} previews, ${JSON.stringify(usage)}`,
})
const { generate, billed } = openAi

const reference = probed(RED)
const mask = probed(await solid(96, 64, '#00000000'))
/** Small enough, for a model that makes no less than 655,360 pixels. */
const kite = (more: Partial<ImageRequest> = {}, prompt = 'a kite') =>
  asked(prompt, [], { size: { width: 816, height: 816 }, format: 'jpeg', ...more })
const square = (prompt: string, pictures: readonly Picture[] = []) =>
  asked(prompt, pictures, { size: { width: 1024, height: 1024 }, format: 'jpeg' })

describe('every field that is sent counts', () => {
  const redder = kite({ turns: square('redder', [reference]).turns })
  const faithful = { ...square('redder', [reference]), quality: 'low', ...options({ input_fidelity: 'high' }) }
  const cases: readonly FieldCase[] = [
    ['model', MODEL, kite()],
    ['prompt', MODEL, kite()],
    ['n', MODEL, kite({ n: 2 })],
    ['size', MODEL, kite()],
    ['quality', MODEL, kite({ quality: 'low' })],
    ['background', MODEL, kite({ format: 'webp', background: 'transparent' })],
    ['output_format', MODEL, kite({ format: 'webp' })],
    ['output_compression', MODEL, kite({ compression: 30 })],
    ['moderation', MODEL, kite(options({ moderation: 'low' }), 'a scene of gore')],
    ['complexity', MODEL, kite(options({ complexity: 'high' }))],
    ['stream', MODEL, kite({ previews: 1 })],
    ['partial_images', MODEL, kite({ previews: 1 })],
    ['image[]', MODEL, redder],
    ['mask', MODEL, { ...redder, mask }],
    ['input_fidelity', 'gpt-image-1.5', faithful],
  ]
  openAi.everyFieldCounts(cases)

  test('safety_identifier', async () => {
    await generate(kite({ user: 'u_9f2c' }))

    const { request } = sandbox.bill().recent.at(-1) ?? {}
    assert.equal((request as { safety_identifier?: string }).safety_identifier, 'u_9f2c')
  })
})

for (const [credential, says] of [
  ['sk-any', /^the key is good, and sees 13 models: .*gpt-image-2\.6-flare, .*gpt-image-1\.5 \(until 2026-12-01\)/],
  ['sk-empty', /^the key is good/],
  ['sk-invalid', /^unauthorized: Incorrect API key provided/],
] as const) {
  test(`the free question with ${credential}`, async () => {
    const earlier = sandbox.bill().calls

    assert.match(await openAi.found({ credential }), says)
    assert.equal(sandbox.bill().calls, earlier)
  })
}

describe('the price list, by hand', () => {
  const cases: readonly [what: string, request: ImageRequest, model: string, nanos: bigint][] = [
    // ceil(6 ÷ 4) tokens of text, 1767 of a picture.
    ['a square of GPT Image 2', square('a kite'), 'gpt-image-2', 2n * 5_000n + 1_767n * 30_000n],
    // Two words, a reference at low fidelity, 272 tokens of a picture.
    [
      'an edit by GPT Image 1.5',
      { ...square('redder', [reference]), quality: 'low' },
      'gpt-image-1.5',
      2n * 5_000n + 300n * 8_000n + 272n * 32_000n,
    ],
    // Two pictures of ceil(200 · 816 · 816 ÷ 1,048,576) tokens.
    ['two pictures of 2.6', kite({ n: 2, quality: 'low' }), MODEL, 2n * 5_000n + 256n * 30_000n],
    // ceil(1767 · 816 · 816 ÷ 1,048,576) and 100 for each preview.
    ['a picture with two previews', kite({ previews: 2 }), MODEL, 2n * 5_000n + (1_123n + 200n) * 30_000n],
  ]
  for (const [what, request, model, nanos] of cases) {
    test(`has ${what} for ${nanos} nano-dollars, and its tokens say the same`, async () => {
      const earlier = billed()
      const result = await generate(request, { model })

      assert.ok(result.ok, result.ok ? '' : result.error.message)
      assert.equal(billed() - earlier, nanos)
      const { usage } = result.value
      const simulated = modelsServed('serve').find(({ id }) => id === model)
      assert.ok(usage !== undefined && simulated !== undefined)
      const { rates } = simulated
      // Planning is counted in a stream and not told apart: 30 words that the bill has no price for.
      const unpriced = request.previews === undefined ? 0n : 30n
      assert.equal(
        BigInt(usage.inputTextTokens) * rates.text +
          BigInt(usage.inputImageTokens) * rates.picture +
          (BigInt(usage.outputImageTokens) - unpriced) * rates.image,
        nanos,
      )
    })
  }
})

describe('what goes wrong is told as it is', () => {
  const [FREE, MADE] = [false, true]
  const faults: readonly [fault: string, kind: string, billed: string, isMade: boolean][] = [
    ['status=400', 'rejected', 'no', FREE],
    ['status=401', 'unauthorized', 'no', FREE],
    ['status=403', 'unauthorized', 'no', FREE],
    ['status=404', 'unavailable', 'no', FREE],
    ['status=429,retry-after=3', 'rate_limited', 'no', FREE],
    ['status=500', 'unavailable', 'unknown', FREE],
    ['status=503', 'unavailable', 'no', FREE],
    ['refusal=moderation:input', 'refused', 'no', FREE],
    ['refusal=moderation:output', 'refused', 'unknown', MADE],
    ['refusal=policy', 'refused', 'unknown', FREE],
    ['no-image=images-empty', 'no_image', 'yes', MADE],
    ['no-image=images-missing', 'no_image', 'yes', MADE],
    ['no-image=content-empty', 'no_image', 'yes', MADE],
    ['html', 'no_image', 'yes', FREE],
    ['invalid-json', 'no_image', 'yes', MADE],
    ['truncate=2000', 'no_image', 'yes', MADE],
    ['cut=2000', 'no_image', 'yes', MADE],
    ['reset=mid-body', 'no_image', 'yes', MADE],
    ['reset=after-request', 'unavailable', 'unknown', FREE],
    ['redirect=http://127.0.0.1:1/', 'unavailable', 'no', FREE],
  ]
  for (const [fault, kind, billedAs, isMade] of faults) {
    test(`${fault}: ${kind}, billed ${billedAs}, with ${isMade ? 'the picture' : 'nothing'} on the bill`, async () => {
      const earlier = sandbox.bill()
      const prompt = `a kite [[fault:${fault}]]`
      const failure = failureOf(await generate(kite({}, prompt)))

      assert.deepEqual([failure.kind, failure.billed], [kind, billedAs], failure.message)
      assert.equal(failure.retryAfterMs, retryAfterOf(fault))
      // The fault is a part of the prompt, and its tokens are counted.
      const price = BigInt(Math.ceil(prompt.length / 4)) * 5_000n + 1_123n * 30_000n
      assert.equal(billed() - BigInt(earlier.billed_nanos), isMade ? price : 0n)
      assert.equal(sandbox.bill().calls, earlier.calls + 1)
    })
  }

  test('a limit without Retry-After says by its own headers when it is over', async () => {
    const failure = failureOf(await generate(kite({}, 'a kite [[fault:status=429]]')))

    assert.equal(failure.retryAfterMs, 12_000)
  })

  for (const [key, kind, status] of [
    ['sk-invalid', 'unauthorized', 401],
    ['sk-empty', 'unauthorized', 429],
  ] as const) {
    test(`${key} is ${kind}`, async () => {
      const failure = failureOf(await generate(kite(), { credential: key }))

      assert.deepEqual([failure.kind, failure.billed, failure.status], [kind, 'no', status])
    })
  }

  test('a hang ends with the deadline, with a stream and without', async () => {
    for (const previews of [{}, { previews: 1 }]) {
      const request = kite(previews, 'a kite [[fault:hang]]')
      const failure = failureOf(await generate(request, { deadlineMs: 250 }))

      assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
    }
  })

  for (const [fault, kind, billedAs, previews] of [
    ['refusal=moderation:input', 'refused', 'no', 0],
    ['refusal=moderation:output', 'refused', 'unknown', 1],
    ['stream-error=429', 'rate_limited', 'unknown', 1],
    ['stream-error=500', 'unavailable', 'unknown', 1],
    ['no-image=images-missing', 'no_image', 'yes', 0],
    ['truncate=20000', 'no_image', 'yes', 1],
    ['reset=mid-body', 'no_image', 'yes', 2],
    ['cut=20000', 'no_image', 'yes', 1],
  ] as const) {
    test(`in a stream, ${fault}: ${kind}, billed ${billedAs}, after ${previews} previews`, async () => {
      const seen: Progress[] = []
      const request = kite({ previews: 2 }, `a kite [[fault:${fault}]]`)
      const failure = failureOf(await generate(request, { progress: (event) => seen.push(event) }))

      assert.deepEqual([failure.kind, failure.billed, seen.length], [kind, billedAs, previews], failure.message)
    })
  }

  for (const fault of ['wrong-mime', 'urlsafe-base64', 'wrapped-base64', 'no-usage'] as const) {
    test(`${fault} costs no picture`, async () => {
      const result = await generate(kite({}, `a kite [[fault:${fault}]]`))

      assert.ok(result.ok)
      assert.equal(result.value.images.length, 1)
      assert.equal(result.value.usage === undefined, fault === 'no-usage')
    })
  }
})

test('previews are pictures of the same size, coarse ones first', async () => {
  const seen: Progress[] = []
  const result = await generate(kite({ previews: 3 }), { progress: (event) => seen.push(event) })

  assert.ok(result.ok)
  const shown = seen.map((event) => (event.type === 'preview' ? bytesOf(event.picture) : Buffer.of()))
  const looks = await Promise.all(shown.map(async (bytes) => (await sharp(bytes).metadata()).width))
  assert.deepEqual(looks, [816, 816, 816])
  assert.ok(!shown.some((bytes) => bytes.equals(bytesOf(result.value.images[0]?.blob))))
})

describe('the catalogue and the simulator, written apart, agree', () => {
  for (const { id, sizes, qualities, rates, retired } of modelsServed('serve')) {
    const model = allModels.find(
      ({ routes, aliases }) =>
        routes.some((route) => route.provider === 'openai' && route.model === id) || aliases.includes(`openai/${id}`),
    )

    test(`about ${id}`, () => {
      assert.ok(model)
      assert.equal(model.status === 'retired', retired)
      assert.equal(model.sizes?.kind === 'list', sizes === 'three')
      assert.deepEqual(model.supports.quality?.toSorted(), ['auto', ...qualities].toSorted())
      // A row without a price has none to compare.
      for (const { billable, usd } of model.pricing.entries) {
        const rate = {
          input_text: rates.text,
          input_image: rates.picture,
          output_image: rates.image,
          output_text: undefined,
        }[billable]
        if (rate !== undefined) assert.equal(BigInt(Math.round(Number(usd) * 1e9)), rate, billable)
      }
    })
  }
})

function options(openai: Record<string, JsonValue>): Pick<ImageRequest, 'providerOptions'> {
  return { providerOptions: { openai } }
}
