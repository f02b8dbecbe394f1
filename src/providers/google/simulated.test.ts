import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { failureOf } from '../test-fixtures.ts'
import { everyGeminiFieldCounts, SMALL, wordsOf } from '../test-gemini.ts'
import { asked } from '../test-requests.ts'
import { retryAfterOf, sandboxForTests, throughSimulator } from '../test-simulated.ts'
import { makeGoogle } from './provider.ts'

const google = throughSimulator(await sandboxForTests(), 'google-ai-studio', makeGoogle, {
  model: SMALL,
  credential: 'AIza-journey',
  shown: wordsOf,
})
const kite = (prompt = 'a kite') => asked(prompt, [], { resolution: '512' })

describe('every field that is sent has its effect', () => {
  // What Google keeps, and who speaks where nobody else does.
  everyGeminiFieldCounts(google, {}, { silent: ['store', 'contents.0.role'] })
})

describe('the simulator of Gemini, seen through the adapter', { concurrency: 2 }, () => {
  const faults: readonly (readonly [fault: string, kind: string, billed: string])[] = [
    ['status=400', 'rejected', 'no'],
    ['status=401', 'unauthorized', 'no'],
    ['status=403', 'unauthorized', 'no'],
    ['status=429,retry-after=7', 'rate_limited', 'no'],
    ['status=500', 'unavailable', 'unknown'],
    ['status=503', 'unavailable', 'no'],
    ['refusal=finish:IMAGE_SAFETY', 'refused', 'unknown'],
    ['no-image=parts-null', 'no_image', 'yes'],
    ['truncate=2000', 'no_image', 'yes'],
    ['reset=mid-body', 'no_image', 'yes'],
  ]
  for (const [fault, kind, billed] of faults) {
    test(`${fault} is ${kind}, billed ${billed}`, async () => {
      const failure = failureOf(await google.generate(kite(`a kite [[fault:${fault}]]`)))

      assert.deepEqual([failure.kind, failure.billed], [kind, billed], failure.message)
      assert.equal(failure.retryAfterMs, retryAfterOf(fault))
    })
  }

  test('a hang ends with the deadline', async () => {
    const failure = failureOf(await google.generate(kite('a kite [[fault:hang]]'), { deadlineMs: 300 }))

    assert.deepEqual([failure.kind, failure.billed], ['timeout', 'unknown'])
  })

  test('a key without billing is the credential’s fault, not the request’s', async () => {
    const failure = failureOf(await google.generate(kite(), { credential: 'AIza-empty' }))

    assert.deepEqual([failure.kind, failure.billed], ['unauthorized', 'no'], failure.message)
  })
})
