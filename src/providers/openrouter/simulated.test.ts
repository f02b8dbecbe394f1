import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { allModels } from '../../catalog/models/all-models.ts'
import type { ImageRequest, Part, Turn } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { modelsServed } from '../../sandbox/openrouter/models.ts'
import { simulates } from '../../sandbox/simulates.ts'
import { failureOf } from '../test-fixtures.ts'
import { asked } from '../test-requests.ts'
import { retryAfterOf, sandboxForTests, throughSimulator } from '../test-simulated.ts'
import { makeOpenRouter } from './provider.ts'

/** Makes 512, which is quick to paint. */
const SMALL = 'google/gemini-3.1-flash-image'
const GPT_IMAGE = 'openai/gpt-image-1'

/** One red pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

type Body = Readonly<Record<string, JsonValue>>

const sandbox = await sandboxForTests()
const openRouter = throughSimulator(sandbox, 'openrouter', makeOpenRouter, {
  model: SMALL,
  shown: (generated) => generated.text ?? '',
})
const { generate, outcomeOf } = openRouter
const kite = (more: Partial<ImageRequest> = {}) => asked('a kite', [], more)

describe('every field that is sent has its effect', () => {
  const rich: readonly [name: string, model: string, request: ImageRequest][] = [
    [
      'how many, how large, how good and in what encoding',
      GPT_IMAGE,
      kite({
        n: 2,
        size: { width: 1536, height: 1024 },
        quality: 'low',
        format: 'webp',
        compression: 20,
      }),
    ],
    [
      'tier, ratio, seed and reference',
      SMALL,
      { ...turns(user(text('a kite'), image())), resolution: '512', aspectRatio: '16:9', seed: 7 },
    ],
    ['background', 'sourceful/riverflow-v2-fast', kite({ background: 'transparent' })],
    ['order', SMALL, routed({ order: ['google-vertex'] })],
    ['only', SMALL, routed({ only: ['google-vertex'] })],
    ['ignore', SMALL, routed({ ignore: ['google-ai-studio'] })],
    ['sort', SMALL, routed({ sort: 'throughput' })],
    ['order without fallbacks', SMALL, kite({ ...optioned({ order: ['nobody'], allow_fallbacks: false }) })],
    [
      'a conversation: turns, pictures, tier, ratio, seed',
      SMALL,
      { ...conversation(), resolution: '512', aspectRatio: '16:9', seed: 7 },
    ],
    [
      'a conversation: pixels, quality and encoding',
      GPT_IMAGE,
      {
        ...conversation(),
        size: { width: 1536, height: 1024 },
        quality: 'low',
        format: 'webp',
        compression: 20,
      },
    ],
    ['a conversation: background', GPT_IMAGE, { ...conversation(), background: 'transparent' }],
    ['a conversation: host', SMALL, { ...conversation(), ...optioned({ only: ['google-vertex'] }) }],
  ]
  const covered = new Set<string>()

  for (const [name, model, request] of rich) {
    test(name, async () => {
      let body: Body = {}
      const whole = await outcomeOf(request, { model, sent: (sent) => (body = sent as Body) })

      const known = new Set(covered)
      for (const path of placesIn(body)) {
        const field = nameOf(path, body)
        if (known.has(field)) continue
        const lost = path.join('.')
        assert.notEqual(await outcomeOf(request, { model, lost }), whole, `${lost} makes no difference`)
        covered.add(field)
      }
    })
  }

  test('and none was forgotten', () => {
    const own = 'quality output_format output_compression background'.split(' ')
    const images = 'model prompt n size resolution aspect_ratio seed input_references provider'.split(' ')
    const chat = 'model messages modalities image_config seed provider'.split(' ')
    const wanted = [
      ...[...images, ...own].map((field) => `images ${field}`),
      ...'order only ignore sort allow_fallbacks'.split(' ').map((field) => `images provider.${field}`),
      ...chat.map((field) => `chat ${field}`),
      ...[...own, 'size', 'aspect_ratio', 'image_size'].map((field) => `chat image_config.${field}`),
    ]

    assert.deepEqual(
      wanted.filter((field) => !covered.has(field)),
      [],
    )
  })
})

test('the reported cost is the bill, to the nano, whatever a model is sold by', async () => {
  const sold: readonly [model: string, request: ImageRequest][] = [
    ['google/gemini-nano-banana-2.1', kite()],
    ['google/gemini-nano-banana-2.1', { ...turns(user(text('redder'), image())), seed: 3 }],
    [SMALL, { ...conversation(), resolution: '512' }],
    ['openai/gpt-image-2', kite({ quality: 'high', n: 2, size: { width: 1024, height: 640 } })],
    ['openai/gpt-5-image', kite()],
    ['black-forest-labs/flux.2-pro', kite({ size: { width: 1040, height: 1024 } })],
    ['qwen/qwen-image-3', kite({ n: 3, size: { width: 512, height: 512 } })],
    ['sourceful/riverflow-v2.5-pro', kite()],
  ]
  for (const [model, request] of sold) {
    const earlier = openRouter.billed()
    const result = await generate(request, { model })

    assert.ok(result.ok, model)
    const cost = openRouter.billed() - earlier
    assert.equal(result.value.cost, cost, model)
    assert.ok(cost > 0n, model)
    assert.equal(result.value.images.length, request.n ?? 1)
    assert.match(result.value.upstreamId ?? '', /^gen-\d{10}-\w{20}$/)
  }
})

test('a bundle of a chat model and its painter is asked by chat, where alone it is sold', async () => {
  await generate(kite(), { model: 'openai/gpt-5-image' })

  assert.equal(sandbox.bill().recent.at(-1)?.method, 'chat/completions')
})

describe('what goes wrong is told as it is', () => {
  const API = { images: asked, chat: conversation } as const
  const cases: readonly [fault: string, api: keyof typeof API | 'both', kind: string, billed: string][] = [
    ['status=400', 'both', 'rejected', 'no'],
    ['status=401', 'both', 'unauthorized', 'no'],
    ['status=402', 'both', 'unauthorized', 'no'],
    ['status=403', 'both', 'unauthorized', 'no'],
    ['status=404', 'both', 'unavailable', 'no'],
    ['status=408', 'chat', 'unavailable', 'unknown'],
    ['status=413', 'both', 'rejected', 'no'],
    ['status=429,retry-after=3', 'both', 'rate_limited', 'no'],
    ['status=500', 'both', 'unavailable', 'no'],
    ['status=502', 'both', 'unavailable', 'no'],
    ['status=503', 'chat', 'unavailable', 'no'],
    ['status=504', 'chat', 'unavailable', 'unknown'],
    ['status=524', 'both', 'unavailable', 'unknown'],
    ['status=529', 'both', 'unavailable', 'no'],
    ['refusal=moderation:violence', 'both', 'refused', 'no'],
    ['refusal=finish:IMAGE_SAFETY', 'images', 'refused', 'no'],
    ['refusal=stop-text-only', 'images', 'refused', 'no'],
    ['refusal=finish:IMAGE_SAFETY', 'chat', 'refused', 'yes'],
    ['refusal=promptFeedback:PROHIBITED_CONTENT', 'chat', 'refused', 'no'],
    ['refusal=stop-text-only', 'chat', 'no_image', 'yes'],
    ['no-image=parts-null', 'both', 'no_image', 'yes'],
    ['no-image=candidates-missing', 'both', 'no_image', 'yes'],
    ['no-image=content-empty', 'both', 'no_image', 'yes'],
    ['no-image=content-missing', 'both', 'no_image', 'yes'],
    ['html', 'both', 'no_image', 'yes'],
    ['invalid-json', 'both', 'no_image', 'yes'],
    ['truncate=2000', 'both', 'no_image', 'yes'],
    ['cut=2000', 'both', 'no_image', 'yes'],
    ['reset=mid-body', 'both', 'no_image', 'yes'],
    ['reset=after-request', 'both', 'unavailable', 'unknown'],
    ['redirect=http://127.0.0.1:1/', 'both', 'unavailable', 'no'],
  ]
  for (const [fault, api, kind, billed] of cases) {
    for (const name of api === 'both' ? (['images', 'chat'] as const) : [api]) {
      test(`${fault} from ${name}: ${kind}, billed ${billed}`, async () => {
        const request = API[name](`a kite [[fault:${fault}]]`)
        const failure = failureOf(await generate({ ...request, resolution: '512' }))

        assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
        assert.equal(failure.retryAfterMs, retryAfterOf(fault))
      })
    }
  }

  test('a hang ends with the deadline', async () => {
    const failure = failureOf(await generate(asked('a kite [[fault:hang]]'), { deadlineMs: 300 }))

    assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
  })

  for (const [fault, images] of [
    ['times=0,status=500', 1],
    ['drafts=3', 3],
    ['wrong-mime', 1],
    ['urlsafe-base64', 1],
    ['unpadded-base64', 1],
    ['wrapped-base64', 1],
    ['no-details', 1],
    ['no-usage', 1],
    ['oversize=2', 1],
    ['content-type=text/plain', 1],
  ] as const) {
    test(`${fault} costs no picture`, async () => {
      for (const request of [asked(`a kite [[fault:${fault}]]`), conversation(`a kite [[fault:${fault}]]`)]) {
        const result = await generate({ ...request, resolution: '512' })

        assert.ok(result.ok)
        assert.equal(result.value.images.length, images)
        assert.equal(result.value.cost === undefined, fault === 'no-usage')
        assert.equal(
          result.value.usage?.outputImageTokens,
          fault === 'no-usage' ? undefined : fault === 'no-details' ? 0 : images * 747,
        )
      }
    })
  }
})

test('every simulated model makes what it makes unasked', async () => {
  for (const { id } of modelsServed('serve')) {
    const result = await generate(kite(), { model: id })

    assert.ok(result.ok, result.ok ? '' : `${id}: ${result.error.message}`)
  }
})

describe('the catalogue and the simulator, written apart, agree', () => {
  for (const simulated of modelsServed('serve')) {
    const model = allModels.find(({ routes }) =>
      routes.some((route) => route.provider === 'openrouter' && route.model === simulated.id),
    )
    // A preview id that OpenRouter had and the catalogue knows as an alias.
    if (simulated.id === 'google/gemini-2.5-flash-image-preview') continue

    test(`about ${simulated.id}`, () => {
      assert.ok(model)
      const { tiers = [], supports, maxNPerCall, maxReferences = 0, outputModalities, formats } = model
      assert.deepEqual(
        tiers.filter((tier) => !simulated.tiers.includes(tier)),
        [],
      )
      assert.ok(maxNPerCall <= simulated.maxN)
      assert.ok(maxReferences <= simulated.maxReferences)
      assert.equal(outputModalities.includes('text'), simulated.speaks)
      assert.ok(simulated.seed || !supports.seed)
      assert.ok(simulated.transparency || !supports.transparentBackground)
      assert.ok(formats.length < 2 || formats.every((format) => simulated.formats.some((name) => name === format)))
      assert.ok(simulates('openrouter', simulated.id))
    })
  }

  test('and what is simulated is told by the provider’s own id alone', () => {
    assert.ok(!simulates('openrouter', 'acme/pix-1'))
    assert.ok(!simulates('openrouter', 'gemini-nano-banana-2.1'))
  })
})

/** `chat messages.*.content`: a field whatever its place in a list. */
function nameOf(path: readonly string[], body: Body): string {
  const api = 'messages' in body ? 'chat' : 'images'
  return `${api} ${path.map((key) => (/^\d+$/.test(key) ? '*' : key)).join('.')}`
}

