import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import { allModels } from '../../catalog/models/all-models.ts'
import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import type { Progress } from '../../core/receipt.ts'
import { modelsServed } from '../../sandbox/openai/models.ts'
import { type Sandbox, startSandbox } from '../../sandbox/simulators.ts'
import type { JsonPost, Upstream } from '../http.ts'
import { callTo, withUpstream } from '../playback.ts'
import { bytesOf, failureOf } from '../provider-contract.ts'
import type { Generated } from '../provider.ts'
import { makeOpenAi } from './provider.ts'

// The adapter against the simulator, which was written from OpenAI's documents without it: a field that is lost on the way shows.
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'serve' })
})
after(() => sandbox.close())

const MODEL = 'gpt-image-2.6-flare'
/** Small enough, for a model that makes no less than 655,360 pixels. */
const KITE: ImageRequest = { ...asked('a kite'), size: { width: 816, height: 816 }, format: 'jpeg' }
const RED = await solid(96, 64, '#c03020')
const MASK = await solid(96, 64, '#00000000')

describe('every field that is sent counts', () => {
  const cases: readonly [field: string, request: ImageRequest, model?: string][] = [
    ['model', KITE],
    ['prompt', KITE],
    ['n', { ...KITE, n: 2 }],
    ['size', KITE],
    ['quality', { ...KITE, quality: 'low' }],
    ['background', { ...KITE, format: 'webp', background: 'transparent' }],
    ['output_format', { ...KITE, format: 'webp' }],
    ['output_compression', { ...KITE, compression: 30 }],
    ['moderation', { ...KITE, ...asked('a scene of gore'), ...options({ moderation: 'low' }) }],
    ['complexity', { ...KITE, ...options({ complexity: 'high' }) }],
    ['stream', { ...KITE, previews: 1 }],
    ['partial_images', { ...KITE, previews: 1 }],
    ['image[]', { ...KITE, ...asked('redder', [RED]) }],
    ['mask', { ...KITE, ...asked('redder', [RED]), mask: picture(MASK) }],
    [
      'input_fidelity',
      {
        ...square('redder', [RED]),
        quality: 'low',
        ...options({ input_fidelity: 'high' }),
      },
      'gpt-image-1.5',
    ],
  ]
  for (const [field, request, model = MODEL] of cases) {
    test(field, async () => {
      const whole = await outcomeOf(request, model)
      const lacking = await outcomeOf(request, model, field)

      assert.match(whole, /^[1-9] pictures/, whole)
      assert.notEqual(lacking, whole)
    })
  }

  test('safety_identifier', async () => {
    await generated({ ...KITE, user: 'u_9f2c' })

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
    const call = { ...callTo(sandbox.baseUrlFor('openai') ?? ''), credential }
    const found = await withUpstream({}, async (upstream) => await makeOpenAi(upstream).check?.(call))

    assert.ok(found !== undefined)
    assert.match(found.ok ? found.value : `${found.error.kind}: ${found.error.message}`, says)
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
      { ...square('redder', [RED]), quality: 'low' },
      'gpt-image-1.5',
      2n * 5_000n + 300n * 8_000n + 272n * 32_000n,
    ],
    // Two pictures of ceil(200 · 816 · 816 ÷ 1,048,576) tokens.
    ['two pictures of 2.6', { ...KITE, n: 2, quality: 'low' }, MODEL, 2n * 5_000n + 256n * 30_000n],
    // ceil(1767 · 816 · 816 ÷ 1,048,576) and 100 for each preview.
    ['a picture with two previews', { ...KITE, previews: 2 }, MODEL, 2n * 5_000n + (1_123n + 200n) * 30_000n],
  ]
  for (const [what, request, model, nanos] of cases) {
    test(`has ${what} for ${nanos} nano-dollars, and its tokens say the same`, async () => {
      const earlier = billed()
      const result = await generated(request, { model })

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
      const failure = failureOf(await generated({ ...KITE, ...asked(prompt) }))

      assert.deepEqual([failure.kind, failure.billed], [kind, billedAs], failure.message)
      assert.equal(failure.retryAfterMs, fault.includes('retry-after') ? 3_000 : undefined)
      // The fault is a part of the prompt, and its tokens are counted.
      const price = BigInt(Math.ceil(prompt.length / 4)) * 5_000n + 1_123n * 30_000n
      assert.equal(billed() - BigInt(earlier.billed_nanos), isMade ? price : 0n)
      assert.equal(sandbox.bill().calls, earlier.calls + 1)
    })
  }

  test('a limit without Retry-After says by its own headers when it is over', async () => {
    const failure = failureOf(await generated({ ...KITE, ...asked('a kite [[fault:status=429]]') }))

    assert.equal(failure.retryAfterMs, 12_000)
  })

  for (const [key, kind, status] of [
    ['sk-invalid', 'unauthorized', 401],
    ['sk-empty', 'unauthorized', 429],
  ] as const) {
    test(`${key} is ${kind}`, async () => {
      const failure = failureOf(await generated(KITE, { credential: key }))

      assert.deepEqual([failure.kind, failure.billed, failure.status], [kind, 'no', status])
    })
  }

  test('a hang ends with the deadline, with a stream and without', async () => {
    for (const previews of [{}, { previews: 1 }]) {
      const request = { ...KITE, ...asked('a kite [[fault:hang]]'), ...previews }
      const failure = failureOf(await generated(request, { deadlineMs: 250 }))

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
      const request = { ...KITE, ...asked(`a kite [[fault:${fault}]]`), previews: 2 }
      const failure = failureOf(await generated(request, { progress: (event) => seen.push(event) }))

      assert.deepEqual([failure.kind, failure.billed, seen.length], [kind, billedAs, previews], failure.message)
    })
  }

  for (const fault of ['wrong-mime', 'urlsafe-base64', 'wrapped-base64', 'no-usage'] as const) {
    test(`${fault} costs no picture`, async () => {
      const result = await generated({ ...KITE, ...asked(`a kite [[fault:${fault}]]`) })

      assert.ok(result.ok)
      assert.equal(result.value.images.length, 1)
      assert.equal(result.value.usage === undefined, fault === 'no-usage')
    })
  }
})

