import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { Failure } from '../core/errors.ts'
import type { RoutingPreferences } from '../core/image-request.ts'
import type { Result } from '../core/result.ts'
import { type Plan, plan, type Setup, type Wish } from './plan.ts'
import { type Road, type Standing, UNTRIED } from './road.ts'
import { modelOn, road, setup, wish } from './test-roads.ts'

const PIX = modelOn('acme/pix', [
  { provider: 'google-ai-studio', model: 'pix' },
  { provider: 'google-vertex', model: 'pix-v' },
  { provider: 'openrouter', model: 'acme/pix' },
])
const SECOND = modelOn('acme/second', [
  { provider: 'fal', model: 'second' },
  { provider: 'openrouter', model: 'acme/second' },
])
const ROADS = PIX.routes.map(({ provider }) => road(PIX, provider))

interface Options {
  readonly roads?: readonly Road[]
  readonly routing?: RoutingPreferences
  readonly wish?: Partial<Wish>
  readonly setup?: Partial<Setup>
  readonly standing?: Readonly<Record<string, Standing>>
}

function planned({ roads = ROADS, routing, wish: wished, setup: changes, standing = {} }: Options = {}) {
  const models = [...new Set(roads.map(({ served }) => served.id))].map((id) => (id === PIX.id ? PIX : SECOND))
  return plan(roads, wish(models, { routing, ...wished }), setup(changes), (provider) => standing[provider] ?? UNTRIED)
}

function order(result: Result<Plan, Failure>): readonly string[] {
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  return result.value.routes.map(({ provider }) => provider)
}

function whyOf(result: Result<Plan, Failure>, provider: string): string {
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  return result.value.considered.find((route) => route.provider === provider)?.why ?? ''
}

function failure(result: Result<Plan, Failure>): Failure {
  assert.ok(!result.ok)
  return result.error
}

test('without wishes the cheapest goes first, and equal prices keep the order of the catalogue', () => {
  const cheap = [
    road(PIX, 'google-ai-studio'),
    road(PIX, 'google-vertex'),
    road(PIX, 'openrouter', { picture: '0.03' }),
  ]

  assert.deepEqual(order(planned()), ['google-ai-studio', 'google-vertex', 'openrouter'])
  assert.deepEqual(order(planned({ roads: cheap })), ['openrouter', 'google-ai-studio', 'google-vertex'])
  assert.equal(whyOf(planned({ roads: cheap }), 'openrouter'), 'by price: 0.03 USD for the pictures')
})

test('the operator’s order comes before price, and the caller’s before the operator’s', () => {
  const roads = [road(PIX, 'google-ai-studio', { picture: '0.01' }), ...ROADS.slice(1)]
  const operatorOrder = ['openrouter']

  assert.deepEqual(order(planned({ roads, setup: { operatorOrder } })), [
    'openrouter',
    'google-ai-studio',
    'google-vertex',
  ])
  const named = planned({ roads, setup: { operatorOrder }, routing: { order: ['google-vertex'] } })
  assert.deepEqual(order(named), ['google-vertex', 'openrouter', 'google-ai-studio'])
  assert.equal(whyOf(named, 'google-vertex'), 'position 1 of provider.order')
  assert.equal(whyOf(named, 'openrouter'), "position 1 of the operator's order")
})

test('providers are named by slug or display name in any case', () => {
  assert.deepEqual(order(planned({ routing: { only: ['GOOGLE AI Studio'] } })), ['google-ai-studio'])
})

test('sort by price, latency and throughput, what is not known last, before the operator’s order', () => {
  const roads = [
    road(PIX, 'google-ai-studio', { picture: '0.05' }),
    road(PIX, 'google-vertex', { picture: '0.03' }),
    road(PIX, 'openrouter', { picture: '0.04' }),
  ]
  const standing = {
    'google-vertex': { state: 'good', p50Ms: 9000.4 },
    openrouter: { state: 'good', p50Ms: 4000 },
  } as const
  const sorted = (by: 'price' | 'latency' | 'throughput') =>
    planned({ roads, standing, routing: { sort: { by } }, setup: { operatorOrder: ['google-ai-studio'] } })

  assert.deepEqual(order(sorted('price')), ['google-vertex', 'openrouter', 'google-ai-studio'])
  assert.deepEqual(order(sorted('latency')), ['openrouter', 'google-vertex', 'google-ai-studio'])
  assert.deepEqual(order(sorted('throughput')), ['openrouter', 'google-vertex', 'google-ai-studio'])
  assert.equal(whyOf(sorted('latency'), 'google-vertex'), 'sorted by latency: median 9000 ms')
  assert.equal(whyOf(sorted('latency'), 'google-ai-studio'), 'sorted by latency: not known yet')
})

