import assert from 'node:assert/strict'
import { test } from 'node:test'

import { err, ok, type Result } from '../core/result.ts'
import type { Generated, UpstreamFailure } from '../providers/provider.ts'
import { failover } from './failover.ts'

const ROUTES = ['a', 'b', 'c', 'd'].map((provider) => ({ provider, model: 'pix' }))
const PICTURE: Result<Generated, UpstreamFailure> = ok({ images: [] })

function failed(kind: UpstreamFailure['kind'], billed: UpstreamFailure['billed']): Result<Generated, UpstreamFailure> {
  return err({ kind, billed, message: kind, raw: '' })
}

async function run(
  ...outcomes: readonly Result<Generated, UpstreamFailure>[]
): Promise<{ tried: string[]; result: Awaited<ReturnType<typeof failover>> }> {
  const tried: string[] = []
  const result = await failover(ROUTES, async ({ provider }) => {
    tried.push(provider)
    const outcome = outcomes[tried.length - 1]
    assert.ok(outcome, 'one call more than the test expects')
    return outcome
  })
  return { tried, result }
}

test('the first route that gives pictures is the last one that is called', async () => {
  const { tried, result } = await run(PICTURE)

  assert.deepEqual(tried, ['a'])
  assert.ok(result.ok && result.value.route.provider === 'a')
})

for (const kind of ['unavailable', 'rate_limited', 'unauthorized'] as const) {
  test(`${kind} that cost nothing moves on to the next route`, async () => {
    const { tried, result } = await run(failed(kind, 'no'), PICTURE)

    assert.deepEqual(tried, ['a', 'b'])
    assert.ok(result.ok && result.value.route.provider === 'b')
  })
}

for (const [kind, billed] of [
  ['unavailable', 'unknown'],
  ['timeout', 'unknown'],
  ['no_image', 'yes'],
  ['refused', 'no'],
  ['rejected', 'no'],
] as const) {
  test(`${kind} with billed ${billed} is the answer: nobody is paid for the same picture twice`, async () => {
    const { tried, result } = await run(failed(kind, billed))

    assert.deepEqual(tried, ['a'])
    assert.ok(!result.ok && result.error.kind === kind)
  })
}

test('three calls are the most, and the last failure is the answer', async () => {
  const { tried, result } = await run(
    failed('unavailable', 'no'),
    failed('rate_limited', 'no'),
    failed('unauthorized', 'no'),
  )

  assert.deepEqual(tried, ['a', 'b', 'c'])
  assert.ok(!result.ok && result.error.kind === 'unauthorized')
})
