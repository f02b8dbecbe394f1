import assert from 'node:assert/strict'
import { test } from 'node:test'

import { dimensions, ratioField, sizeField } from './dimensions.ts'

function shape(size?: string, resolution?: string, ratio?: string) {
  return dimensions(
    [
      { field: 'size', value: size },
      { field: 'resolution', value: resolution },
    ],
    { field: 'aspect_ratio', value: ratio },
  )
}

test('tiers, pixels and ratios that agree are kept as they were said', () => {
  const square = { width: 2048, height: 2048 }
  for (const [said, expected] of [
    [shape(), {}],
    [shape('auto', undefined, 'auto'), {}],
    [shape('2K'), { resolution: '2K' }],
    [shape(undefined, '0.5K'), { resolution: '512' }],
    [shape('2K', '2K', '16:9'), { resolution: '2K', aspectRatio: '16:9' }],
    [shape('2048x2048'), { size: square }],
    [shape('2048x2048', '2K', '1:1'), { size: square, resolution: '2K', aspectRatio: '1:1' }],
    // Makers round to their grid: these are what documented sizes of 1K and these ratios really are.
    [shape('1344x768', '1K', '16:9'), { size: { width: 1344, height: 768 }, resolution: '1K', aspectRatio: '16:9' }],
    [shape('864x1184', '1K', '3:4'), { size: { width: 864, height: 1184 }, resolution: '1K', aspectRatio: '3:4' }],
  ] as const) {
    assert.deepEqual(said, { ok: true, value: expected })
  }
})

test('what contradicts the pixels is refused by the name of the later field', () => {
  for (const [said, field] of [
    [shape('2048x2048', '1K'), 'resolution'],
    [shape('2K', '4K'), 'resolution'],
    [shape('1024x1024', undefined, '16:9'), 'aspect_ratio'],
    [shape('1024x1280', undefined, '3:4'), 'aspect_ratio'],
    [shape('9000x9000', '2K'), 'resolution'],
  ] as const) {
    assert.ok(!said.ok)
    assert.equal(said.error.code, 'invalid_request')
    assert.equal(said.error.field, field)
    assert.match(said.error.message, new RegExp(`^${field} \\S+ contradicts \\w+ \\S+\\.`))
  }
})

test('a size is a tier, pixels or auto, and a ratio has two sides', () => {
  for (const good of ['512', '0.5K', '1K', '4K', 'auto', '1536x1024'])
    assert.ok(sizeField().safeParse(good).success, good)
  for (const bad of ['1k', '8K', '0x10', '1024X1024', '1024', '1024x', '999999x1', ''])
    assert.ok(!sizeField().safeParse(bad).success, bad)
  for (const good of ['1:1', '2.35:1', '9:19.5', 'auto']) assert.ok(ratioField().safeParse(good).success, good)
  for (const bad of ['16/9', '0:1', '1:0', '16:9:1', 'wide', '100:1'])
    assert.ok(!ratioField().safeParse(bad).success, bad)
})
