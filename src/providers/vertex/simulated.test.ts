import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import sharp from 'sharp'

import { allModels } from '../../catalog/models/all-models.ts'
import type { ImageRequest, Turn } from '../../core/image-request.ts'
import { simulates } from '../../sandbox/simulates.ts'
import { testKey } from '../../sandbox/vertex/test-key-file.ts'
import { bytesOf, failureOf } from '../test-fixtures.ts'
import { everyGeminiFieldCounts, SMALL, wordsOf } from '../test-gemini.ts'
import { asked, picture } from '../test-requests.ts'
import { retryAfterOf, sandboxForTests, throughSimulator } from '../test-simulated.ts'
import { makeVertex } from './provider.ts'

// A service account all the way.
const DIRECTORY = mkdtempSync(join(tmpdir(), 'plantain-vertex-'))
after(() => rmSync(DIRECTORY, { recursive: true }))

const sandbox = await sandboxForTests()
const vertex = throughSimulator(sandbox, 'google-vertex', makeVertex, {
  model: SMALL,
  credential: keyFile('kites'),
  shown: wordsOf,
})
const kite = (prompt = 'a kite', more: Partial<ImageRequest> = {}) => asked(prompt, [], { resolution: '512', ...more })

describe('every field that is sent has its effect', () => {
  const output = 'generationConfig.imageConfig.imageOutputOptions'
  const places = ['contents.0.role', output, `${output}.compressionQuality`]
  everyGeminiFieldCounts(vertex, { format: 'jpeg', compression: 30 }, { places })
})

