import assert from 'node:assert/strict'
import { test } from 'node:test'

import { makeCatalog } from './catalog.ts'
import { chargeable } from './chargeable.ts'
import { onRoute } from './model.ts'
import { allModels } from './models/all-models.ts'

const live = { mode: 'live', today: '2026-11-22', onRetired: 'successor' } as const

test('the operator sets prices and routes and confirms prices by id', () => {
  const made = makeCatalog([
    {
      id: 'midjourney/midjourney',
      pricing: { basis: 'image', entries: [{ billable: 'output_image', unit: 'image', usd: '0.05' }] },
    },
    { id: 'luma/photon-1', confirmed: true },
    { id: 'OPENAI/gpt-image-1', routes: [{ provider: 'azure', model: 'my-deployment' }] },
  ])

  assert.ok(made.ok)
  const midjourney = made.value.resolve('midjourney', live)
  const photon = made.value.resolve('photon-1', live)
  const image1 = made.value.resolve('gpt-image-1', live)
  assert.ok(midjourney.ok && photon.ok && image1.ok)
  assert.match(midjourney.value.model.pricing.version, /^operator\.[0-9a-f]{12}$/)
  assert.deepEqual(chargeable(midjourney.value.model, 'live'), { ok: true, value: [] })
  assert.deepEqual(chargeable(photon.value.model, 'live'), { ok: true, value: [] })
  assert.equal(photon.value.model.pricing.entries[0]?.usd, '0.015')
  assert.deepEqual(image1.value.model.routes, [{ provider: 'azure', model: 'my-deployment' }])
  assert.equal(made.value.models.length, allModels.length)
})

test('the operator sets the price of one route, which then is not the price of the others', () => {
  const pricing = { basis: 'image', entries: [{ billable: 'output_image', unit: 'image', usd: '0.05' }] }
  const made = makeCatalog([
    {
      id: 'midjourney/midjourney',
      routes: [
        { provider: 'midjourney', model: 'mine', pricing },
        { provider: 'comfy-router', model: 'theirs' },
      ],
    },
  ])
  const wrong = makeCatalog([
    {
      id: 'midjourney/midjourney',
      routes: [{ provider: 'midjourney', model: 'mine', pricing: { ...pricing, basis: 'token' } }],
    },
  ])

  assert.ok(made.ok && !wrong.ok)
  const resolved = made.value.resolve('midjourney', live)
  assert.ok(resolved.ok, 'one of its routes can be charged')
  const sold = resolved.value.model.routes.map((route) => chargeable(onRoute(resolved.value.model, route), 'live'))
  assert.deepEqual(sold[0], { ok: true, value: [] })
  assert.ok(sold[1] && !sold[1].ok)
  assert.match(wrong.error.join(), /midjourney\/midjourney on midjourney: the basis is token/)
})

test("the version of an operator's price follows the price", () => {
  const version = (usd: string) => {
    const made = makeCatalog([
      { id: 'luma/photon-1', pricing: { basis: 'image', entries: [{ billable: 'output_image', unit: 'image', usd }] } },
    ])
    assert.ok(made.ok)
    return made.value.find('luma/photon-1')?.pricing.version
  }

  assert.equal(version('0.01'), version('0.01'))
  assert.notEqual(version('0.01'), version('0.02'))
})

test('the operator adds models that only this install has', () => {
  const route = { provider: 'comfyui', model: 'sdxl?ckpt_name=mine.safetensors' }
  const made = makeCatalog([
    { id: 'mine/fox', routes: [route], pricing: { basis: 'free', entries: [] } },
    {
      id: 'Mine/Banana',
      name: 'Our Banana',
      like: 'google/gemini-nano-banana-2.1',
      routes: [{ provider: 'openai-compatible', model: 'banana' }],
      pricing: { basis: 'image', entries: [{ billable: 'output_image', unit: 'image', usd: '0.01' }] },
    },
  ])

  assert.ok(made.ok)
  assert.equal(made.value.models.length, allModels.length + 2)
  const fox = made.value.resolve('fox', live)
  const banana = made.value.resolve('mine/banana', live)
  const original = made.value.find('google/gemini-nano-banana-2.1')
  assert.ok(fox.ok && banana.ok && original)
  assert.deepEqual(
    [fox.value.model.name, fox.value.model.author, fox.value.model.routes],
    ['mine/fox', 'mine', [route]],
  )
  assert.deepEqual(chargeable(fox.value.model, 'live'), { ok: true, value: [] })
  const { name, author, aspectRatios, tiers, tokens, aliases, pricing } = banana.value.model
  assert.deepEqual([name, author, aliases], ['Our Banana', 'Mine', []])
  assert.deepEqual([aspectRatios, tiers, tokens], [original.aspectRatios, original.tiers, original.tokens])
  assert.equal(pricing.entries[0]?.usd, '0.01')
})

test('what is wrong with a model of one’s own is named', () => {
  const routes = [{ provider: 'comfyui', model: 'sdxl' }]
  const pricing = { basis: 'free', entries: [] }
  for (const [row, says] of [
    [{ id: 'mine/fox', pricing }, /no model has the id "mine\/fox"; one of your own needs routes and pricing/],
    [{ id: 'mine/fox', routes }, /mine\/fox needs pricing: \{"basis": "free"/],
    [{ id: 'fox', routes, pricing }, /"fox" must be author\/name/],
    [{ id: 'mine/fox:free', routes, pricing }, /must be author\/name/],
    [{ id: 'mine/fox', routes, pricing, like: 'nobody/nothing' }, /no model has the id "nobody\/nothing" to be like/],
    [{ id: 'google/gemini-3-pro-image', like: 'luma/photon-1' }, /is in the catalogue: name and like/],
    [
      {
        id: 'mine/fox',
        routes,
        pricing: { basis: 'token', entries: [{ billable: 'output_image', unit: 'token', usd: '0.1' }] },
      },
      /cannot be priced by token/,
    ],
  ] as const) {
    const made = makeCatalog([row])

    assert.ok(!made.ok)
    assert.match(made.error.join('\n'), says)
  }
})

test('every problem of the overrides is named at once', () => {
  const bad = makeCatalog([
    { id: 'nobody/nothing', confirmed: true },
    { id: 'luma/photon-1', confirmed: true },
    { id: 'luma/photon-1', confirmed: true },
    {
      id: 'krea/krea-2-large',
      pricing: { basis: 'token', entries: [{ billable: 'output_image', unit: 'token', usd: '0.1' }] },
    },
    { id: 'midjourney/niji', confirmed: true },
  ])
  const malformed = makeCatalog([
    {
      id: 'luma/photon-1',
      pricing: { basis: 'image', entries: [{ billable: 'output_image', unit: 'image', usd: 0.1 }] },
    },
    { id: 'luma/photon-1', price: '1' },
    { id: 'luma/photon-1', routes: [{ provider: 'luma', model: 'x', retiresAt: 'soon' }] },
  ])
  const notAList = makeCatalog({ id: 'luma/photon-1' })

  assert.ok(!bad.ok && !malformed.ok && !notAList.ok)
  assert.equal(bad.error.length, 4)
  assert.match(
    bad.error.join('\n'),
    /nobody\/nothing.*\n.*more than one row.*\n.*priced by token.*\n.*no price to confirm/,
  )
  assert.equal(malformed.error.length, 3)
  assert.match(malformed.error.join('\n'), /0\.pricing\.entries\.0\.usd.*\n1.*price.*\n2\.routes\.0\.retiresAt/)
  assert.equal(notAList.error.length, 1)
})