test(':floor sorts by price against the operator’s order, and a sort that was said goes before it', () => {
  const roads = [road(PIX, 'google-ai-studio', { picture: '0.05' }), road(PIX, 'openrouter', { picture: '0.04' })]
  const operator = { operatorOrder: ['google-ai-studio'] }
  const standing = { 'google-ai-studio': { state: 'good', p50Ms: 1 } } as const
  const floor = { floor: true }

  assert.deepEqual(order(planned({ roads, setup: operator })), ['google-ai-studio', 'openrouter'])
  assert.deepEqual(order(planned({ roads, setup: operator, wish: floor })), ['openrouter', 'google-ai-studio'])
  assert.deepEqual(order(planned({ roads, standing, wish: floor, routing: { sort: { by: 'latency' } } })), [
    'google-ai-studio',
    'openrouter',
  ])
})

test('an outage moves a road back, and its reason says so', () => {
  const standing = { 'google-ai-studio': { state: 'outage', p50Ms: undefined } } as const
  const result = planned({ standing })

  assert.deepEqual(order(result), ['google-vertex', 'openrouter', 'google-ai-studio'])
  assert.match(whyOf(result, 'google-ai-studio'), /; moved back: it failed within the last 30 s$/)
})

test('open breakers move a road behind an outage, and neither removes it', () => {
  const standing = {
    'google-ai-studio': { state: 'ejected', p50Ms: undefined },
    'google-vertex': { state: 'outage', p50Ms: undefined },
  } as const

  assert.deepEqual(order(planned({ standing })), ['openrouter', 'google-vertex', 'google-ai-studio'])
  assert.deepEqual(order(planned({ standing, roads: ROADS.slice(0, 1) })), ['google-ai-studio'])
})

test('provider.order is kept in an outage, and given up only for open breakers', () => {
  const routing = { order: ['google-vertex', 'openrouter'] }
  const during = (state: Standing['state']) =>
    planned({ routing, standing: { 'google-vertex': { state, p50Ms: undefined } } })

  assert.deepEqual(order(during('outage')), ['google-vertex', 'openrouter', 'google-ai-studio'])
  assert.equal(whyOf(during('outage'), 'google-vertex'), 'position 1 of provider.order; it failed within the last 30 s')
  assert.deepEqual(order(during('ejected')), ['openrouter', 'google-ai-studio', 'google-vertex'])
  assert.match(whyOf(during('ejected'), 'google-vertex'), /position 1 of provider\.order; moved back/)
})

test('every road of the first model goes before the second’s, unless partition is none', () => {
  const roads = [...ROADS, road(SECOND, 'fal', { picture: '0.01' }), road(SECOND, 'openrouter', { picture: '0.2' })]
  const standing = { 'google-ai-studio': { state: 'ejected', p50Ms: undefined } } as const
  const apart = planned({ roads, standing })
  const mixed = planned({ roads, routing: { sort: { by: 'price', partition: 'none' } } })

  assert.deepEqual(order(apart), ['google-vertex', 'openrouter', 'google-ai-studio', 'fal', 'openrouter'])
  assert.match(whyOf(apart, 'fal'), /^fallback model 1; by price/)
  assert.deepEqual(order(mixed), ['fal', 'google-ai-studio', 'google-vertex', 'openrouter', 'openrouter'])
})

test('allow_fallbacks false leaves only what order names, or else the first road of each model', () => {
  const roads = [...ROADS, road(SECOND, 'fal'), road(SECOND, 'openrouter')]

  const first = planned({ roads, routing: { allowFallbacks: false } })
  assert.deepEqual(order(first), ['google-ai-studio', 'fal'])
  assert.equal(whyOf(first, 'google-vertex'), 'provider.allow_fallbacks is false')
  assert.deepEqual(order(planned({ routing: { order: ['openrouter', 'google-vertex'], allowFallbacks: false } })), [
    'openrouter',
    'google-vertex',
  ])
  const nobody = failure(planned({ routing: { order: ['fal'], allowFallbacks: false } }))
  assert.equal(nobody.field, 'provider.order')
})

