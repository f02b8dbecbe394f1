import assert from 'node:assert/strict'
import { test } from 'node:test'

import sharp from 'sharp'

import type { ImageRequest } from '../core/image-request.ts'
import type { Nanos } from '../core/money.ts'
import { bytesOf, failureOf } from './test-fixtures.ts'
import type { Simulated } from './test-simulated.ts'

/** For tests: what every asynchronous provider keeps, its adapter and its simulator together. */
export function simulatedJobs(
  { callOf, use, generate, resume, callsNamed }: Simulated,
  drawn: (prompt: string) => ImageRequest,
  { cost }: { readonly cost?: Nanos } = {},
): void {
  test('a job that never ends is given up at the deadline', async () => {
    const failure = failureOf(await generate(drawn('x [[fault:hang]]'), { deadlineMs: 400 }))

    assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
  })

  test('a download that fails at first is repeated, and the job is not', async () => {
    const request = drawn('flaky [[fault:delivery-gone=1]]')

    const result = await generate(request)

    assert.ok(result.ok)
    const { width } = await sharp(bytesOf(result.value.images[0]?.blob)).metadata()
    assert.equal(width, request.size?.width ?? width)
    assert.equal(callsNamed('flaky').length, 1)
  })

  test('what one process has submitted another fetches, as often as it likes', async () => {
    const request = drawn('for somebody else [[fault:delay=100]]')
    let upstreamId = ''
    const submitted = async (id: string) => {
      upstreamId = id
      throw new Error('the process dies here')
    }
    await assert.rejects(use((provider) => provider.generate(request, callOf({ submitted }))))

    const fetched = await Promise.all([1, 2].map(() => resume(upstreamId, request)))

    const [one, other] = fetched.map((result) => {
      assert.ok(result.ok)
      if (cost !== undefined) assert.equal(result.value.cost, cost)
      return result.value.images.map(({ blob }) => bytesOf(blob))
    })
    assert.deepEqual(one, other)
    assert.equal(one?.length, request.n ?? 1)
    assert.ok(one?.every(({ length }) => length > 0))
    assert.equal(callsNamed('for somebody else').length, 1)
  })
}
