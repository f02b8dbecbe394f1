import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import sharp from 'sharp'

import type { ImageRequest } from '../../core/image-request.ts'
import { QUICK } from '../test-clock.ts'
import { bytesOf, failureOf } from '../test-fixtures.ts'
import { asked, BLUE, RED } from '../test-requests.ts'
import { type FaultCase, type FieldCase, sandboxForTests, throughSimulator } from '../test-simulated.ts'
import { makeArk } from './provider.ts'

const sandbox = await sandboxForTests()
const usual = { credential: 'ark-good', clock: QUICK }
const seed = throughSimulator(sandbox, 'seed', (upstream) => makeArk('seed', upstream), usual)
const volcengine = throughSimulator(sandbox, 'volcengine', (upstream) => makeArk('volcengine', upstream), usual)

/** The smallest pictures of the older models and of the newer. */
const SMALL = { width: 512, height: 512 } as const
const WIDE = { width: 1280, height: 720 } as const

const OLD = 'seedream-3-0-t2i-250415'
const V4 = 'seedream-4-0-250828'
const FLASH = 'seedream-5-0-flash'

const drawn = (more: Partial<ImageRequest>, prompt = 'a red kite') => asked(prompt, [], more)

describe('every field that the adapter sends counts', { concurrency: 2 }, () => {
  const cases: readonly FieldCase[] = [
    ['model', OLD, drawn({ size: SMALL })],
    ['prompt', OLD, drawn({ size: SMALL })],
    ['size', OLD, drawn({ size: SMALL })],
    ['seed', OLD, drawn({ size: SMALL, seed: 0 })],
    ['watermark', OLD, drawn({ size: SMALL })],
    ['guidance_scale', OLD, drawn({ size: SMALL, providerOptions: { seed: { guidance_scale: 7 } } })],
    ['image', V4, asked('make it night', [RED, BLUE], { size: WIDE })],
    ['output_format', FLASH, drawn({ size: WIDE, format: 'png' })],
    ['sequential_image_generation', V4, drawn({ size: WIDE, n: 3 })],
    ['sequential_image_generation_options', V4, drawn({ size: WIDE, n: 3 })],
  ]
  seed.everyFieldCounts(cases)

  test('response_format: without it the pictures are at addresses, and come all the same', async () => {
    const way = { model: OLD }
    const request = drawn({ size: SMALL })

    assert.equal(await seed.outcomeOf(request, { ...way, lost: 'response_format' }), await seed.outcomeOf(request, way))
    const bare = sandbox.bill().recent.filter(({ request: body }) => !JSON.stringify(body).includes('response_format'))
    assert.equal(bare.length, 1)
  })
})

describe('the simulator of Ark, seen through the adapter', { concurrency: 3 }, () => {
  test('charges what its list says, for each picture that was made', async () => {
    for (const [host, model, prompt, request, nanos, pictures] of [
      [seed, V4, 'one edit', asked('one edit', [RED], { size: WIDE }), 30_000_000n, 1],
      [seed, FLASH, 'two of seed', drawn({ size: WIDE, n: 2 }, 'two of seed'), 36_000_000n, 2],
      [seed, V4, 'one of two', drawn({ size: WIDE, n: 2 }, 'one of two [[fault:refusal=one]]'), 30_000_000n, 1],
      [volcengine, `doubao-${V4}`, 'a kite', drawn({ size: WIDE }, 'a kite for seed'), 30_000_000n, 1],
    ] as const) {
      const result = await host.generate(request, { model })

      assert.ok(result.ok, model)
      assert.equal(result.value.images.length, pictures)
      const { format, width, height } = await sharp(bytesOf(result.value.images[0]?.blob)).metadata()
      assert.deepEqual([format, width, height], ['jpeg', WIDE.width, WIDE.height])
      assert.equal(result.value.modelVersion, model)
      assert.equal(result.value.usage?.outputTokens, pictures * 3_600)
      assert.equal(host.billedFor(prompt, model), nanos, model)
    }
  })

  const faults: readonly FaultCase[] = [
    ['status=401', 'unauthorized', 'no', 0n],
    ['status=403', 'unauthorized', 'no', 0n],
    ['status=429,retry-after=7', 'rate_limited', 'no', 0n],
    ['status=400', 'rejected', 'no', 0n],
    ['status=500', 'unavailable', 'no', 0n],
    ['redirect=http://127.0.0.1:9/', 'unavailable', 'no', 0n],
    ['reset=after-request', 'unavailable', 'unknown', 0n],
    ['html', 'no_image', 'yes', 0n],
    ['invalid-json', 'no_image', 'yes', 30_000_000n],
    ['truncate=100', 'no_image', 'yes', 30_000_000n],
    ['reset=mid-body', 'no_image', 'yes', 30_000_000n],
    ['hang', 'timeout', 'unknown', 30_000_000n],
    ['refusal=text', 'refused', 'no', 0n],
    ['refusal=output', 'refused', 'no', 0n],
    ['refusal=one', 'refused', 'no', 0n],
    ['no-image=images-empty', 'no_image', 'no', 0n],
    ['no-image=images-missing', 'no_image', 'yes', 0n],
  ]
  seed.everyFaultIsTold(faults, (prompt) => drawn({ size: SMALL }, prompt), { model: OLD })

  test('an address whose picture is gone costs what it cost', async () => {
    const request = drawn({ size: SMALL }, 'gone [[fault:delivery-gone=9]]')

    const failure = failureOf(await seed.generate(request, { model: OLD, lost: 'response_format' }))

    assert.deepEqual([failure.kind, failure.billed], ['no_image', 'yes'])
    assert.equal(seed.billedFor('gone', OLD), 30_000_000n)
  })

  test('a bad key and one without money are told apart from a bad request', async () => {
    for (const [credential, code] of [
      ['ark-invalid', 'AuthenticationError'],
      ['ark-locked', 'AccountOverdueError'],
    ] as const) {
      const failure = failureOf(await seed.generate(drawn({ size: SMALL }), { model: OLD, credential }))

      assert.deepEqual([failure.kind, failure.billed, failure.code], ['unauthorized', 'no', code])
    }
  })
})

test('the free question is answered to a good key, in debt or not, and costs nothing', async () => {
  const { calls } = sandbox.bill()

  assert.equal(await seed.found({ credential: 'ark-good' }), 'the key is good')
  assert.equal(await seed.found({ credential: 'ark-locked' }), 'the key is good')
  assert.match(await seed.found({ credential: 'ark-invalid' }), /^unauthorized: /)
  assert.equal(sandbox.bill().calls, calls)
})
