import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { ImageRequest } from '../../core/image-request.ts'
import type { Progress } from '../../core/receipt.ts'
import { bytesOf, failureOf } from '../test-fixtures.ts'
import { asked, picture, RED, solid } from '../test-requests.ts'
import { sandboxForTests, throughSimulator } from '../test-simulated.ts'
import { makeAzure } from './provider.ts'

// What the adapter shares with OpenAI's is tried there; here it is the door of a resource.
const sandbox = await sandboxForTests('refuse')
const { generate, billed } = throughSimulator(sandbox, 'azure', makeAzure, { model: 'gpt-image-2', credential: 'any' })
const kite = (more: Partial<ImageRequest> = {}, prompt = 'a kite', pictures: readonly Buffer[] = []) =>
  asked(prompt, pictures, { size: { width: 816, height: 816 }, format: 'jpeg', ...more })

for (const base of ['', '/openai/v1', '/openai/v1?api-version=preview', '/openai/deployments']) {
  test(`a resource at ${base === '' ? 'its host alone' : base} makes, shows and edits pictures, at their price`, async () => {
    const earlier = billed()
    const baseUrl = `${sandbox.baseUrlFor('azure')}${base}`
    const mask = picture(await solid(96, 64, '#00000000'))
    const seen: Progress[] = []

    const made = await generate(kite(), { baseUrl })
    const shown = await generate(kite({ previews: 1 }), { baseUrl, progress: (event) => seen.push(event) })
    const edited = await generate(kite({ mask, user: 'u_1' }, 'a kite', [RED]), { baseUrl })

    assert.ok(made.ok && shown.ok && edited.ok)
    assert.ok(bytesOf(made.value.images[0]?.blob).equals(bytesOf(shown.value.images[0]?.blob)))
    assert.ok(!bytesOf(edited.value.images[0]?.blob).equals(bytesOf(made.value.images[0]?.blob)))
    assert.deepEqual(
      seen.map(({ type }) => type),
      ['preview'],
    )
    // Three pictures of ceil(1767 · 816 · 816 ÷ 1,048,576), a preview of 100, a reference of 1,000, and two words each time.
    assert.equal(billed() - earlier, (3n * 1_123n + 100n) * 30_000n + 1_000n * 8_000n + 3n * 2n * 5_000n)
    const { request } = sandbox.bill().recent.at(-1) ?? {}
    assert.equal((request as { user?: string }).user, 'u_1')
  })
}

describe('what goes wrong is told as it is', () => {
  const cases: readonly [fault: string, kind: string, billedAs: string, code: string | undefined][] = [
    ['refusal=filter', 'refused', 'unknown', 'contentFilter'],
    ['refusal=item', 'refused', 'yes', undefined],
    ['refusal=moderation:input', 'refused', 'no', 'moderation_blocked'],
    ['status=401', 'unauthorized', 'no', '401'],
    ['status=404', 'unavailable', 'no', 'DeploymentNotFound'],
    ['status=429', 'rate_limited', 'no', 'RateLimitReached'],
    ['status=500', 'unavailable', 'unknown', 'server_error'],
  ]
  for (const [fault, kind, billedAs, code] of cases) {
    test(`${fault}: ${kind}, billed ${billedAs}`, async () => {
      const earlier = billed()
      const failure = failureOf(await generate(kite({}, `a kite [[fault:${fault}]]`)))

      assert.deepEqual([failure.kind, failure.billed, failure.code], [kind, billedAs, code], failure.message)
      assert.equal(failure.retryAfterMs, fault === 'status=429' ? 7_000 : undefined)
      assert.equal(billed() > earlier, fault === 'refusal=item')
    })
  }

  for (const [credential, kind, says] of [
    ['key-invalid', 'unauthorized', 'invalid subscription key'],
    ['key-locked', 'unauthorized', 'temporarily blocked'],
  ] as const) {
    test(`${credential} is ${kind}`, async () => {
      const failure = failureOf(await generate(kite(), { credential }))

      assert.deepEqual([failure.kind, failure.billed], [kind, 'no'])
      assert.ok(failure.message.includes(says), failure.message)
    })
  }

  test('a deployment that nobody has made is told as absent', async () => {
    const failure = failureOf(await generate(kite(), { model: 'my-deployment' }))

    assert.deepEqual([failure.kind, failure.billed, failure.status], ['unavailable', 'no', 404])
  })
})
