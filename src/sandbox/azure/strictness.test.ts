import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { type Sandbox, startSandbox } from '../simulators.ts'

let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
})
after(() => sandbox.close())

const KITE = { model: 'gpt-image-2', prompt: 'a kite' }
const V1 = '/openai/v1/images/generations'
const OLDER = '/openai/deployments/gpt-image-2/images/generations'
const KEY = { 'api-key': 'any' }

const cases: readonly [what: string, path: string, headers: Record<string, string>, body: object, status: number][] = [
  ['no key', V1, {}, KITE, 401],
  ['a key in another provider’s header', V1, { 'x-api-key': 'any' }, KITE, 401],
  ['an older address without its version', OLDER, KEY, KITE, 404],
  ['an older address with a version of the new one', `${OLDER}?api-version=v1`, KEY, KITE, 404],
  ['a new address with a version of the older one', `${V1}?api-version=2025-04-01-preview`, KEY, KITE, 400],
  ['no deployment', V1, KEY, { prompt: 'a kite' }, 400],
  [
    'a deployment that nobody has made',
    '/openai/deployments/mine/images/generations?api-version=2025-04-01-preview',
    KEY,
    KITE,
    404,
  ],
  ['a field that nobody knows', V1, KEY, { ...KITE, seed: 1 }, 400],
  ['an address of nothing', '/openai/images/generations', KEY, KITE, 404],
]
for (const [what, path, headers, body, status] of cases) {
  test(`${what} is ${status}, and costs nothing`, async () => {
    const answer = await fetch(`${sandbox.baseUrlFor('azure')}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })

    assert.equal(answer.status, status)
    assert.ok('error' in ((await answer.json()) as object))
    assert.equal(sandbox.bill().billed_nanos, '0')
  })
}

test('a token of Entra opens the door as a key does', async () => {
  const headers = { authorization: 'Bearer eyJ0', 'content-type': 'application/json' }
  const answer = await fetch(`${sandbox.baseUrlFor('azure')}${V1}`, { method: 'POST', headers, body: '{}' })

  assert.equal(answer.status, 400)
})
