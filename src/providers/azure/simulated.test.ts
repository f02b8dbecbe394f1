import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import sharp from 'sharp'

import type { ImageRequest, Picture } from '../../core/image-request.ts'
import { JsonBlob } from '../../core/json-blob.ts'
import type { Progress } from '../../core/receipt.ts'
import { type Sandbox, startSandbox } from '../../sandbox/simulators.ts'
import { callTo, withUpstream } from '../playback.ts'
import { bytesOf, failureOf } from '../provider-contract.ts'
import { makeAzure } from './provider.ts'

// The adapter against the simulator of a resource. What it shares with OpenAI's is tried there; here it is the door.
let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ retired: 'refuse' })
})
after(() => sandbox.close())

const DEPLOYMENT = 'gpt-image-2'
const RED = await sharp({ create: { width: 64, height: 64, channels: 4, background: '#c03020' } })
  .png()
  .toBuffer()
const CLEAR = await sharp({ create: { width: 64, height: 64, channels: 4, background: '#00000000' } })
  .png()
  .toBuffer()

for (const base of ['', '/openai/v1', '/openai/v1?api-version=preview', '/openai/deployments']) {
  test(`a resource at ${base === '' ? 'its host alone' : base} makes, shows and edits pictures, at their price`, async () => {
    const earlier = billed()
    const seen: Progress[] = []

    const made = await generated(kite(), base)
    const shown = await generated({ ...kite(), previews: 1 }, base, { progress: (event) => seen.push(event) })
    const edited = await generated({ ...kite([RED]), mask: picture(CLEAR), user: 'u_1' }, base)

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
      const failure = failureOf(await generated(kite([], `a kite [[fault:${fault}]]`)))

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
      const failure = failureOf(await generated(kite(), '', { credential }))

      assert.deepEqual([failure.kind, failure.billed], [kind, 'no'])
      assert.ok(failure.message.includes(says), failure.message)
    })
  }

  test('a deployment that nobody has made is told as absent', async () => {
    const failure = failureOf(await generated(kite(), '', { model: 'my-deployment' }))

    assert.deepEqual([failure.kind, failure.billed, failure.status], ['unavailable', 'no', 404])
  })
})

type Options = { model?: string; credential?: string; progress?: (event: Progress) => void }

function generated(
  request: ImageRequest,
  base = '',
  { model = DEPLOYMENT, credential = 'any', progress = () => {} }: Options = {},
) {
  const call = callTo(`${sandbox.baseUrlFor('azure')}${base}`, { deadlineMs: 20_000 })
  return withUpstream({}, (upstream) => makeAzure(upstream).generate(request, { ...call, model, credential, progress }))
}

function kite(pictures: readonly Buffer[] = [], prompt = 'a kite'): ImageRequest {
  const images = pictures.map((bytes) => ({ type: 'image', picture: picture(bytes) }) as const)
  return {
    model: 'any',
    turns: [{ role: 'user', parts: [...images, { type: 'text', text: prompt }] }],
    size: { width: 816, height: 816 },
    format: 'jpeg',
  }
}

function picture(bytes: Buffer): Picture {
  return { field: 'image', source: { type: 'inline', blob: new JsonBlob('binary', [bytes], 'image/png') } }
}

function billed(): bigint {
  return BigInt(sandbox.bill().billed_nanos)
}