test('previews are pictures of the same size, coarse ones first', async () => {
  const seen: Progress[] = []
  const result = await generated({ ...KITE, previews: 3 }, { progress: (event) => seen.push(event) })

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

type Options = { model?: string; credential?: string; deadlineMs?: number; progress?: (event: Progress) => void }

function generated(
  request: ImageRequest,
  { model = MODEL, credential = 'sk-any', deadlineMs = 20_000, progress = () => {} }: Options = {},
  lost?: string,
) {
  return withUpstream({}, (upstream) => {
    const meddled: Upstream = {
      ...upstream,
      postJson: (call, post) => upstream.postJson(call, without(post, lost)),
      requestEvents: (call, post) => upstream.requestEvents(call, without(post, lost)),
    }
    const call = callTo(sandbox.baseUrlFor('openai') ?? '', { deadlineMs })
    return makeOpenAi(meddled).generate(request, { ...call, model, credential, progress })
  })
}

/** The same request without one field. */
function without<Post extends JsonPost<Generated> | JsonPost<unknown>>(post: Post, field: string | undefined): Post {
  if ('form' in post && post.form !== undefined)
    return { ...post, form: post.form.filter(({ name }) => name !== field) }
  const body = Object.entries((post.body ?? {}) as Record<string, JsonValue>).filter(([name]) => name !== field)
  return { ...post, body: Object.fromEntries(body) }
}

/** What a caller could tell one result from another by. */
async function outcomeOf(request: ImageRequest, model: string, lost?: string): Promise<string> {
  let previews = 0
  const result = await generated(request, { model, progress: () => (previews += 1) }, lost)
  if (!result.ok) return `${result.error.kind}: ${result.error.message}`
  const hashes = result.value.images.map(({ blob }) => createHash('sha256').update(bytesOf(blob)).digest('hex'))
  return `${hashes.length} pictures, ${previews} previews, ${hashes.join(' ')} ${JSON.stringify(result.value.usage)}`
}

function billed(): bigint {
  return BigInt(sandbox.bill().billed_nanos)
}

function asked(prompt: string, pictures: readonly Buffer[] = []): ImageRequest {
  const images = pictures.map((bytes) => ({ type: 'image', picture: picture(bytes) }) as const)
  return { model: 'any', turns: [{ role: 'user', parts: [...images, { type: 'text', text: prompt }] }] }
}

function square(prompt: string, pictures: readonly Buffer[] = []): ImageRequest {
  return { ...asked(prompt, pictures), size: { width: 1024, height: 1024 }, format: 'jpeg' }
}

function options(openai: Record<string, JsonValue>): Pick<ImageRequest, 'providerOptions'> {
  return { providerOptions: { openai } }
}

function picture(bytes: Buffer): Picture {
  const facts = { sha256: '', mediaType: 'image/png', width: 96, height: 64, bytes: bytes.length }
  return { field: 'image', source: { type: 'inline', blob: new JsonBlob('binary', [bytes], 'image/png') }, facts }
}

async function solid(width: number, height: number, background: string): Promise<Buffer> {
  return await sharp({ create: { width, height, channels: 4, background } })
    .png()
    .toBuffer()
}
