import assert from 'node:assert/strict'
import { test } from 'node:test'

import { catalogOf } from './catalog.ts'
import { chargeable } from './chargeable.ts'
import { type Model, onRoute } from './model.ts'
import { allModels } from './models/all-models.ts'
import { routeSuffix } from './names.ts'

const TODAY = '2026-11-22'

const catalog = catalogOf(allModels)

function modelOf(id: string): Model {
  const model = catalog.find(id)
  assert.ok(model, id)
  return model
}

const live = { mode: 'live', today: TODAY, onRetired: 'successor' } as const
const testing = { mode: 'test', today: TODAY, onRetired: 'successor' } as const

test('finds a model by every spelling that callers use', () => {
  const spellings = [
    ['google/gemini-nano-banana-2.1', 'google/gemini-nano-banana-2.1'],
    ['Google/Gemini-Nano-Banana-2.1', 'google/gemini-nano-banana-2.1'],
    ['gemini-nano-banana-2.1', 'google/gemini-nano-banana-2.1'],
    [' google/nano-banana-pro ', 'google/gemini-3-pro-image'],
    ['gpt-image-1', 'openai/gpt-image-1'],
    ['gpt-image-2-2026-04-21', 'openai/gpt-image-2'],
    ['chatgpt-image-latest', 'openai/gpt-image-1.5'],
    ['imagen-4.0-generate-001', 'google/imagen-4'],
    ['google/gemini-nano-banana-2.1:floor', 'google/gemini-nano-banana-2.1'],
    ['gpt-image-2:NITRO', 'openai/gpt-image-2'],
    ['inclusionai/ming-image-0.1-design:free', 'inclusionai/ming-image-0.1-design'],
  ] as const

  for (const [name, id] of spellings) assert.equal(catalog.find(name)?.id, id, name)
})

test('finds nothing by a name that promises something else', () => {
  for (const name of [
    '',
    'gemini',
    'openai/gpt-image-2:free',
    'openai/gpt-image-2:online',
    'constructor',
    '__proto__',
    'google/gpt-image-2',
  ]) {
    assert.equal(catalog.find(name), undefined, name)
  }
})

test('a name without its author finds nothing where two authors have it', () => {
  const [model] = allModels
  assert.ok(model)
  const twin: Model = { ...model, id: 'elsewhere/gemini-nano-banana-2.1', author: 'elsewhere', aliases: [] }

  const found = catalogOf([model, twin]).find('gemini-nano-banana-2.1')

  assert.equal(found, undefined)
})

test('an unknown model is refused with the nearest names', () => {
  const cases = [
    ['google/gemini-3.1-flash-imag', 'google/gemini-3.1-flash-image'],
    ['gpt-image2', 'openai/gpt-image-2'],
    ['flux-2-prro', 'black-forest-labs/flux.2-pro'],
    ['bytedance/seedream-4.5', 'bytedance-seed/seedream-4.5'],
  ] as const

  for (const [name, nearest] of cases) {
    assert.equal(catalog.nearest(name)[0], nearest, name)
    const resolved = catalog.resolve(name, live)
    assert.ok(!resolved.ok)
    assert.equal(resolved.error.code, 'model_not_found')
    assert.equal(resolved.error.field, 'model')
    assert.ok(resolved.error.message.includes(nearest))
  }
})

test('a name of a megabyte is refused as quickly as any other', () => {
  const started = performance.now()

  const resolved = catalog.resolve('x'.repeat(1_000_000), live)

  assert.ok(!resolved.ok && resolved.error.message.length < 500)
  assert.ok(performance.now() - started < 500)
})

