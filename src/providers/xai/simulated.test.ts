import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { allModels } from '../../catalog/models/all-models.ts'
import type { ImageRequest } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { simulates } from '../../sandbox/simulates.ts'
import { failureOf } from '../test-fixtures.ts'
import { asked, BLUE, RED } from '../test-requests.ts'
import { retryAfterOf, sandboxForTests, throughSimulator } from '../test-simulated.ts'
import { makeXai } from './provider.ts'

const MODEL = 'grok-imagine-image-2.0'
const { generate, outcomeOf, billed } = throughSimulator(await sandboxForTests('refuse'), 'xai', makeXai, {
  model: MODEL,
  credential: 'xai-good',
  shown: ({ cost }) => `${cost} nanos`,
})
const kite = (more: Partial<ImageRequest> = {}) => asked('a kite', [], more)
const edit = (pictures: readonly Buffer[], more: Partial<ImageRequest> = {}) => asked('make it night', pictures, more)

describe('every field that is sent has its effect', () => {
  const rich: readonly (readonly [name: string, request: ImageRequest])[] = [
    ['a new picture', kite({ n: 2, aspectRatio: '2:1', quality: 'low', providerOptions: { xai: { user: 'u1' } } })],
    ['a large one', kite({ resolution: '2K' })],
    ['an edit of one', edit([RED])],
    ['an edit of two', edit([RED, BLUE], { aspectRatio: '1:2' })],
  ]
  for (const [name, request] of rich) {
    test(name, async () => {
      let fields: readonly string[] = []
      const sent = (body: JsonValue) => void (fields = Object.keys(body ?? {}))
      const whole = await outcomeOf(request, { sent })

      assert.match(whole, /^[12] pictures/)
      assert.ok(fields.length > 3)
      for (const lost of fields) {
        assert.notEqual(await outcomeOf(request, { lost }), whole, `without ${lost}`)
      }
    })
  }
})

describe('what is paid', () => {
  /** Each by the price list: output, then what each reference costs. */
  const sold: readonly (readonly [what: string, dollars: string, request: ImageRequest, model?: string])[] = [
    ['one', '0.04', kite()],
    ['two at medium quality', '0.12', kite({ n: 2, quality: 'medium' })],
    ['one at 2K', '0.06', kite({ resolution: '2K' })],
    ['one from two references', '0.08', edit([RED, BLUE])],
    ['one of the cheap model', '0.02', kite(), 'grok-imagine-image'],
    ['one of the quality model at 2K', '0.07', kite({ resolution: '2K' }), 'grok-imagine-image-quality'],
  ]
  for (const [what, dollars, request, model = MODEL] of sold) {
    test(`for ${what} is ${dollars} dollars, told with the answer and on the bill`, async () => {
      const earlier = billed()

      const result = await generate(request, { model })

      assert.ok(result.ok)
      const nanos = BigInt(Math.round(Number(dollars) * 1e9))
      assert.deepEqual([result.value.cost, billed() - earlier], [nanos, nanos])
      assert.equal(result.value.images.length, request.n ?? 1)
    })
  }
})

describe('what goes wrong is told as it is', () => {
  /** With what the simulator bills, in cents. */
  const cases: readonly (readonly [fault: string, kind: string, billed: string, cents: number])[] = [
    ['status=400', 'rejected', 'no', 0],
    ['status=401', 'unauthorized', 'no', 0],
    ['status=403', 'unauthorized', 'no', 0],
    ['status=404', 'unavailable', 'no', 0],
    ['status=422', 'rejected', 'no', 0],
    ['status=429,retry-after=3', 'rate_limited', 'no', 0],
    ['status=500', 'unavailable', 'unknown', 0],
    ['status=503', 'unavailable', 'no', 0],
    ['refusal=input', 'refused', 'unknown', 5],
    ['refusal=output', 'refused', 'yes', 4],
    ['refusal=flag', 'refused', 'yes', 4],
    ['no-image=images-empty', 'no_image', 'yes', 4],
    ['no-image=images-missing', 'no_image', 'yes', 4],
    ['invalid-json', 'no_image', 'yes', 4],
    ['truncate=2000', 'no_image', 'yes', 4],
    ['reset=mid-body', 'no_image', 'yes', 4],
    ['reset=after-request', 'unavailable', 'unknown', 0],
    ['html', 'no_image', 'yes', 0],
  ]
  for (const [fault, kind, billedAs, cents] of cases) {
    test(`${fault}: ${kind}, billed ${billedAs}, and ${cents} cents on the bill`, async () => {
      const earlier = billed()

      const failure = failureOf(await generate(asked(`a kite [[fault:${fault}]]`)))

      assert.deepEqual([failure.kind, failure.billed], [kind, billedAs], failure.message)
      assert.equal(failure.retryAfterMs, retryAfterOf(fault))
      assert.equal(billed() - earlier, BigInt(cents) * 10_000_000n)
      if (kind === 'refused') assert.equal(failure.cost, billedAs === 'yes' ? 40_000_000n : undefined)
    })
  }

  test('a hang ends with the deadline', async () => {
    const failure = failureOf(await generate(asked('a kite [[fault:hang]]'), { deadlineMs: 300 }))

    assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
  })

  const keys: readonly (readonly [credential: string, says: string])[] = [
    ['xai-invalid', 'Incorrect API key provided'],
    ['xai-locked', 'used all available credits'],
    ['xai-blocked', 'The API key is blocked'],
  ]
  for (const [credential, says] of keys) {
    test(`${credential} is unauthorized: ${says}`, async () => {
      const failure = failureOf(await generate(kite(), { credential }))

      assert.deepEqual([failure.kind, failure.billed], ['unauthorized', 'no'])
      assert.ok(failure.message.includes(says), failure.message)
    })
  }

  test('of three pictures, one withheld, two are delivered', async () => {
    const result = await generate(asked('a kite [[fault:refusal=flag-one]]', [], { n: 3 }))

    assert.ok(result.ok)
    assert.deepEqual([result.value.images.length, result.value.cost], [2, 120_000_000n])
  })

  for (const fault of ['wrong-mime', 'urlsafe-base64', 'unpadded-base64', 'wrapped-base64', 'no-usage', 'oversize=2']) {
    test(`${fault} costs no picture`, async () => {
      const result = await generate(asked(`a kite [[fault:${fault}]]`))

      assert.ok(result.ok)
      assert.equal(result.value.images.length, 1)
      assert.equal(result.value.cost === undefined, fault === 'no-usage')
    })
  }
})

test('the catalogue and the simulator, written apart, agree on what xAI sells', async () => {
  const models = allModels.flatMap(({ routes }) => routes.filter(({ provider }) => provider === 'xai'))

  assert.equal(models.length, 3)
  for (const { model } of models) {
    assert.ok(simulates('xai', model), model)
    assert.ok((await generate(kite(), { model })).ok, model)
  }
  assert.ok(!simulates('xai', 'x-ai/grok-imagine-image'))
})
