import assert from 'node:assert/strict'
import { test } from 'node:test'

import { catalogOf } from '../catalog/catalog.ts'
import type { Model, Pricing } from '../catalog/model.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import type { Failure } from '../core/errors.ts'
import type { ImageRequest } from '../core/image-request.ts'
import { formatUsd, usd } from '../core/money.ts'
import type { Mode } from '../core/receipt.ts'
import type { Result } from '../core/result.ts'
import type { Setup } from '../router/plan.ts'
import { UNTRIED } from '../router/road.ts'
import { imagePrice, modelOn, setup } from '../router/test-roads.ts'
import { consider, type Considered } from './consider.ts'
import { makeEstimate } from './estimate.ts'

const clock: Clock = { ...systemClock, now: () => Date.UTC(2026, 10, 22) }

const priced = (dollars: string, confidence: Pricing['confidence'] = 'high') => ({
  ...imagePrice(dollars),
  confidence,
})

const PIX = modelOn('acme/pix', [
  { provider: 'google-ai-studio', model: 'pix' },
  { provider: 'openrouter', model: 'acme/pix', pricing: priced('0.05') },
])
const WIDE: Model = {
  ...modelOn('acme/wide', [
    { provider: 'fal', model: 'wide' },
    { provider: 'openrouter', model: 'acme/wide' },
  ]),
  modes: ['generate', 'edit'],
  aspectRatios: ['21:9'],
  supports: { ...PIX.supports, seed: true },
  maxNPerCall: 4,
  pricing: priced('0.08'),
}
const GONE: Model = {
  ...modelOn('acme/gone', [{ provider: 'fal', model: 'gone', retiresAt: '2026-01-01' }]),
  successor: 'acme/pix',
}

interface Options {
  readonly mode?: Mode
  readonly models?: readonly Model[]
  readonly setup?: Partial<Setup>
}

function partsOf({ models = [PIX, WIDE, GONE], setup: changes = {} }: Options) {
  return {
    catalog: catalogOf(models),
    setup: setup({ isSimulated: () => true, ...changes }),
    standing: { live: () => UNTRIED, test: () => UNTRIED },
    clock,
    settings: { onRetired: 'successor', textAllowance: 4096 } as const,
  }
}