const SUCCESSORS = [
  ['google/gemini-3.1-flash-image-preview', '2026-06-25', 'google/gemini-nano-banana-2.1'],
  ['google/gemini-2.5-flash-image', '2026-10-02', 'google/gemini-nano-banana-2.1'],
  ['google/gemini-2.5-flash-image-preview', '2026-10-02', 'google/gemini-nano-banana-2.1'],
  ['google/gemini-3.1-flash-image', '2026-10-29', 'google/gemini-nano-banana-2.1'],
  ['google/gemini-3-pro-image-preview', '2026-06-25', 'google/gemini-3-pro-image'],
  ['openai/gpt-image-1', '2026-10-23', 'openai/gpt-image-2.6-sunburst'],
  ['openai/dall-e-2', '2026-05-12', 'openai/gpt-image-2.6-sunburst'],
  ['openai/dall-e-3', '2026-05-12', 'openai/gpt-image-2.6-sunburst'],
] as const

test('live, a model that was shut down is served by its successor with a warning', () => {
  for (const [name, day, successor] of SUCCESSORS) {
    const resolved = catalog.resolve(name, live)

    assert.ok(resolved.ok, name)
    assert.equal(resolved.value.requested, name)
    assert.equal(resolved.value.model.id, successor, name)
    const [warning] = resolved.value.warnings
    assert.equal(warning?.code, 'model_retired')
    assert.ok(warning.message.includes(day) && warning.message.includes(successor), warning.message)
  }
})

test('a test key gets the same model as it was, at its old price, with the same warning', () => {
  for (const [name, day, successor] of SUCCESSORS) {
    const resolved = catalog.resolve(name, testing)

    assert.ok(resolved.ok, name)
    assert.equal(resolved.value.model, catalog.find(name))
    const [warning] = resolved.value.warnings
    assert.equal(warning?.code, 'model_retired')
    assert.ok(warning.message.includes(day) && warning.message.includes(successor), warning.message)
  }
})

test('live, it is refused instead where the operator wants that, naming the successor', () => {
  const resolved = catalog.resolve('google/gemini-2.5-flash-image', { ...live, onRetired: 'refuse' })

  assert.ok(!resolved.ok)
  assert.equal(resolved.error.code, 'model_retired')
  assert.ok(resolved.error.message.includes('google/gemini-nano-banana-2.1'))
})

test('a model is served as itself until the day of its shutdown and no longer', () => {
  const days = [
    ['openai/gpt-image-1.5', '2026-11-30', '2026-12-01'],
    ['openai/gpt-image-1-mini', '2026-11-30', '2026-12-01'],
    ['openai/chatgpt-image-latest', '2026-11-30', '2026-12-01'],
    ['openai/gpt-image-1', '2026-10-22', '2026-10-23'],
    ['google/gemini-3.1-flash-image', '2026-10-28', '2026-10-29'],
  ] as const

  for (const [name, last, first] of days) {
    const before = catalog.resolve(name, { ...live, today: last })
    const after = catalog.resolve(name, { ...live, today: first })

    assert.ok(before.ok && after.ok, name)
    assert.equal(before.value.model, catalog.find(name))
    assert.ok(!before.value.warnings.some(({ code }) => code === 'model_retired'))
    assert.notEqual(after.value.model, before.value.model)
  }
})

test('retirement is judged by the routes that this install can use', () => {
  const only = (provider: string) => ({ ...live, serves: (name: string) => name === provider })

  const cases = [
    ['google/gemini-2.5-flash-image', 'google-ai-studio', 'google/gemini-nano-banana-2.1'],
    ['google/gemini-2.5-flash-image', 'openrouter', 'google/gemini-2.5-flash-image'],
    ['openai/gpt-image-1', 'openai', 'openai/gpt-image-2.6-sunburst'],
    ['openai/gpt-image-1', 'azure', 'openai/gpt-image-1'],
  ] as const
  for (const [name, provider, served] of cases) {
    const resolved = catalog.resolve(name, only(provider))
    assert.ok(resolved.ok)
    assert.equal(resolved.value.model.id, served, `${name} with ${provider} alone`)
  }
})

