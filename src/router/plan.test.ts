import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Model, ModelRoute } from '../catalog/model.ts'
import type { Failure } from '../core/errors.ts'
import type { RoutingPreferences } from '../core/image-request.ts'
import type { Result } from '../core/result.ts'
import { type Plan, plan, type Roads } from './plan.ts'

const ROUTES = [
  { provider: 'google-ai-studio', model: 'pix' },
  { provider: 'google-vertex', model: 'pix-v' },
  { provider: 'openrouter', model: 'acme/pix' },
] as const

const NAMES: Readonly<Record<string, string>> = {
  'google ai studio': 'google-ai-studio',
  'google-ai-studio': 'google-ai-studio',
  'google-vertex': 'google-vertex',
  openrouter: 'openrouter',
}

function roads(changes: Partial<Roads> = {}): Roads {
  return {
    isImplemented: () => true,
    isConfigured: () => true,
    isSimulated: (provider) => provider === 'google-ai-studio',
    settingsOf: (provider) => [`${provider.toUpperCase()}_KEY`],
    slugOf: (name) => NAMES[name.toLowerCase()],
    simulatedModels: ['google/sim-one', 'google/sim-two'],
    operatorOrder: [],
    ...changes,
  }
}

function planned(
  options: {
    mode?: 'live' | 'test'
    routing?: RoutingPreferences
    routes?: readonly ModelRoute[]
    roads?: Partial<Roads>
  } = {},
): Result<Plan, Failure> {
  const model = { id: 'acme/pix', routes: options.routes ?? ROUTES } as unknown as Model
  return plan(
    { model, mode: options.mode ?? 'live', routing: options.routing, today: '2026-11-22' },
    roads(options.roads),
  )
}

function order(result: Result<Plan, Failure>): readonly string[] {
  assert.ok(result.ok)
  return result.value.routes.map(({ provider }) => provider)
}

function failure(result: Result<Plan, Failure>): Failure {
  assert.ok(!result.ok)
  return result.error
}

test('without wishes the routes keep the order of the catalogue', () => {
  assert.deepEqual(order(planned()), ['google-ai-studio', 'google-vertex', 'openrouter'])
})

test('the operator’s order comes before the catalogue’s, and the caller’s before the operator’s', () => {
  const operatorOrder = ['openrouter']

  assert.deepEqual(order(planned({ roads: { operatorOrder } })), ['openrouter', 'google-ai-studio', 'google-vertex'])
  assert.deepEqual(order(planned({ roads: { operatorOrder }, routing: { order: ['google-vertex'] } })), [
    'google-vertex',
    'openrouter',
    'google-ai-studio',
  ])
})

test('providers are named by slug or display name in any case', () => {
  assert.deepEqual(order(planned({ routing: { only: ['GOOGLE AI Studio'] } })), ['google-ai-studio'])
})

test('allow_fallbacks false leaves only what order names, or the first route', () => {
  assert.deepEqual(order(planned({ routing: { allowFallbacks: false } })), ['google-ai-studio'])
  assert.deepEqual(order(planned({ routing: { order: ['openrouter', 'google-vertex'], allowFallbacks: false } })), [
    'openrouter',
    'google-vertex',
  ])
})

test('ignore removes routes, and every removed route says why', () => {
  const result = planned({ routing: { ignore: ['google-ai-studio'] } })

  assert.deepEqual(order(result), ['google-vertex', 'openrouter'])
  assert.ok(result.ok)
  assert.deepEqual(result.value.considered.at(-1), {
    provider: 'google-ai-studio',
    model: 'pix',
    taken: false,
    why: 'in provider.ignore',
  })
})

test('a live key never gets a simulated road, a test key gets no other', () => {
  assert.deepEqual(order(planned({ mode: 'test' })), ['google-ai-studio'])
  assert.deepEqual(failure(planned({ mode: 'live', roads: { isConfigured: () => false } })).code, 'no_endpoints')
})

test('a retired route serves nobody from its last day on, but still serves the sandbox', () => {
  const routes = [{ provider: 'google-ai-studio', model: 'pix', retiresAt: '2026-11-22' }]

  assert.equal(failure(planned({ routes })).code, 'no_endpoints')
  assert.deepEqual(order(planned({ routes, mode: 'test' })), ['google-ai-studio'])
})

test('a model that nothing configured serves names the settings that would serve it', () => {
  const { code, message, details } = failure(planned({ roads: { isConfigured: () => false } }))

  assert.equal(code, 'no_endpoints')
  assert.match(message, /GOOGLE-AI-STUDIO_KEY or GOOGLE-VERTEX_KEY or OPENROUTER_KEY/)
  assert.deepEqual(details, { settings: ['GOOGLE-AI-STUDIO_KEY', 'GOOGLE-VERTEX_KEY', 'OPENROUTER_KEY'] })
})

test('a test key for a model without a simulator is told which models have one', () => {
  const { code, message } = failure(planned({ mode: 'test', roads: { isSimulated: () => false } }))

  assert.equal(code, 'no_simulator')
  assert.match(message, /google\/sim-one, google\/sim-two/)
})

test('wishes that leave nothing are refused by the name of the filter', () => {
  assert.equal(failure(planned({ routing: { only: ['openrouter'], ignore: ['openrouter'] } })).field, 'provider.only')
  assert.equal(failure(planned({ routing: { order: ['nobody'] } })).field, 'provider.order')
  assert.match(failure(planned({ routing: { only: ['nobody'] } })).message, /"nobody"/)
})
