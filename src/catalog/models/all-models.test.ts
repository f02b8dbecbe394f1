import assert from 'node:assert/strict'
import { test } from 'node:test'

import { findProvider } from '../provider-names.ts'
import { allModels } from './all-models.ts'

const TODAY = '2026-11-22'

/** Kept apart from the rows, so that a row cannot be lost unnoticed. */
const IDS = [
  'google/gemini-2.5-flash-image',
  'google/gemini-3.1-flash-image-preview',
  'google/gemini-3.1-flash-image',
  'google/gemini-3-pro-image-preview',
  'google/gemini-3-pro-image',
  'google/gemini-3.1-flash-lite-image',
  'google/gemini-nano-banana-2.1',
  'google/imagen-4-fast',
  'google/imagen-4',
  'google/imagen-4-ultra',
  'openai/gpt-image-1',
  'openai/gpt-image-1-mini',
  'openai/gpt-image-1.5',
  'openai/gpt-image-2',
  'openai/gpt-image-2.5-flare',
  'openai/gpt-image-2.5-sunburst',
  'openai/gpt-image-2.6-flare',
  'openai/gpt-image-2.6-sunburst',
  'openai/gpt-5-image',
  'openai/gpt-5-image-mini',
  'openai/gpt-5.4-image-2',
  'openai/dall-e-3',
  'openai/dall-e-2',
  'black-forest-labs/flux.2-pro',
  'black-forest-labs/flux.2-flex',
  'black-forest-labs/flux.2-max',
  'black-forest-labs/flux.2-klein-4b',
  'black-forest-labs/flux.2-klein-9b',
  'black-forest-labs/flux.2-dev',
  'black-forest-labs/flux-3-image',
  'black-forest-labs/flux-3-image-klein',
  'black-forest-labs/flux.1-kontext-pro',
  'black-forest-labs/flux.1-kontext-max',
  'black-forest-labs/flux.1.1-pro',
  'black-forest-labs/flux.1.1-pro-ultra',
  'black-forest-labs/flux.1-fill-pro',
  'black-forest-labs/flux.1-schnell',
  'black-forest-labs/flux.1-dev',
  'bytedance-seed/seedream-4.0',
  'bytedance-seed/seedream-4.5',
  'bytedance-seed/seedream-5-0-lite',
  'bytedance-seed/seedream-5-0-flash',
  'bytedance-seed/seedream-5-0-pro',
  'qwen/qwen-image-3-pro',
  'qwen/qwen-image-3',
  'qwen/qwen-image-2.1-pro',
  'qwen/qwen-image-2.0-pro',
  'qwen/qwen-image-2.0',
  'qwen/qwen-image-max',
  'qwen/qwen-image-plus',
  'qwen/qwen-image',
  'qwen/qwen-image-edit-plus',
  'qwen/qwen-image-edit-max',
  'alibaba/wan-2.7-image',
  'alibaba/wan-2.7-image-pro',
  'tongyi-mai/z-image-turbo',
  'x-ai/grok-imagine-image',
  'x-ai/grok-imagine-image-quality',
  'x-ai/grok-imagine-image-2.0',
  'recraft/recraft-v2',
  'recraft/recraft-v3',
  'recraft/recraft-v4',
  'recraft/recraft-v4-pro',
  'recraft/recraft-v4-vector',
  'recraft/recraft-v4-pro-vector',
  'recraft/recraft-v4.1',
  'recraft/recraft-v4.1-pro',
  'recraft/recraft-v4.1-utility',
  'recraft/recraft-v4.1-utility-pro',
  'recraft/recraft-v4.1-vector',
  'recraft/recraft-v4.1-flash',
  'ideogram/ideogram-v3',
  'ideogram/ideogram-v4',
  'ideogram/ideogram-v4.5',
  'stabilityai/stable-image-ultra',
  'stabilityai/stable-image-core',
  'stabilityai/sd3.5-large',
  'stabilityai/sd3.5-large-turbo',
  'stabilityai/sd3.5-medium',
  'stabilityai/stable-image-inpaint',
  'stabilityai/stable-diffusion-xl-base-1.0',
  'sourceful/riverflow-v2-fast',
  'sourceful/riverflow-v2-pro',
  'sourceful/riverflow-v2.5-fast',
  'sourceful/riverflow-v2.5-pro',
  'microsoft/mai-image-2.5',
  'microsoft/mai-image-2.5-flash',
  'microsoft/mai-image-2e',
  'microsoft/mai-image-2.6',
  'tencent/hy-image-v3.5-preview',
  'meta/muse-image',
  'inclusionai/ming-image-0.1-design',
  'krea/krea-2-large',
  'krea/krea-2-medium',
  'krea/krea-2-medium-turbo',
  'luma/photon-1',
  'luma/photon-flash-1',
  'runwayml/gen4-image',
  'runwayml/gen4-image-turbo',
  'amazon/nova-canvas',
  'amazon/titan-image-generator-v2',
  'bria/bria-3.2',
  'minimax/minimax-image-01',
  'minimax/minimax-h3-image',
  'prunaai/p-image-edit',
  'midjourney/midjourney',
  'midjourney/niji',
  'nvidia/sana-1.5',
  'zai-org/glm-image',
  'tencent/hunyuanimage-3',
]

test('every known model is there once, under its own id', () => {
  assert.equal(IDS.length, 110)
  assert.deepEqual(allModels.map(({ id }) => id).toSorted(), IDS.toSorted())
})

test('every row keeps the promises that its readers rely on', () => {
  for (const model of allModels) {
    const { id, pricing, routes, successor, tiers, maxNPerCall, modes, inputModalities, sources } = model
    assert.equal(id, `${model.author}/${id.split('/')[1]}`, id)
    assert.match(model.description, /^\S.*\.$/, id)
    assert.ok(model.created > 1_600_000_000 && model.created < Date.parse(`${TODAY}T00:00:00Z`) / 1000 + 1, id)
    assert.ok(routes.length > 0 && sources.length > 0 && modes.length > 0, id)
    assert.ok(Number.isInteger(maxNPerCall) && maxNPerCall >= 1, id)
    assert.ok(inputModalities.includes('image') === modes.includes('edit'), id)
    assert.equal(pricing.basis === 'unpriced', pricing.entries.length === 0, id)
    assert.equal(pricing.basis === 'token', model.tokens !== undefined && pricing.basis !== 'unpriced', id)
    for (const { provider, retiresAt } of routes) {
      assert.equal(findProvider(provider)?.slug, provider, `${id} names the provider ${provider}`)
      assert.ok(retiresAt === undefined || /^20\d\d-\d\d-\d\d$/.test(retiresAt), id)
    }
    assert.ok(successor === undefined || allModels.some((other) => other.id === successor), id)
    assert.ok(!JSON.stringify(model).includes('0.5K'), `${id} uses the canonical name of the smallest tier`)
    if (pricing.basis === 'token')
      for (const tier of tiers ?? []) {
        assert.ok(
          model.tokens?.outputPerImage[tier] ?? model.tokens?.outputBySize ?? model.tokens?.outputPerMegapixel,
          `${id} ${tier}`,
        )
      }
  }
})

test('no two models share a name', () => {
  const names = allModels.flatMap(({ id, aliases }) => [id, ...aliases]).map((name) => name.toLowerCase())

  assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted())
})