/** Every key of a body, and every key and element of the objects and lists in it, pictures whole. */
function placesIn(value: JsonValue, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null || value instanceof JsonBlob) return []
  return Object.entries(value).flatMap(([key, inner]: [string, JsonValue | undefined]) => [
    [...path, key],
    ...placesIn(inner ?? null, [...path, key]),
  ])
}

function text(words: string): Part {
  return { type: 'text', text: words }
}

function user(...parts: readonly Part[]): Turn {
  return { role: 'user', parts }
}

function turns(...all: readonly Turn[]): ImageRequest {
  return { model: 'any', turns: all }
}

/** The one with the model's own picture in it. */
function conversation(words = 'make it red'): ImageRequest {
  return turns(
    { role: 'system', parts: [text('Flat ink.')] },
    user(text('a kite')),
    { role: 'assistant', parts: [text('Here it is.'), image()] },
    user(text(words)),
  )
}

function optioned(openrouter: Record<string, JsonValue>): Pick<ImageRequest, 'providerOptions'> {
  return { providerOptions: { openrouter } }
}

function routed(openrouter: Record<string, JsonValue>): ImageRequest {
  return kite({ resolution: '512', ...optioned(openrouter) })
}

function image(): Part {
  const blob = new JsonBlob('base64', [Buffer.from(PIXEL)], 'image/png')
  return { type: 'image', picture: { field: 'image', source: { type: 'inline', blob } } }
}
