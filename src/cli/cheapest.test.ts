import assert from 'node:assert/strict'
import { test } from 'node:test'

import { allModels } from '../catalog/models/all-models.ts'
import { usd } from '../core/money.ts'
import { cheapestFirst } from './cheapest.ts'

const at = (provider: string, today = '2026-11-22') => cheapestFirst(allModels, { provider, limits: undefined, today })

test('the cheapest look of each model comes first, and what is free comes last', () => {
  const wishes = at('openrouter')

  const paid = wishes.filter(({ typical }) => typical > 0n).map(({ typical }) => typical)
  assert.ok(paid.length > 20)
  assert.deepEqual(
    paid,
    paid.toSorted((a, b) => Number(a - b)),
  )
  assert.equal(wishes.at(-1)?.typical, 0n)
  const gpt = wishes.find(({ model }) => model === 'openai/gpt-image-2')
  assert.deepEqual(gpt, { model: 'openai/gpt-image-2', quality: 'low', typical: usd('0.006') })
})

test('what needs a reference, has been shut down, or has no price that may be charged is not asked for', () => {
  const asked = (provider: string, today?: string) => at(provider, today).map(({ model }) => model)

  assert.ok(asked('fal').includes('qwen/qwen-image'))
  assert.ok(!asked('fal').includes('qwen/qwen-image-edit-2509'))
  assert.ok(asked('google-ai-studio', '2026-10-01').includes('google/gemini-3.1-flash-image'))
  assert.ok(!asked('google-ai-studio').includes('google/gemini-3.1-flash-image'))
  assert.deepEqual(asked('nobody'), [])
})
