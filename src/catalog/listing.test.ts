import assert from 'node:assert/strict'
import { test } from 'node:test'

import { catalogOf } from './catalog.ts'
import { endpointPrices, liveRoutes, openrouterPricing, shutDownOn, supportedParameters } from './listing.ts'
import type { Model } from './model.ts'
import { allModels } from './models/all-models.ts'

const catalog = catalogOf(allModels)

function modelOf(id: string): Model {
  const model = catalog.find(id)
  assert.ok(model, id)
  return model
}

test('parameters are listed as OpenRouter describes them', () => {
  assert.deepEqual(supportedParameters(modelOf('google/gemini-3.1-flash-image')), {
    resolution: { type: 'enum', values: ['512', '1K', '2K', '4K'] },
    aspect_ratio: {
      type: 'enum',
      values: ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9', '1:4', '4:1', '1:8', '8:1'],
    },
    n: { type: 'range', min: 1, max: 10 },
    output_format: { type: 'enum', values: ['png', 'jpeg', 'webp'] },
    output_compression: { type: 'range', min: 0, max: 100 },
    background: { type: 'enum', values: ['auto', 'opaque'] },
    seed: { type: 'boolean' },
    input_references: { type: 'range', min: 0, max: 14 },
  })
})

test('what a model cannot do is missing from its parameters', () => {
  const imagen = supportedParameters(modelOf('google/imagen-4'))
  const flux = supportedParameters(modelOf('black-forest-labs/flux.2-pro'))
  const vector = supportedParameters(modelOf('recraft/recraft-v4-vector'))
  const editor = supportedParameters(modelOf('qwen/qwen-image-edit-plus'))
  const gpt = supportedParameters(modelOf('openai/gpt-image-1'))

  assert.equal(imagen['input_references'], undefined)
  assert.equal(flux['resolution'], undefined)
  assert.ok(flux['aspect_ratio']?.type === 'enum' && flux['aspect_ratio'].values.includes('2.35:1'))
  assert.deepEqual(vector['output_format'], { type: 'enum', values: ['svg', 'png', 'jpeg', 'webp'] })
  assert.deepEqual(editor['input_references'], { type: 'range', min: 1, max: 3 })
  assert.deepEqual(gpt['background'], { type: 'enum', values: ['auto', 'transparent', 'opaque'] })
  assert.deepEqual(gpt['quality'], { type: 'enum', values: ['auto', 'low', 'medium', 'high'] })
  assert.equal(gpt['seed'], undefined)
})

test('prices of the model list are decimal text under the keys of its basis', () => {
  assert.deepEqual(openrouterPricing(modelOf('google/gemini-nano-banana-2.1')), {
    prompt: '0.0000015',
    completion: '0.0000075',
    request: '0',
    image_token: '0.0000015',
    image_output: '0.00003',
    internal_reasoning: '0.0000075',
  })
  assert.deepEqual(openrouterPricing(modelOf('x-ai/grok-imagine-image-2.0')), {
    prompt: '0',
    completion: '0',
    request: '0',
    image: '0.01',
    image_output: '0.04',
  })
  assert.deepEqual(openrouterPricing(modelOf('black-forest-labs/flux.2-pro')), {
    prompt: '0',
    completion: '0',
    request: '0',
    image: '0.015',
    image_output: '0.03',
  })
  assert.equal(openrouterPricing(modelOf('midjourney/midjourney')).image_output, '-1')
})

test('the price list of a model names its variants', () => {
  assert.deepEqual(endpointPrices(modelOf('x-ai/grok-imagine-image-2.0')).slice(0, 2), [
    { billable: 'output_image', unit: 'image', cost_usd: 0.04, variant: 'low_1k' },
    { billable: 'output_image', unit: 'image', cost_usd: 0.06, variant: 'medium_1k' },
  ])
  assert.deepEqual(endpointPrices(modelOf('black-forest-labs/flux.2-pro')), [
    { billable: 'output_image', unit: 'megapixel', cost_usd: 0.03 },
    { billable: 'output_image', unit: 'megapixel', cost_usd: 0.015, variant: 'additional' },
    { billable: 'input_image', unit: 'megapixel', cost_usd: 0.015 },
  ])
  assert.deepEqual(endpointPrices(modelOf('openai/dall-e-2'))[0], {
    billable: 'output_image',
    unit: 'image',
    cost_usd: 0.016,
    variant: '256x256',
  })
})

test('every priced model lists prices, and they are the entries that it charges by', () => {
  for (const model of allModels) {
    const rows = endpointPrices(model)
    assert.deepEqual(
      rows.map(({ cost_usd }) => cost_usd),
      model.pricing.entries.map(({ usd }) => Number(usd)),
      model.id,
    )
    const variants = rows.map(({ billable, variant }) => `${billable} ${variant}`)
    assert.equal(new Set(variants).size, variants.length, `${model.id} lists a variant twice`)
  }
})

test('routes end on their day, and a model when its last route does', () => {
  const mini = modelOf('openai/gpt-image-1-mini')
  const preview = modelOf('google/gemini-3.1-flash-image-preview')

  assert.deepEqual(
    liveRoutes(mini, '2026-11-30').map(({ provider }) => provider),
    ['openai', 'azure', 'openrouter'],
  )
  assert.deepEqual(
    liveRoutes(mini, '2026-12-01').map(({ provider }) => provider),
    ['azure'],
  )
  assert.equal(shutDownOn(mini), null)
  assert.equal(shutDownOn(preview), '2026-10-29')
  assert.equal(shutDownOn(modelOf('google/gemini-3.1-flash-image')), '2026-10-29')
})
