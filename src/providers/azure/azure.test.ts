import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../../core/image-request.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import { answer, callTo, CREDENTIAL, formFields, playback, withUpstream } from '../playback.ts'
import { providerContract } from '../provider-contract.ts'
import { failureOf, type RecordedFailure } from '../test-fixtures.ts'
import { AZURE } from './entry.ts'
import { makeAzure } from './provider.ts'
import { resourceAt } from './resource.ts'

const DEPLOYMENT = 'gpt-image-2'
const GOOD = JSON.stringify({ created: 1_790_000_000, data: [{ b64_json: '{{picture}}' }], output_format: 'png' })
const KITE: ImageRequest = { model: 'any', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a kite' }] }] }

providerContract(makeAzure, {
  model: DEPLOYMENT,
  path: '/openai/v1/images/generations?api-version=v1',
  credentialHeader: ['api-key', (credential) => credential],
  smallestBody: { model: DEPLOYMENT, prompt: 'a red fox' },
  answerWith: (base64) => GOOD.replace('{{picture}}', base64),
  failures: JSON.parse(readFileSync(new URL('fixtures/errors.json', import.meta.url), 'utf8')) as RecordedFailure[],
  traits: AZURE.traits,
})

describe('the base URL of a resource', () => {
  const cases: readonly [base: string, path: string, namesModel: boolean][] = [
    ['', '/openai/v1/images/generations?api-version=v1', true],
    ['/', '/openai/v1/images/generations?api-version=v1', true],
    ['/openai', '/openai/v1/images/generations?api-version=v1', true],
    ['/openai/v1', '/openai/v1/images/generations', true],
    ['/openai/v1?api-version=preview', '/openai/v1/images/generations?api-version=preview', true],
    ['/api/projects/p/openai/v1', '/api/projects/p/openai/v1/images/generations', true],
    ['/proxy/v1', '/proxy/v1/images/generations', true],
    [
      '/openai/deployments',
      `/openai/deployments/${DEPLOYMENT}/images/generations?api-version=2025-04-01-preview`,
      false,
    ],
    [
      '/openai/deployments/?api-version=2026-10-01',
      `/openai/deployments/${DEPLOYMENT}/images/generations?api-version=2026-10-01`,
      false,
    ],
  ]
  for (const [base, path, namesModel] of cases) {
    test(`${base === '' ? 'without a path' : base} leads to ${path}`, async () => {
      await using server = await playback(answer(200, GOOD.replace('{{picture}}', 'AAAA')))

      const result = await generated(`${server.url}${base}`, KITE)

      assert.ok(result.ok)
      const [sent] = server.requests
      assert.equal(sent?.path, path)
      assert.deepEqual(JSON.parse(sent?.body ?? ''), {
        ...(namesModel && { model: DEPLOYMENT }),
        prompt: 'a kite',
      })
    })
  }

  test('with anything else in it is refused unsent', async () => {
    await using server = await playback(answer(200, '{}'))
    for (const base of ['/openai?key=1', '/openai/v1?api-version=1&x=2', '/openai#v1', '/openai/v1?api-version=../x']) {
      const failure = failureOf(await generated(`${server.url}${base}`, KITE))

      assert.deepEqual([failure.kind, failure.billed], ['rejected', 'no'], base)
    }
    assert.equal(resourceAt('https://r.openai.azure.com/openai/v1?x=1'), undefined)
    assert.equal(server.requests.length, 0)
  })

  test('and a deployment whose name leads elsewhere is refused unsent', async () => {
    await using server = await playback(answer(200, '{}'))
    for (const model of ['..', '../../secrets', 'a/b', '', 'x?y']) {
      const result = await generated(`${server.url}/openai/deployments`, KITE, model)

      if (model === 'x?y') assert.ok(server.requests.pop()?.path.startsWith('/openai/deployments/x%3Fy/images/'))
      else assert.equal(failureOf(result).kind, 'rejected', model)
      assert.equal(server.requests.length, 0)
    }
  })
})

test('an edit is OpenAI’s form, at the deployment, with the end user under the name that every version knows', async () => {
  await using server = await playback(answer(200, GOOD.replace('{{picture}}', 'AAAA')))
  const blob = new JsonBlob('base64', [Buffer.from('AAAA')], 'image/png')
  const picture = { field: 'image', source: { type: 'inline', blob } } as const
  const request = {
    model: 'any',
    turns: [
      {
        role: 'user',
        parts: [
          { type: 'text', text: 'redder' },
          { type: 'image', picture },
        ],
      },
    ],
    user: 'u_9f2c',
    providerOptions: { azure: { input_fidelity: 'high' }, openai: { moderation: 'low' } },
  } as const satisfies ImageRequest

  await generated(`${server.url}/openai/deployments`, request)

  const [sent] = server.requests
  assert.ok(sent !== undefined)
  assert.ok(sent.path.startsWith(`/openai/deployments/${DEPLOYMENT}/images/edits?`))
  assert.deepEqual(await formFields(sent), {
    prompt: 'redder',
    user: 'u_9f2c',
    input_fidelity: 'high',
    'image[]': { name: 'image-1.png', type: 'image/png', length: 3 },
  })
})

for (const [base, path] of [
  ['', '/openai/v1/models?api-version=v1'],
  ['/openai/deployments', '/openai/models?api-version=2025-04-01-preview'],
] as const) {
  test(`the free question goes to ${path}`, async () => {
    await using server = await playback(answer(200, '{"data":[{"id":"a"},{"id":"b"}]}'))

    const found = await withUpstream(
      {},
      async (upstream) => await makeAzure(upstream).check?.(callTo(server.url + base)),
    )

    assert.deepEqual(found, { ok: true, value: 'the key is good; the resource knows 2 models, deployed or not' })
    assert.deepEqual([server.requests[0]?.path, server.requests[0]?.headers['api-key']], [path, CREDENTIAL])
  })
}

function generated(baseUrl: string, request: ImageRequest, model = DEPLOYMENT) {
  return withUpstream({}, (upstream) => makeAzure(upstream).generate(request, { ...callTo(baseUrl), model }))
}
