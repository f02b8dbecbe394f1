import assert from 'node:assert/strict'
import { test } from 'node:test'

import { labelOf, nearestTier, readTier } from './tier.ts'

test('a tier is read in any case and in its older spelling', () => {
  const spellings = [
    ['512', '512'],
    ['0.5K', '512'],
    ['0.5k', '512'],
    ['1k', '1K'],
    [' 2K ', '2K'],
    ['4K', '4K'],
    ['3K', undefined],
    ['1024x1024', undefined],
    ['', undefined],
  ] as const

  for (const [text, tier] of spellings) assert.equal(readTier(text), tier, JSON.stringify(text))
})

test('another model takes the next larger tier, or its largest', () => {
  assert.equal(nearestTier('512', ['1K', '2K', '4K']), '1K')
  assert.equal(nearestTier('4K', ['1K', '2K']), '2K')
  assert.equal(nearestTier('1K', []), undefined)
})

test('a picture belongs to the resolution label that is nearest in area', () => {
  const labels = ['768', '1K', '1.5K', '2K', '4K']

  assert.equal(labelOf(1376 * 768, labels), '1K')
  assert.equal(labelOf(1920 * 1080, labels), '1.5K')
  assert.equal(labelOf(8000 * 8000, labels), '4K')
  assert.equal(labelOf(1000, ['huge']), undefined)
})