describe('the simulator of Vertex, seen through the adapter', { concurrency: 2 }, () => {
  test('makes the format that is asked for, PNG by itself', async () => {
    for (const [format, made] of [
      ['jpeg', 'jpeg'],
      ['png', 'png'],
      ['webp', 'png'],
      [undefined, 'png'],
    ] as const) {
      const result = await vertex.generate(kite('a kite', format && { format }))

      assert.ok(result.ok)
      assert.equal((await sharp(bytesOf(result.value.images[0]?.blob)).metadata()).format, made)
    }
  })

  test('charges by Google’s price list, which the usage agrees with', async () => {
    const name = 'a kite that is paid for'
    const result = await vertex.generate(kite(name))

    assert.ok(result.ok)
    const { inputTokens, outputTokens, outputImageTokens, thoughtTokens } = result.value.usage ?? {}
    // 23 bytes are 6 tokens; 88 + 7 × 6 words, 96 + 11 × 6 thoughts; 747 for the picture.
    assert.deepEqual([inputTokens, outputTokens, outputImageTokens, thoughtTokens], [6, 130 + 162 + 747, 747, 162])
    const nanos = 6 * 500 + (130 + 162) * 3_000 + 747 * 60_000
    assert.equal(vertex.callsNamed(name)[0]?.billed_nanos, String(nanos))
    assert.equal(result.value.cost, undefined)
  })

  test('edits the model’s own picture of before', async () => {
    const first = await vertex.generate(kite())
    assert.ok(first.ok)
    const [made] = first.value.images
    assert.ok(made?.continuation !== undefined)
    const again = { ...picture(bytesOf(made.blob)), continuation: made.continuation }
    const answered: Turn = { role: 'assistant', parts: [{ type: 'image', picture: again }] }

    const second = await vertex.generate(kite('a kite', { turns: [...kite().turns, answered, ...kite('bluer').turns] }))

    assert.ok(second.ok, second.ok ? '' : second.error.message)
    assert.ok(!bytesOf(second.value.images[0]?.blob).equals(bytesOf(made.blob)))
  })

  const SMALL_COST = 6n * 500n
  const faults: readonly [fault: string, kind: string, billed: string, cost: 'nothing' | 'prompt' | 'picture'][] = [
    ['status=400', 'rejected', 'no', 'nothing'],
    ['status=401', 'unauthorized', 'no', 'nothing'],
    ['status=403', 'unauthorized', 'no', 'nothing'],
    ['status=404', 'unavailable', 'no', 'nothing'],
    ['status=429', 'rate_limited', 'no', 'nothing'],
    ['status=429,retry-after=7', 'rate_limited', 'no', 'nothing'],
    ['status=500', 'unavailable', 'unknown', 'nothing'],
    ['status=503', 'unavailable', 'no', 'nothing'],
    ['status=504', 'unavailable', 'unknown', 'nothing'],
    ['redirect=http://127.0.0.1:9/', 'unavailable', 'no', 'nothing'],
    ['html', 'no_image', 'yes', 'nothing'],
    ['reset=after-request', 'unavailable', 'unknown', 'nothing'],
    ['refusal=promptFeedback:PROHIBITED_CONTENT', 'refused', 'no', 'prompt'],
    ['refusal=finish:IMAGE_SAFETY', 'refused', 'unknown', 'prompt'],
    ['no-image=parts-null', 'no_image', 'yes', 'prompt'],
    ['no-image=candidates-missing', 'no_image', 'yes', 'prompt'],
    ['truncate=2000', 'no_image', 'yes', 'picture'],
    ['invalid-json', 'no_image', 'yes', 'picture'],
    ['reset=mid-body', 'no_image', 'yes', 'picture'],
    ['bad-base64', 'no_image', 'yes', 'picture'],
  ]
  for (const [fault, kind, billed, cost] of faults) {
    test(`${fault} is ${kind}, billed ${billed}, and ${cost} is on the bill`, async () => {
      // The same words for all of them: what is painted once need not be painted again.
      const result = await vertex.generate(kite(`a kite [[fault:${fault}]]`))

      const calls = sandbox.bill().recent.filter(({ faults: met }) => directive(met) === fault)
      assert.equal(calls.length, 1)
      const nanos = BigInt(calls[0]?.billed_nanos ?? 0)
      const [least, most] = {
        nothing: [0n, 0n],
        prompt: [SMALL_COST, 2_000_000n],
        picture: [44_820_000n, 50_000_000n],
      }[cost]
      assert.ok(least !== undefined && most !== undefined && nanos >= least && nanos <= most, String(nanos))
      // Whether base64 can be decoded is for who decodes it: the adapter hands such a picture on.
      if (fault === 'bad-base64') return assert.ok(result.ok)
      const failure = failureOf(result)
      assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
      assert.equal(failure.retryAfterMs, retryAfterOf(fault))
    })
  }

  test('a hang ends with the deadline', async () => {
    const failure = failureOf(await vertex.generate(kite('a kite [[fault:hang]]'), { deadlineMs: 300 }))

    assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
  })

  for (const [what, credential, kind, says] of [
    ['an account that does not exist', keyFile('invalid'), 'unauthorized', 'account not found'],
    ['a key that was replaced', keyFile('kites', { private_key: testKey().private_key }), 'unauthorized', 'Signature'],
    ['a project without billing', keyFile('kites', {}, 'empty-project'), 'unauthorized', 'requires billing'],
    ['a project of somebody else', keyFile('kites', { project_id: 'boats' }), 'unauthorized', 'endpoints.predict'],
    ['an express key that is not valid', 'AQ.invalid', 'unauthorized', 'API key not valid'],
  ] as const) {
    test(`${what} is told as what it is, and the free question tells it too`, async () => {
      const failure = failureOf(await vertex.generate(kite(), { credential }))
      const found = await vertex.use(async (provider) => provider.check?.(vertex.callOf({ credential })))

      assert.deepEqual([failure.kind, failure.billed], [kind, 'no'])
      assert.ok(failure.message.includes(says), failure.message)
      assert.ok(found?.ok === false)
      assert.deepEqual([found.error.kind, found.error.billed, found.error.code], [failure.kind, 'no', failure.code])
    })
  }

  test('a region that does not serve the model says so', async () => {
    const baseUrl = `${sandbox.baseUrlFor('google-vertex')}/v1/projects/kites-2026/locations/europe-west4`
    const failure = failureOf(await vertex.generate(kite(), { baseUrl }))

    assert.deepEqual([failure.kind, failure.billed, failure.status], ['unavailable', 'no', 404])
    assert.ok(failure.message.includes('locations/europe-west4'), failure.message)
  })
})

test('every route of the catalogue can be simulated', () => {
  const models = allModels.flatMap(({ routes }) => routes.filter(({ provider }) => provider === 'google-vertex'))

  assert.ok(models.length > 5)
  assert.deepEqual(
    models.filter(({ model }) => !simulates('google-vertex', model)),
    [],
  )
})

function keyFile(name: string, more: object = {}, project = 'kites-2026'): string {
  const key = { ...testKey({ name, project }), ...more }
  const path = join(DIRECTORY, `${key.private_key_id}.json`)
  writeFileSync(path, JSON.stringify(key))
  return path
}

/** As it is written into a prompt: `status=429,retry-after=7`. */
function directive(faults: Readonly<Record<string, string>>): string {
  return Object.entries(faults)
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
    .join(',')
}