test('only and ignore leave roads out, and every one of them says why', () => {
  const only = planned({ routing: { only: ['openrouter'] } })
  assert.deepEqual(order(only), ['openrouter'])

  const result = planned({ routing: { ignore: ['google-ai-studio'] } })

  assert.deepEqual(order(result), ['google-vertex', 'openrouter'])
  assert.ok(result.ok)
  assert.deepEqual(result.value.considered.at(-1), {
    provider: 'google-ai-studio',
    model: 'pix',
    served: 'acme/pix',
    taken: false,
    why: 'in provider.ignore',
  })
})

test('a live key never gets a simulated road, a test key gets no other', () => {
  const closed = ROADS.map((one) => ({ ...one, credentials: 0 }))

  assert.deepEqual(order(planned({ wish: { mode: 'test' } })), ['google-ai-studio'])
  assert.equal(failure(planned({ roads: closed })).code, 'no_endpoints')
})

test('a retired road serves nobody from its last day on, but still serves the sandbox', () => {
  const retired = modelOn('acme/pix', [{ provider: 'google-ai-studio', model: 'pix', retiresAt: '2026-11-22' }])
  const roads = [road(retired, 'google-ai-studio')]

  assert.equal(failure(planned({ roads })).code, 'no_endpoints')
  assert.deepEqual(order(planned({ roads, wish: { today: '2026-11-21' } })), ['google-ai-studio'])
  assert.deepEqual(order(planned({ roads, wish: { mode: 'test' } })), ['google-ai-studio'])
})

test('a model that nothing configured serves names the settings that would serve it', () => {
  const { code, message, details } = failure(planned({ roads: ROADS.map((one) => ({ ...one, credentials: 0 })) }))

  assert.equal(code, 'no_endpoints')
  assert.match(message, /GOOGLE-AI-STUDIO_KEY or GOOGLE-VERTEX_KEY or OPENROUTER_KEY/)
  assert.deepEqual(details?.['settings'], ['GOOGLE-AI-STUDIO_KEY', 'GOOGLE-VERTEX_KEY', 'OPENROUTER_KEY'])
})

test('a test key for a model without a simulator is told which models have one', () => {
  const { code, message } = failure(planned({ wish: { mode: 'test' }, setup: { isSimulated: () => false } }))

  assert.equal(code, 'no_simulator')
  assert.match(message, /google\/sim-one, google\/sim-two/)
})

const cheapAndDear = [
  road(PIX, 'google-ai-studio', { picture: '0.05', request: { model: 'm', turns: [], n: 3 } }),
  road(PIX, 'openrouter', { picture: '0.04', request: { model: 'm', turns: [], n: 3 } }),
]

test('max_price is compared with the price of one picture, however many are asked for', () => {
  const most = (image: string) => planned({ roads: cheapAndDear, routing: { maxPrice: { image } } })

  assert.deepEqual(order(most('0.05')), ['openrouter', 'google-ai-studio'])
  assert.deepEqual(order(most('0.049999999')), ['openrouter'])
  assert.equal(whyOf(most('0.04'), 'google-ai-studio'), '0.05 USD a picture, above provider.max_price.image')
})

test('max_price per million tokens is compared with the list price of a token', () => {
  const entries = [
    { billable: 'output_image', unit: 'token', usd: '0.00003' },
    { billable: 'input_text', unit: 'token', usd: '0.0000015' },
    { billable: 'output_text', unit: 'token', usd: '0.0000075' },
  ] as const
  const served = { ...PIX, pricing: { ...PIX.pricing, basis: 'token', entries } as const }
  const roads = [road(PIX, 'google-ai-studio', { served })]
  const passes = (maxPrice: NonNullable<RoutingPreferences['maxPrice']>) => planned({ roads, routing: { maxPrice } }).ok

  assert.ok(passes({ prompt: '1.5', completion: '7.5', request: '0' }))
  assert.ok(!passes({ prompt: '1.499999999' }))
  assert.ok(!passes({ completion: '7.499999999' }))
})

test('a ceiling below every road names the lowest that would work, and that one works', () => {
  const routing = { maxPrice: { image: '0.01', request: '0' } }
  const { code, field, message, details } = failure(planned({ roads: cheapAndDear, routing }))

  assert.equal(code, 'no_endpoints')
  assert.equal(field, 'provider.max_price')
  assert.match(message, /cheapest is acme\/pix on openrouter; .* image 0\.04 \(USD a picture\)/)
  assert.deepEqual(details, {
    requested_models: ['acme/pix'],
    failed_routing_step: 'max_price',
    routing_funnel: [
      { step: 'open', endpoint_count: 2 },
      { step: 'max_price', endpoint_count: 0 },
    ],
    available_providers: ['google-ai-studio', 'openrouter'],
    nearest: { provider: 'openrouter', model: 'acme/pix', max_price: { image: '0.04', request: '0' } },
  })
  assert.deepEqual(order(planned({ roads: cheapAndDear, routing: { maxPrice: { image: '0.04' } } })), ['openrouter'])
})

