import assert from 'node:assert/strict'
import { test } from 'node:test'

import { z } from 'zod'

import { makeCatalog } from '../catalog/catalog.ts'
import type { Route } from '../core/surface.ts'
import { nativeSurface } from './native/surface.ts'
import { openaiSurface } from './openai/surface.ts'
import { openrouterSurface } from './openrouter/surface.ts'

const made = makeCatalog()
assert.ok(made.ok)
const parts = { catalog: made.value, configuredProviders: () => [], today: () => '2026-11-22' }
const setup = { credentials: () => 0, isSimulated: () => false, settingsOf: () => [] }
const surfaces = [openrouterSurface(parts), openaiSurface(parts), nativeSurface({ ...parts, setup })]
const routes: readonly Route[] = surfaces.flatMap((surface) => surface.routes)

test('no two routes of all surfaces share a name, or a method and path', () => {
  const names = routes.map(({ id }) => id)
  const paths = routes.map(({ method, path }) => `${method} ${path.replaceAll(/:\w+/g, ':')}`)

  assert.equal(new Set(names).size, names.length)
  assert.equal(new Set(paths).size, paths.length)
})

test('OpenAPI can be made from the schema of every body and query, with each field described by its type', () => {
  for (const route of routes) {
    const body = 'body' in route ? route.body : undefined
    const query = 'query' in route ? route.query : undefined
    for (const schema of [body, query]) {
      if (schema === undefined) continue
      const { type, properties } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
      assert.equal(type, 'object', route.id)
      for (const [name, field] of Object.entries(properties ?? {})) {
        assert.ok(typeof field === 'object' && Object.keys(field).length > 0, `${route.id}: ${name}`)
      }
    }
  }
})

test('every path is under a prefix of its own dialect, OpenAI’s pictures under OpenRouter’s apart', () => {
  for (const { prefix, routes: own } of surfaces) {
    const strays = own.filter(({ path, id }) => !path.startsWith(`${prefix}/`) && id !== 'createImageUnderOpenrouter')
    assert.deepEqual(strays, [])
  }
})
