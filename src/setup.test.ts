import assert from 'node:assert/strict'
import { test } from 'node:test'

import { makeCatalog } from './catalog/catalog.ts'
import { type Environment, readConfig } from './config.ts'
import { makeAccess, setupOf } from './setup.ts'

const made = makeCatalog()
assert.ok(made.ok)
const catalog = made.value

function configOf(environment: Environment) {
  const { config, problems } = readConfig({ HOME: '/', ...environment })
  assert.deepEqual(problems, [])
  return config
}

test('a credential setting may hold several, and each call is given the one of its number', async () => {
  const config = configOf({ GEMINI_API_KEY: ' first, second,first,, ', PLANTAIN_GOOGLE_BASE_URL: 'https://g.test/' })
  const access = makeAccess(config)

  assert.equal(setupOf(config, catalog).credentials('google-ai-studio'), 2)
  assert.equal(setupOf(config, catalog).credentials('openai'), 0)
  assert.deepEqual(await access.of('google-ai-studio', 'live', 0), {
    baseUrl: 'https://g.test',
    credential: 'first',
    deliveryOrigins: [],
  })
  assert.deepEqual(await access.of('google-ai-studio', 'live', 1), {
    baseUrl: 'https://g.test',
    credential: 'second',
    deliveryOrigins: [],
  })
  await assert.rejects(access.of('google-ai-studio', 'live', 2), /has no place 2/)
  await access.close()
})

test('the first name of a credential that is set is the one that counts, and one without a credential is a problem', () => {
  const both = configOf({ GEMINI_API_KEY: 'a', GOOGLE_API_KEY: 'b,c' })
  const { config, problems } = readConfig({ HOME: '/', GEMINI_API_KEY: ' , ' })

  assert.deepEqual(
    both.providers['google-ai-studio']?.places.map(({ credential }) => credential),
    ['a'],
  )
  assert.deepEqual(config.providers, {})
  assert.deepEqual(problems, ['GEMINI_API_KEY: must hold a credential, or several with commas between them'])
})

test('the operator vouches for providers by name, and for nobody by a mistyped or partial one', () => {
  const setup = setupOf(
    configOf({ PLANTAIN_ZDR_PROVIDERS: 'OpenAI', PLANTAIN_NO_TRAINING_PROVIDERS: 'fal, Google AI Studio' }),
    catalog,
  )
  const kept = ['openai', 'fal', 'google-ai-studio', 'google-vertex'].map((slug) => setup.keepsData(slug))
  const { problems } = readConfig({
    HOME: '/',
    PLANTAIN_ZDR_PROVIDERS: 'fall,google-vertex/us-east5',
    PLANTAIN_ROUTE_ORDER: 'opnrouter',
  })

  assert.deepEqual(kept, ['none', 'not for training', 'not for training', 'unknown'])
  assert.equal(problems.length, 3)
  assert.match(problems.join('\n'), /PLANTAIN_ROUTE_ORDER: no provider is called "opnrouter"; the nearest: openrouter/)
  assert.match(problems.join('\n'), /PLANTAIN_ZDR_PROVIDERS: no provider is called "fall"; the nearest: fal,/)
  assert.match(problems.join('\n'), /PLANTAIN_ZDR_PROVIDERS: no provider is called "google-vertex\/us-east5"/)
})

test('the operator’s order is one of slugs, whatever the providers were called', () => {
  const setup = setupOf(configOf({ PLANTAIN_ROUTE_ORDER: 'OpenRouter, google-ai-studio' }), catalog)

  assert.deepEqual(setup.operatorOrder, ['openrouter', 'google-ai-studio'])
  assert.equal(setup.slugOf('google-vertex/us-east5'), 'google-vertex')
  assert.ok(setup.simulatedModels.includes('google/gemini-nano-banana-2.1'))
  assert.ok(setup.passThrough('google-ai-studio').includes('safetySettings'))
})
