import assert from 'node:assert/strict'
import { test } from 'node:test'

import { catalogOf, makeCatalog } from '../catalog/catalog.ts'
import { listedModels } from './listed-models.ts'

const made = makeCatalog()
const [model] = made.ok ? made.value.models : []
assert.ok(model)

test('a model is listed until the day on which its last route ends, and never when it is retired', () => {
  const [early, late] = ['2027-01-01', '2027-02-01'].map((retiresAt) => ({ provider: 'fal', model: 'm', retiresAt }))
  assert.ok(early && late)
  const ending = { ...model, status: 'active', routes: [early, late] } as const
  const catalog = catalogOf([ending, { ...ending, id: 'a/retired', aliases: [], status: 'retired' }])

  assert.deepEqual(listedModels(catalog, '2027-01-31'), [ending])
  assert.deepEqual(listedModels(catalog, '2027-02-01'), [])
})