test('require_parameters leaves out what would drop one, and refuses by the parameter when all would', () => {
  const roads = [road(PIX, 'google-ai-studio', { leftOut: ['seed'] }), road(PIX, 'openrouter')]
  const routing = { requireParameters: true }

  const result = planned({ roads, routing })
  assert.deepEqual(order(result), ['openrouter'])
  assert.equal(whyOf(result, 'google-ai-studio'), 'does not honour seed, and require_parameters is true')

  const { code, field, message } = failure(planned({ roads: roads.slice(0, 1), routing }))
  assert.deepEqual([code, field], ['unsupported_parameter', 'seed'])
  assert.match(message, /acme\/pix does not honour seed/)
})

test('data_collection and zdr trust nobody but whom the operator vouches for', () => {
  const vouched: Partial<Setup> = {
    keepsData: (provider) =>
      provider === 'openrouter' ? 'none' : provider === 'google-vertex' ? 'not for training' : 'unknown',
  }

  assert.deepEqual(order(planned({ routing: { dataCollection: 'deny' }, setup: vouched })), [
    'google-vertex',
    'openrouter',
  ])
  assert.deepEqual(order(planned({ routing: { zdr: true }, setup: vouched })), ['openrouter'])
  assert.deepEqual(order(planned({ routing: { dataCollection: 'allow', zdr: false } })).length, 3)
  for (const [routing, field, setting] of [
    [{ dataCollection: 'deny' }, 'provider.data_collection', 'PLANTAIN_NO_TRAINING_PROVIDERS'],
    [{ zdr: true }, 'provider.zdr', 'PLANTAIN_ZDR_PROVIDERS'],
  ] as const) {
    for (const mode of ['live', 'test'] as const) {
      const refused = failure(planned({ routing, wish: { mode } }))
      assert.deepEqual([refused.code, refused.field], ['no_endpoints', field])
      assert.ok(refused.message.includes(setting), refused.message)
    }
  }
})

test('wishes that leave nothing are refused by the name of the filter that took the last road', () => {
  const both = failure(planned({ routing: { only: ['openrouter'], ignore: ['openrouter'] } }))
  const closed = [ROADS[0], { ...ROADS[2], credentials: 0 }] as Road[]
  const unconfigured = failure(planned({ roads: closed, routing: { only: ['openrouter'] } }))

  assert.equal(both.field, 'provider.ignore')
  assert.deepEqual(both.details?.['routing_funnel'], [
    { step: 'open', endpoint_count: 3 },
    { step: 'only', endpoint_count: 1 },
    { step: 'ignore', endpoint_count: 0 },
  ])
  assert.equal(unconfigured.field, 'provider.only')
  assert.match(unconfigured.message, /^No allowed providers are available for the selected model\./)
  assert.match(
    unconfigured.message,
    /Served here by: google-ai-studio\. openrouter: not configured: set OPENROUTER_KEY/,
  )
  assert.equal(unconfigured.details?.['nearest'], 'google-ai-studio')
})

test('a name that no provider has is refused with the nearest that serves the model', () => {
  for (const list of ['order', 'only', 'ignore'] as const) {
    const { code, field, message, details } = failure(planned({ routing: { [list]: ['googel-vertex'] } }))

    assert.deepEqual([code, field], ['no_endpoints', `provider.${list}`])
    assert.match(message, /"googel-vertex"/)
    assert.equal(details?.['nearest'], 'google-vertex')
    assert.deepEqual(details?.['available_providers'], ['google-ai-studio', 'google-vertex', 'openrouter'])
  }
})

const PROVIDERS = ['google-ai-studio', 'google-vertex', 'openrouter', 'fal'] as const
const slugs = fc.subarray([...PROVIDERS], { minLength: 0 })
const price = fc.constantFrom('0.01', '0.02', '0.04')

