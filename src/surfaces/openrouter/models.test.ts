import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ImageModelEndpointsResponse$inboundSchema } from '@openrouter/sdk/models/imagemodelendpointsresponse.js'
import { ImageModelsListResponse$inboundSchema } from '@openrouter/sdk/models/imagemodelslistresponse.js'
import { ListEndpointsResponse$inboundSchema } from '@openrouter/sdk/models/listendpointsresponse.js'
import { ModelResponse$inboundSchema } from '@openrouter/sdk/models/modelresponse.js'
import { ModelsCountResponse$inboundSchema } from '@openrouter/sdk/models/modelscountresponse.js'
import { ModelsListResponse$inboundSchema } from '@openrouter/sdk/models/modelslistresponse.js'
import { ListProvidersResponse$inboundSchema } from '@openrouter/sdk/models/operations/listproviders.js'

import { makeCatalog } from '../../catalog/catalog.ts'
import { liveRoutes } from '../../catalog/listing.ts'
import { onWire } from '../on-wire.ts'
import { zodProblem } from '../zod-problem.ts'
import { openrouterSurface } from './surface.ts'

const made = makeCatalog()
assert.ok(made.ok)
const catalog = made.value
/** A day on which some models were shut down and others will be. */
const TODAY = '2026-11-22'
const surface = openrouterSurface({
  catalog,
  configuredProviders: () => ['openai'],
  today: () => TODAY,
})

function ask(id: string, query: object = {}, params: Record<string, string> = {}) {
  const route = surface.routes.find((candidate) => candidate.id === id)
  assert.ok(route?.kind === 'catalog', id)
  const checked = route.query?.safeParse(query)
  if (checked && !checked.success) return { ok: false, error: zodProblem(checked.error, query) } as const
  return route.answer({ params, query: checked?.data, body: undefined })
}

function answer(id: string, query: object = {}, params: Record<string, string> = {}): unknown {
  const result = ask(id, query, params)
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  return onWire(result.value)
}

const list = (query: object) => ModelsListResponse$inboundSchema.parse(answer('listModels', query))
const ids = (query: object) => list(query).data.map(({ id }) => id)

test('every model of the catalogue is what the official client accepts, in every listing', () => {
  const everything = list({})
  const living = catalog.models.filter((model) => model.status !== 'retired' && liveRoutes(model, TODAY).length > 0)
  assert.ok(living.length > 0 && living.length < catalog.models.length)
  assert.equal(everything.totalCount, living.length)
  assert.deepEqual(
    everything.data.map(({ id }) => id),
    living.map(({ id }) => id),
  )
  assert.equal(everything.links.next, null)
  assert.equal(ImageModelsListResponse$inboundSchema.parse(answer('listImageModels')).data.length, living.length)

  for (const model of catalog.models) {
    const { id, name } = model
    const [author = '', slug = ''] = id.split('/')
    const params = { author, slug }
    const { data } = ListEndpointsResponseBody(answer('listModelEndpoints', {}, params))
    assert.equal(data.endpoints.length, liveRoutes(model, TODAY).length)
    const priced = ImageModelEndpointsResponse$inboundSchema.parse(answer('listImageModelEndpoints', {}, params))
    assert.equal(priced.id, id)
    assert.equal(ModelResponse$inboundSchema.parse(answer('getModel', {}, params)).data.name, name)
  }
})

function ListEndpointsResponseBody(value: unknown) {
  const { data } = value as { data: unknown }
  return { data: ListEndpointsResponse$inboundSchema.parse(data) }
}

test('a default listing has the models that make only pictures, and text narrows it to those that speak too', () => {
  const all = ids({})
  const speaking = ids({ output_modalities: 'text,image' })

  assert.deepEqual(ids({ output_modalities: 'all' }), all)
  assert.deepEqual(
    speaking,
    catalog.models
      .filter(({ id, outputModalities }) => all.includes(id) && outputModalities.includes('text'))
      .map(({ id }) => id),
  )
  assert.ok(speaking.length > 0 && speaking.length < all.length)
})

function of(id: string) {
  const model = catalog.find(id)
  assert.ok(model, id)
  return model
}

function isUnpriced(id: string): boolean {
  return of(id).pricing.basis === 'unpriced'
}