function asking(asked: Partial<ImageRequest> = {}): ImageRequest {
  return { model: 'acme/pix', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a fox' }] }], ...asked }
}

function considering(asked: Partial<ImageRequest> = {}, options: Options = {}): Result<Considered, Failure> {
  return consider(asking(asked), options.mode ?? 'live', partsOf(options))
}

function considered(asked: Partial<ImageRequest> = {}, options: Options = {}): Considered {
  const result = considering(asked, options)
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  return result.value
}

function roadsOf({ plan }: Considered): readonly string[] {
  return plan.routes.map(({ served, provider }) => `${served.id} on ${provider}`)
}

function failure(result: Result<Considered, Failure>): Failure {
  assert.ok(!result.ok)
  return result.error
}

test('the hold is the dearest of the roads that may be tried, the usual price that of the first', () => {
  const both = considered({ n: 2 })
  const cheap = considered({ n: 2, routing: { maxPrice: { image: '0.04' } } })

  assert.deepEqual(roadsOf(both), ['acme/pix on google-ai-studio', 'acme/pix on openrouter'])
  assert.deepEqual([formatUsd(both.hold), formatUsd(both.typical)], ['0.1', '0.08'])
  assert.deepEqual([formatUsd(cheap.hold), formatUsd(cheap.typical)], ['0.08', '0.08'])
  assert.deepEqual(
    both.plan.routes.map(({ served }) => served.pricing.entries[0]?.usd),
    ['0.04', '0.05'],
  )
})

test('every model is tried on every route, the first model’s before the second’s', () => {
  const result = considered({ fallbackModels: ['wide'], aspectRatio: '21:9' })

  assert.deepEqual(roadsOf(result), [
    'acme/pix on google-ai-studio',
    'acme/pix on openrouter',
    'acme/wide on fal',
    'acme/wide on openrouter',
  ])
  assert.equal(formatUsd(result.hold), '0.08')
  assert.deepEqual(result.warnings, [])
  assert.deepEqual(
    result.plan.routes.map(({ request }) => [request.model, request.fallbackModels]),
    [
      ['acme/pix', undefined],
      ['acme/pix', undefined],
      ['wide', undefined],
      ['wide', undefined],
    ],
  )
})

test('roads that share their pictures out hold for as many calls as the smallest of them needs', () => {
  const tokens = {
    basis: 'token',
    version: '1',
    confidence: 'high',
    entries: [
      { billable: 'output_image', unit: 'token', usd: '0.00001' },
      { billable: 'output_text', unit: 'token', usd: '0.00001' },
    ],
    note: undefined,
  } as const
  const metered = { ...WIDE, pricing: tokens, tokens: { outputPerImage: { '1K': 1000 }, inputPerImage: 0 } } as const
  const options = { models: [PIX, metered] }

  const alone = considered({ model: 'acme/wide', n: 4 }, options)
  const together = considered({ model: 'acme/wide', fallbackModels: ['acme/pix'], n: 4 }, options)

  // 4 × 1,000 tokens of pictures, and 4,096 of words for one call or for four.
  assert.equal(formatUsd(alone.hold), '0.08096')
  assert.equal(formatUsd(together.plan.routes[0]?.hold ?? usd('0')), '0.20384')
  assert.equal(together.hold, together.plan.routes[0]?.hold)
})

test('a fallback that cannot take the request is left out, and says why', () => {
  const result = considered({ fallbackModels: ['acme/wide', 'acme/nobody'], aspectRatio: '1:1' })

  assert.deepEqual(roadsOf(result), ['acme/pix on google-ai-studio', 'acme/pix on openrouter'])
  assert.deepEqual(
    result.plan.considered.map(({ provider, served, taken }) => [provider, served, taken]),
    [
      ['google-ai-studio', 'acme/pix', true],
      ['openrouter', 'acme/pix', true],
      ['fal', 'acme/wide', false],
      ['openrouter', 'acme/wide', false],
    ],
  )
  assert.match(result.plan.considered.at(-1)?.why ?? '', /acme\/wide has no aspect ratio "1:1"/)
  assert.deepEqual(
    result.warnings.map(({ code, field }) => [code, field]),
    [
      ['model_left_out', 'models'],
      ['model_left_out', 'models'],
    ],
  )
  assert.match(result.warnings[1]?.message ?? '', /^acme\/nobody was left out: "acme\/nobody" is not a valid model ID/)
})

test('a first model that cannot take the request gives way to one that can', () => {
  const result = considered({ model: 'acme/wide', fallbackModels: ['acme/pix'], aspectRatio: '1:1' })

  assert.deepEqual(roadsOf(result), ['acme/pix on google-ai-studio', 'acme/pix on openrouter'])
  assert.deepEqual(
    result.warnings.map(({ code, field }) => [code, field]),
    [['model_left_out', 'model']],
  )
})

test('when no model can, the first one’s own reason is the answer', () => {
  const ratio = failure(considering({ model: 'acme/wide', fallbackModels: ['acme/nobody'], aspectRatio: '1:1' }))
  const unknown = failure(considering({ model: 'acme/nobody', fallbackModels: ['acme/wide'], aspectRatio: '1:1' }))
  const filtered = failure(
    considering({ model: 'acme/wide', fallbackModels: ['acme/pix'], aspectRatio: '1:1', routing: { only: ['fal'] } }),
  )

  assert.equal(ratio.field, 'aspect_ratio')
  assert.equal(unknown.code, 'model_not_found')
  assert.equal(filtered.field, 'aspect_ratio')
})

test('more than three models are refused by the name of the list', () => {
  const { code, field, message } = failure(considering({ fallbackModels: ['a', 'b', 'c'] }))

  assert.deepEqual([code, field], ['invalid_request', 'models'])
  assert.match(message, /'models' array must have 3 items or fewer/)
})

test('one model under two names is one model: no call is planned twice or told twice', () => {
  const result = considered({ model: 'acme/gone', fallbackModels: ['pix', 'ACME/pix:floor'] })

  assert.deepEqual(roadsOf(result), ['acme/pix on google-ai-studio', 'acme/pix on openrouter'])
  assert.equal(result.plan.considered.length, 2)
  assert.deepEqual(
    result.plan.routes[0]?.warnings.map(({ code }) => code),
    ['model_retired'],
  )
  assert.deepEqual(result.warnings, [])
})

const FOUR: Model = {
  ...modelOn('acme/four', [{ provider: 'fal', model: 'four' }]),
  maxNPerCall: 4,
  defaults: { n: 4 },
  pricing: priced('0.02'),
}

test('who does not say how many gets what a call makes by itself, and pays for as many', () => {
  const models = { models: [FOUR, PIX, WIDE] }
  const open = considered({ model: 'acme/four' }, models)
  const one = considered({ model: 'acme/four', n: 1 }, models)

  assert.deepEqual([open.n, open.plan.routes[0]?.request.n, formatUsd(open.hold)], [4, 4, '0.08'])
  assert.deepEqual([one.n, one.plan.routes[0]?.request.n, formatUsd(one.hold)], [1, 1, '0.02'])
  assert.match(open.plan.considered[0]?.why ?? '', /0\.08 USD for the pictures/)
})

test('a fallback that would need several calls for what the first makes in one leaves it at one picture', () => {
  const models = { models: [FOUR, PIX, WIDE] }
  const narrow = considered({ model: 'acme/four', fallbackModels: ['acme/pix'] }, models)
  const wide = considered({ model: 'acme/four', fallbackModels: ['acme/wide'], aspectRatio: '21:9' }, models)

  assert.deepEqual([narrow.n, narrow.plan.routes[0]?.request.n, formatUsd(narrow.hold)], [1, undefined, '0.05'])
  assert.deepEqual([wide.n, wide.plan.routes.map(({ request }) => request.n)], [4, [4, 4, 4]])
})

test('options that decide how many pictures a call makes outweigh the model', () => {
  const limits = {
    edits: true,
    mask: true,
    seed: true,
    negativePrompt: true,
    mostPerCall: 4,
    progress: 'none',
  } as const
  const makes = ({ action }: Readonly<Record<string, unknown>>) => (action === 'upscale' ? 1 : undefined)
  const parts = { models: [FOUR], setup: { limitsOf: () => ({ ...limits, makes }), passThrough: () => ['action'] } }

  const upscale = considered({ model: 'acme/four', providerOptions: { fal: { action: 'upscale' } } }, parts)
  const reroll = considered({ model: 'acme/four', providerOptions: { fal: { action: 'reroll' } } }, parts)

  assert.deepEqual([upscale.n, formatUsd(upscale.hold)], [1, '0.02'])
  assert.deepEqual([reroll.n, formatUsd(reroll.hold)], [4, '0.08'])
})

test('what a road would leave out is warned about on that road, and keeps it out under require_parameters', () => {
  const asked = { model: 'acme/pix', fallbackModels: ['acme/wide'], seed: 7 }
  const lenient = considered(asked)
  const strict = considered({ ...asked, routing: { requireParameters: true } })

  assert.deepEqual(
    lenient.plan.routes.map(({ warnings, request }) => [warnings[0]?.field, request.seed]),
    [
      ['seed', undefined],
      ['seed', undefined],
      [undefined, 7],
      [undefined, 7],
    ],
  )
  assert.deepEqual(roadsOf(strict), ['acme/wide on fal', 'acme/wide on openrouter'])
  assert.match(strict.warnings[0]?.message ?? '', /acme\/pix was left out: does not honour seed/)
})

test('options of a provider concern that provider alone, and the ones it is not sent are named', () => {
  const asked = { providerOptions: { openrouter: { style: 'x', known: 1 }, fal: { other: true } } }
  const passing = { setup: { passThrough: () => ['known'] } }
  const lenient = considered(asked, passing)
  const strict = considered({ ...asked, routing: { requireParameters: true } }, passing)

  assert.deepEqual(
    lenient.plan.routes.map(({ provider, leftOut, warnings }) => [provider, leftOut, warnings[0]?.field]),
    [
      ['google-ai-studio', [], undefined],
      ['openrouter', ['provider.options.openrouter.style'], 'provider.options.openrouter.style'],
    ],
  )
  assert.deepEqual(roadsOf(strict), ['acme/pix on google-ai-studio'])
})

test('a route whose own price is not certain enough is left out of live traffic alone', () => {
  const shaky = modelOn('acme/pix', [
    { provider: 'google-ai-studio', model: 'pix' },
    { provider: 'openrouter', model: 'acme/pix', pricing: priced('0.01', 'low') },
    { provider: 'fal', model: 'pix', pricing: priced('0.02', 'medium') },
  ])
  const live = considered({}, { models: [shaky] })

  assert.deepEqual(roadsOf(live), ['acme/pix on fal', 'acme/pix on google-ai-studio'])
  assert.match(live.plan.considered.at(-1)?.why ?? '', /not certain enough to charge/)
  assert.deepEqual(
    live.plan.routes[0]?.warnings.map(({ code }) => code),
    ['price_unconfirmed'],
  )
  assert.equal(roadsOf(considered({}, { models: [shaky], mode: 'test' })).length, 3)
})

test('a test key needs no credential, a live key has the ones that are configured', () => {
  const configured = { setup: { credentials: (provider: string) => (provider === 'openrouter' ? 3 : 0) } }

  assert.deepEqual(
    considered({}, configured).plan.routes.map(({ provider, credentials }) => [provider, credentials]),
    [['openrouter', 3]],
  )
  assert.deepEqual(
    considered({}, { ...configured, mode: 'test' }).plan.routes.map(({ credentials }) => credentials),
    [1, 1],
  )
})

test(':floor sorts by price; :nitro, :exacto and what is not acted on are warned about', () => {
  const operator = { setup: { operatorOrder: ['openrouter'] } }
  const warned = considered({ model: 'acme/pix:nitro', fallbackModels: ['acme/wide:exacto'] })
  const unheeded = considered({ routing: { unheeded: ['provider.preferred_max_latency'] } })

  assert.equal(roadsOf(considered({}, operator))[0], 'acme/pix on openrouter')
  assert.equal(roadsOf(considered({ model: 'acme/pix:floor' }, operator))[0], 'acme/pix on google-ai-studio')
  assert.deepEqual(
    [...warned.warnings, ...unheeded.warnings].map(({ code, field }) => [code, field]),
    [
      ['preference_ignored', 'model'],
      ['preference_ignored', 'models'],
      ['preference_ignored', 'provider.preferred_max_latency'],
    ],
  )
})

test('an estimate tells the quote and the plan with what each road would hold, and the first road’s warnings', () => {
  const estimate = makeEstimate(partsOf({}))(asking({ seed: 7, routing: { ignore: ['fal'] } }), 'live')

  assert.ok(estimate.ok)
  assert.deepEqual(estimate.value, {
    model: { requested: 'acme/pix', served: 'acme/pix' },
    hold: usd('0.05'),
    typical: usd('0.04'),
    priceVersion: '2026-11-22.1',
    routes: [
      {
        provider: 'google-ai-studio',
        model: 'pix',
        served: 'acme/pix',
        taken: true,
        why: 'by price: 0.04 USD for the pictures',
        price: { hold: usd('0.04'), typical: usd('0.04') },
      },
      {
        provider: 'openrouter',
        model: 'acme/pix',
        served: 'acme/pix',
        taken: true,
        why: 'by price: 0.05 USD for the pictures',
        price: { hold: usd('0.05'), typical: usd('0.05') },
      },
    ],
    warnings: [
      { code: 'parameter_ignored', field: 'seed', message: 'acme/pix does not honour seed; it was left out.' },
    ],
  })
})
