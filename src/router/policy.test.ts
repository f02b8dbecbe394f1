import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { UpstreamFailure } from '../providers/provider.ts'
import { type Condition, conditionOf, movesAfter, tellsOf } from './policy.ts'

type Told = Pick<UpstreamFailure, 'kind' | 'billed' | 'status'>

function failure(told: Told): UpstreamFailure {
  return { ...told, message: '', raw: '' }
}

/** Which row of the policy a failure is, and what it tells about the provider's health. */
const ROWS: readonly (readonly [string, Told, Condition, ReturnType<typeof tellsOf>])[] = [
  ['never reached', { kind: 'unavailable', billed: 'no' }, 'unsent', 'fault'],
  ['half a request that may be charged', { kind: 'unavailable', billed: 'unknown' }, 'no_answer', 'fault'],
  ['429', { kind: 'rate_limited', billed: 'no', status: 429 }, 'rate_limited', 'limited'],
  ['503 that is free', { kind: 'unavailable', billed: 'no', status: 503 }, 'turned_away', 'fault'],
  ['529 that is free', { kind: 'unavailable', billed: 'no', status: 529 }, 'turned_away', 'fault'],
  ['503 that may be charged', { kind: 'unavailable', billed: 'unknown', status: 503 }, 'edge', 'fault'],
  ['500', { kind: 'unavailable', billed: 'unknown', status: 500 }, 'broken', 'fault'],
  ['a failure inside a 200', { kind: 'unavailable', billed: 'no', status: 200 }, 'broken', 'fault'],
  ['502', { kind: 'unavailable', billed: 'unknown', status: 502 }, 'edge', 'fault'],
  ['502 that is free', { kind: 'unavailable', billed: 'no', status: 502 }, 'edge', 'fault'],
  ['408 of an edge', { kind: 'unavailable', billed: 'unknown', status: 408 }, 'edge', 'neutral'],
  ['404', { kind: 'unavailable', billed: 'no', status: 404 }, 'absent', 'neutral'],
  ['a redirect', { kind: 'unavailable', billed: 'no', status: 302 }, 'absent', 'neutral'],
  ['no status line', { kind: 'timeout', billed: 'unknown' }, 'silent', 'fault'],
  ['no picture', { kind: 'no_image', billed: 'yes', status: 200 }, 'unusable', 'fault'],
  ['a safety block', { kind: 'refused', billed: 'no', status: 200 }, 'refused', 'neutral'],
  ['422', { kind: 'rejected', billed: 'no', status: 422 }, 'rejected', 'neutral'],
  ['402', { kind: 'unauthorized', billed: 'no', status: 402 }, 'unauthorized', 'denied'],
]

for (const [name, told, condition, tells] of ROWS) {
  test(`${name} is ${condition}, and ${tells} for the provider's health`, () => {
    assert.equal(conditionOf(failure(told), false), condition)
    assert.equal(tellsOf(failure(told)), tells)
  })
}

test('whatever a failure is, there is no next one when the deadline has passed', () => {
  for (const [name, told] of ROWS) {
    const condition = conditionOf(failure(told), true)
    const tried = { route: { provider: 'a', model: 'pix' }, credential: 0, failure: failure(told), condition, ms: 1 }
    const moves = movesAfter({ trail: [tried], fallbackOnModeration: true, spareMs: 1, random: 0 })

    assert.equal(condition, 'over', name)
    assert.deepEqual(moves, [], name)
  }
})
