import assert from 'node:assert/strict'
import { test } from 'node:test'

import { FAILURES } from '../core/errors.ts'
import type { UpstreamFailure } from '../providers/provider.ts'
import { failureFrom, storageFailure } from './failure.ts'

const upstream = (more: Partial<UpstreamFailure>): UpstreamFailure => ({
  kind: 'unavailable',
  billed: 'no',
  message: 'It said so.',
  raw: '{"error":1}',
  ...more,
})

/** What a caller sees of each upstream failure: code, status, milliseconds to wait, who has to act. */
const TABLE: readonly [Partial<UpstreamFailure>, string, number, number | undefined, string][] = [
  [{ kind: 'rejected', status: 400 }, 'provider_rejected', 400, undefined, 'caller'],
  [{ kind: 'refused', status: 200, billed: 'unknown' }, 'content_refused', 400, undefined, 'caller'],
  [{ kind: 'rate_limited', status: 429, retryAfterMs: 2000 }, 'rate_limited', 429, 2000, 'provider'],
  [{ kind: 'rate_limited', status: 429 }, 'rate_limited', 429, undefined, 'provider'],
  [{ kind: 'unauthorized', status: 401 }, 'provider_unconfigured', 502, undefined, 'gateway'],
  [{ kind: 'unavailable', status: 503 }, 'upstream_failed', 502, undefined, 'provider'],
  [{ kind: 'unavailable', billed: 'unknown' }, 'upstream_failed', 502, 60_000, 'provider'],
  [
    { kind: 'unavailable', status: 503, billed: 'unknown', retryAfterMs: 5000 },
    'upstream_failed',
    502,
    5000,
    'provider',
  ],
  [{ kind: 'no_image', status: 200, billed: 'yes' }, 'upstream_failed', 502, 60_000, 'provider'],
  [{ kind: 'timeout', billed: 'unknown' }, 'timeout', 408, undefined, 'provider'],
]

for (const [given, code, status, retryAfterMs, by] of TABLE) {
  test(`${given.kind}, billed ${given.billed ?? 'no'}, is told as ${code} (${status})`, () => {
    const failure = failureFrom(upstream(given), 'Google AI Studio')

    assert.deepEqual([failure.code, FAILURES[failure.code].status, failure.retryAfterMs], [code, status, retryAfterMs])
    assert.equal(FAILURES[failure.code].by, by)
    assert.equal(failure.message, 'Google AI Studio: It said so.')
    assert.equal(failure.sent, true)
    assert.deepEqual(failure.upstream, {
      provider: 'Google AI Studio',
      ...(given.status !== undefined && { status: given.status }),
      raw: '{"error":1}',
    })
  })
}

test('what never found a free slot was not sent, and may be repeated', () => {
  const failure = failureFrom(upstream({ kind: 'timeout' }), '', { isSent: false, mayHaveCost: false })

  assert.deepEqual([failure.code, failure.sent, failure.retryAfterMs], ['overloaded', undefined, 5_000])
  assert.match(failure.message, /Nothing was sent or charged/)
})

test('a call that may have cost keeps clients away, though another one after it cost nothing', () => {
  const failure = failureFrom(upstream({ billed: 'no' }), 'fal', { isSent: true, mayHaveCost: true })

  assert.deepEqual([failure.code, failure.retryAfterMs, failure.sent], ['upstream_failed', 60_000, true])
})

test('a disk that does not take the picture is the gateway’s failure, not the provider’s', () => {
  const failure = storageFailure('ENOSPC: no space left on device, write')

  assert.deepEqual([failure.code, FAILURES[failure.code].by, failure.upstream], ['storage_full', 'gateway', undefined])
  assert.match(failure.message, /ENOSPC.*Nothing was charged/)
})