test('filters by author, provider, input, parameter and words', () => {
  const google = ids({ model_authors: 'google' })
  assert.ok(google.length > 0 && google.every((id) => of(id).author === 'google'))
  const routed = ids({ providers: ['OpenAI', 'nobody'] })
  assert.ok(routed.length > 0 && routed.every((id) => of(id).routes.some(({ provider }) => provider === 'openai')))
  const seeing = ids({ input_modalities: 'image' })
  assert.ok(seeing.length > 0 && seeing.every((id) => of(id).inputModalities.includes('image')))
  const seeded = ids({ supported_parameters: 'seed' })
  assert.ok(seeded.length > 0 && seeded.every((id) => of(id).supports.seed))
  assert.ok(ids({ q: 'GOOGLE nano' }).every((id) => id.startsWith('google/')))
  assert.deepEqual(ids({ q: 'no such model at all' }), [])
})

test('the cheap come first when asked, the unpriced last in both directions, and newest by date', () => {
  const up = ids({ sort: 'pricing-low-to-high' })
  const down = ids({ sort: 'pricing-high-to-low' })
  const priced = up.filter((id) => !isUnpriced(id))

  assert.notDeepEqual(up, down)
  assert.ok(up.slice(0, priced.length).every((id) => !isUnpriced(id)))
  assert.ok(down.slice(0, priced.length).every((id) => !isUnpriced(id)))
  const dates = list({ sort: 'newest' }).data.map(({ created }) => created)
  assert.deepEqual(
    dates,
    dates.toSorted((a, b) => b - a),
  )
})

test('pages are cut, counted and linked, the filters kept', () => {
  const all = ids({ model_authors: 'google' })

  const page = list({ model_authors: 'google', limit: '1', offset: '1' })

  assert.deepEqual(
    page.data.map(({ id }) => id),
    all.slice(1, 2),
  )
  assert.equal(page.totalCount, all.length)
  assert.equal(page.links.next, '/api/v1/models?model_authors=google&offset=2&limit=1')
  assert.equal(list({ offset: String(all.length + 10_000) }).data.length, 0)
  assert.equal(
    ModelsCountResponse$inboundSchema.parse(answer('countModels', { model_authors: 'google' })).data.count,
    all.length,
  )
})

test('a bad query names its field', () => {
  for (const [query, field] of [
    [{ limit: '0' }, 'limit'],
    [{ limit: 'x' }, 'limit'],
    [{ offset: '-1' }, 'offset'],
    [{ sort: 'best' }, 'sort'],
  ] as const) {
    const result = ask('listModels', query)

    assert.ok(!result.ok)
    assert.equal(result.error.field, field)
  }
})

test('an alias finds its model, and an unknown id is not found, with the nearest names', () => {
  const aliased = catalog.models.find(({ aliases }) => aliases.some((alias) => alias.includes('/')))
  const [author = '', slug = ''] = aliased?.aliases.find((alias) => alias.includes('/'))?.split('/') ?? []
  assert.equal(ModelResponse$inboundSchema.parse(answer('getModel', {}, { author, slug })).data.id, aliased?.id)

  const missing = ask('getModel', {}, { author: 'google', slug: 'nano-bananna' })
  assert.ok(!missing.ok)
  assert.equal(missing.error.code, 'not_found')
  assert.match(missing.error.message, /^google\/nano-bananna is not a valid model ID\. Nearest: \S+/)
})

test('a route that ends gives the model its expiration date only when all routes end', () => {
  const views = catalog.models.map((model) => {
    const [author = '', slug = ''] = model.id.split('/')
    return { model, view: ModelResponse$inboundSchema.parse(answer('getModel', {}, { author, slug })).data }
  })
  const ending = views.filter(({ model }) => model.routes.every(({ retiresAt }) => retiresAt !== undefined))

  assert.ok(ending.some(({ model }) => model.routes.length > 0))
  for (const { model, view } of views) {
    const ends = model.routes.map(({ retiresAt }) => retiresAt)
    const last =
      ends.length === 0 || ends.includes(undefined)
        ? null
        : (ends.toSorted((a = '', b = '') => a.localeCompare(b)).at(-1) ?? null)
    assert.equal(view.expirationDate, last, model.id)
  }
})

test('providers are listed with their slugs, and only reachable models are the user’s own', () => {
  const { data } = ListProvidersResponse$inboundSchema.parse(answer('listProviders'))
  assert.deepEqual(data.find(({ slug }) => slug === 'google-ai-studio')?.name, 'Google AI Studio')
  const configured = (answer('listProviders') as { data: { slug: string; configured: boolean }[] }).data
  assert.deepEqual(
    configured.filter((provider) => provider.configured).map(({ slug }) => slug),
    ['openai'],
  )

  const reachable = ModelsListResponse$inboundSchema.parse(answer('listReachableModels')).data
  assert.deepEqual(
    reachable.map(({ id }) => id),
    ids({ providers: 'openai' }),
  )
  assert.ok(reachable.length > 0 && reachable.length < ids({}).length)
})