test('a test key is warned of a retirement whatever this install can use', () => {
  for (const configured of [[], ['openrouter'], ['google-ai-studio']]) {
    const resolved = catalog.resolve('google/gemini-2.5-flash-image', {
      ...testing,
      serves: (name) => configured.includes(name),
    })

    assert.ok(resolved.ok)
    assert.deepEqual(
      resolved.value.warnings.map(({ code }) => code),
      ['model_retired'],
    )
  }
})

test('a model whose last route is gone and that has no successor is refused', () => {
  const resolved = catalog.resolve('amazon/nova-canvas', live)

  assert.ok(!resolved.ok)
  assert.equal(resolved.error.code, 'model_retired')
  assert.match(resolved.error.message, /2026-09-30/)
})

test('a price of medium confidence bills with a warning, a low one refuses live traffic alone', () => {
  const medium = chargeable(modelOf('tongyi-mai/z-image-turbo'), 'live')
  const low = catalog.resolve('luma/photon-1', live)
  const lowInTest = chargeable(modelOf('luma/photon-1'), 'test')
  const high = chargeable(modelOf('google/gemini-nano-banana-2.1'), 'live')

  assert.ok(medium.ok)
  assert.deepEqual(
    medium.value.map(({ code }) => code),
    ['price_unconfirmed'],
  )
  assert.ok(!low.ok)
  assert.equal(low.error.code, 'price_unconfirmed')
  assert.match(low.error.message, /PLANTAIN_CATALOG/)
  assert.ok(catalog.resolve('luma/photon-1', testing).ok)
  assert.ok(lowInTest.ok)
  assert.match(lowInTest.value[0]?.message ?? '', /Live keys are refused/)
  assert.ok(high.ok)
  assert.deepEqual(high.value, [])
})

test('a model whose own price may not be charged is served where one of its routes has a price that may', () => {
  const photon = modelOf('luma/photon-1')
  const [first] = photon.routes
  assert.ok(first)
  const pricing = { ...photon.pricing, confidence: 'high' } as const
  const sold = { ...photon, routes: [first, { ...first, provider: 'fal', pricing }] }

  const resolved = catalogOf([sold]).resolve('luma/photon-1', live)

  assert.ok(resolved.ok)
  assert.deepEqual(resolved.value.warnings, [])
  assert.equal(onRoute(sold, first), sold)
  assert.equal(onRoute(sold, { ...first, pricing }).pricing, pricing)
})

test('the end of a name chooses among routes, in any case', () => {
  const suffixes = ['a/pix:FLOOR ', 'a/pix:nitro', 'a/pix:exacto', 'a/pix:free', 'a/pix', 'a:floor/pix'].map(
    routeSuffix,
  )

  assert.deepEqual(suffixes, ['floor', 'nitro', 'exacto', undefined, undefined, undefined])
})

test('a model without any price is refused in both modes, never served at zero', () => {
  for (const context of [live, testing]) {
    const resolved = catalog.resolve('midjourney/midjourney', context)

    assert.ok(!resolved.ok)
    assert.equal(resolved.error.code, 'price_unconfirmed')
    assert.match(resolved.error.message, /no known list price/)
  }
})

test('a chain of successors is followed to its end, and a circle is refused', () => {
  const [model] = allModels
  assert.ok(model)
  const gone = (id: string, successor: string): Model => ({
    ...model,
    id: `a/${id}`,
    aliases: [],
    successor: `a/${successor}`,
    routes: [{ provider: 'openai', model: id, retiresAt: '2026-01-01' }],
  })
  const { successor: _none, ...alive } = { ...model, id: 'a/third', aliases: [] }

  const chained = catalogOf([gone('first', 'second'), gone('second', 'third'), alive]).resolve('a/first', live)
  const circular = catalogOf([gone('first', 'second'), gone('second', 'first')]).resolve('a/first', live)

  assert.ok(chained.ok)
  assert.equal(chained.value.model.id, 'a/third')
  assert.ok(!circular.ok)
  assert.equal(circular.error.code, 'model_retired')
})
