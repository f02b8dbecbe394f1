import assert from 'node:assert/strict'
import { test } from 'node:test'

import { findProvider, nearestProviders, PROVIDER_NAMES, providerCalled } from './provider-names.ts'

test('a provider is found by slug, display name, region or old name, in any case', () => {
  const spellings = [
    ['google-ai-studio', 'google-ai-studio'],
    ['Google AI Studio', 'google-ai-studio'],
    ['GOOGLE AI STUDIO', 'google-ai-studio'],
    ['google-vertex/us-east5', 'google-vertex'],
    ['Google-Vertex', 'google-vertex'],
    ['Google', 'google-vertex'],
    ['Black Forest Labs', 'black-forest-labs'],
    ['xAI', 'xai'],
    ['x-ai', 'xai'],
    [' openrouter ', 'openrouter'],
    ['AI/ML API', 'aimlapi'],
  ] as const

  for (const [name, slug] of spellings) assert.equal(findProvider(name)?.slug, slug, name)
})

test('nothing is found by a name that nobody has', () => {
  for (const name of ['', '/', 'acme', 'constructor', 'google-ai', '/us-east5'])
    assert.equal(findProvider(name), undefined, name)
})

test('what is said of a region is not said of the whole provider', () => {
  assert.equal(providerCalled('google-vertex/us-east5'), undefined)
  assert.equal(providerCalled(' AI/ML api ')?.slug, 'aimlapi')
})

test('the nearest names come first, by slug or display name, however long the wrong one is', () => {
  assert.deepEqual(nearestProviders('Gogle AI Studio', ['openai', 'google-vertex', 'google-ai-studio']), [
    'google-ai-studio',
    'google-vertex',
    'openai',
  ])
  assert.deepEqual(nearestProviders('x'.repeat(1_000_000), ['fal', 'fal']), ['fal'])
})

test('slugs, display names and setting names are unique, and every privacy page is an https address', () => {
  for (const key of ['slug', 'name', 'settings'] as const) {
    const values = PROVIDER_NAMES.map((provider) => provider[key].toLowerCase())
    assert.deepEqual([...new Set(values)], values)
  }
  for (const { slug, settings, privacyPolicyUrl } of PROVIDER_NAMES) {
    assert.match(slug, /^[a-z0-9-]+$/)
    assert.match(settings, /^[A-Z_]+$/)
    assert.ok(privacyPolicyUrl === null || URL.parse(privacyPolicyUrl)?.protocol === 'https:', slug)
  }
})