const anyRoads = fc
  .uniqueArray(
    fc.record({
      second: fc.boolean(),
      provider: fc.constantFrom(...PROVIDERS),
      picture: price,
      credentials: fc.constantFrom(0, 1, 2),
      leftOut: fc.constantFrom([], ['seed']),
    }),
    { selector: ({ second, provider }) => `${second} ${provider}`, maxLength: 8 },
  )
  .map((drawn) =>
    drawn
      .toSorted((a, b) => Number(a.second) - Number(b.second))
      .map(({ second, provider, ...more }) =>
        road(second ? SECOND : PIX, provider, { ...more, model: second ? 'second' : 'pix' }),
      ),
  )

const FILTERS = {
  only: slugs,
  ignore: slugs,
  requireParameters: fc.boolean(),
  maxPrice: fc.record({ image: price }),
  dataCollection: fc.constantFrom('allow', 'deny'),
  zdr: fc.boolean(),
} as const

const anyWish = fc.record({
  routing: fc.record(
    {
      ...FILTERS,
      order: slugs,
      sort: fc.record(
        { by: fc.constantFrom('price', 'latency', 'throughput'), partition: fc.constantFrom('model', 'none') },
        { requiredKeys: [] },
      ),
      allowFallbacks: fc.boolean(),
    },
    { requiredKeys: [] },
  ),
  floor: fc.boolean(),
})

const anyStanding = fc.dictionary(
  fc.constantFrom(...PROVIDERS),
  fc.record({
    state: fc.constantFrom('good', 'outage', 'ejected'),
    p50Ms: fc.option(fc.integer({ min: 1, max: 60_000 }), { nil: undefined }),
  }),
)

const vouching: Partial<Setup> = {
  keepsData: (provider) => (provider === 'fal' ? 'none' : provider === 'openrouter' ? 'not for training' : 'unknown'),
  operatorOrder: ['google-vertex'],
}

const anyCase = fc.record({ roads: anyRoads, wish: anyWish, standing: anyStanding })

function planFor({ roads, wish: wished, standing }: typeof anyCase extends fc.Arbitrary<infer Case> ? Case : never) {
  return planned({ roads, routing: wished.routing, wish: { floor: wished.floor }, standing, setup: vouching })
}

test('every road is told exactly once, taken in the order of the plan or left out with a reason', () => {
  fc.assert(
    fc.property(anyCase, (any) => {
      fc.pre(any.roads.length > 0)
      const result = planFor(any)
      if (!result.ok) return
      const { routes, considered } = result.value
      const name = (one: { provider: string; model: string }) => `${one.provider} ${one.model}`

      assert.ok(routes.length > 0)
      assert.deepEqual(considered.filter(({ taken }) => taken).map(name), routes.map(name))
      assert.deepEqual(considered.map(name).toSorted(), any.roads.map(name).toSorted())
      assert.ok(considered.every(({ why }) => why !== ''))
      assert.ok(routes.every(({ credentials }) => credentials > 0))
    }),
    { numRuns: 500 },
  )
})

test('the same question has the same answer', () => {
  fc.assert(
    fc.property(anyCase, (any) => {
      fc.pre(any.roads.length > 0)
      assert.deepEqual(planFor(any), planFor(structuredClone(any)))
    }),
  )
})

test('roads that nothing tells apart keep the order in which they came', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...PROVIDERS], { minLength: 1 }), (providers) => {
      assert.deepEqual(order(planned({ roads: providers.map((provider) => road(PIX, provider)) })), providers)
    }),
  )
})

test('one filter more never adds a road', () => {
  fc.assert(
    fc.property(anyCase, fc.record(FILTERS), fc.constantFrom(...Object.keys(FILTERS)), (any, filters, name) => {
      fc.pre(any.roads.length > 0)
      const { allowFallbacks: _, [name as keyof typeof FILTERS]: __, ...routing } = any.wish.routing
      const before = planFor({ ...any, wish: { ...any.wish, routing } })
      const more = { ...routing, [name]: filters[name as keyof typeof FILTERS] }
      const after = planFor({ ...any, wish: { ...any.wish, routing: more } })
      if (!after.ok) return

      assert.ok(before.ok)
      for (const taken of after.value.routes) assert.ok(before.value.routes.includes(taken))
    }),
    { numRuns: 500 },
  )
})

test('standing changes the order and never the choice', () => {
  fc.assert(
    fc.property(anyCase, (any) => {
      fc.pre(any.roads.length > 0 && any.wish.routing.allowFallbacks !== false)
      const result = planFor(any)
      const calm = planFor({ ...any, standing: {} })

      assert.equal(result.ok, calm.ok)
      if (result.ok && calm.ok) assert.deepEqual(new Set(result.value.routes), new Set(calm.value.routes))
    }),
  )
})
