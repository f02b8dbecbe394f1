import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { Clock } from '../core/clock.ts'
import { err, ok, type Result } from '../core/result.ts'
import { callTo } from './playback.ts'
import { type Poll, pollUntil } from './poll.ts'
import type { Call, UpstreamFailure } from './provider.ts'

const WAITING = ok({ is: 'waiting' } as const)
const DONE = ok({ is: 'done', value: 'picture' } as const)
const BROKEN = err(failure('unavailable'))

describe('asking after a job', () => {
  test('begins at once, slows down by half each time, and no further than to the cap', async () => {
    const { result, waits } = await polled([WAITING, WAITING, WAITING, WAITING, WAITING, DONE])

    assert.deepEqual(result, ok('picture'))
    assert.deepEqual(waits, [100, 150, 225, 300, 300])
  })

  test('goes on over any number of failed questions, and waits as long as it is told to', async () => {
    const limited = err({ ...failure('rate_limited'), retryAfterMs: 5_000 })
    const { result, waits } = await polled([BROKEN, limited, BROKEN, err(failure('timeout')), BROKEN, DONE])

    assert.deepEqual(result, ok('picture'))
    assert.deepEqual(waits.slice(0, 3), [100, 5_000, 225])
  })

  test('believes a sure end at once and an unsure one when it was said three times in a row', async () => {
    const over = (sure: boolean) => ok({ is: 'over', failure: failure('refused', 'yes'), sure } as const)
    const sure = await polled([WAITING, over(true)])
    const unsure = await polled([over(false), over(false), WAITING, over(false), over(false), over(false)])

    assert.deepEqual([sure.result, sure.asked], [err(failure('refused', 'yes')), 2])
    assert.deepEqual([unsure.result, unsure.asked], [err(failure('refused', 'yes')), 6])
  })

  test('is given up when it is refused three times, or cannot be put at all, without knowing what the job costs', async () => {
    const refused = err({ ...failure('unauthorized', 'no'), status: 401 })
    const told = await polled([refused, refused, refused])
    const unsent = await polled([err(failure('rejected', 'no'))])

    assert.deepEqual([told.asked, unsent.asked], [3, 1])
    for (const { result } of [told, unsent]) assert.equal(!result.ok && result.error.billed, 'unknown')
  })

  test('ends with the deadline, in the middle of a wait too', async () => {
    const { result, asked } = await polled([WAITING], { deadlineMs: 400 })

    assert.deepEqual(!result.ok && [result.error.kind, result.error.billed], ['timeout', 'unknown'])
    assert.equal(asked, 3)
  })
})

/** Answers come one after the other, the last one for ever; the clock is moved by the waits. */
async function polled(
  answers: readonly Result<Poll<string>, UpstreamFailure>[],
  { deadlineMs = 60_000 }: { deadlineMs?: number } = {},
) {
  const waits: number[] = []
  const deadline = new AbortController()
  let now = 0
  let asked = 0
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms, signal) => {
      waits.push(ms)
      now += ms
      if (now >= deadlineMs) deadline.abort(new Error('the deadline has passed'))
      signal?.throwIfAborted()
    },
  }
  const call: Call = {
    ...callTo('http://127.0.0.1:9'),
    clock,
    signal: deadline.signal,
    remainingMs: () => deadlineMs - now,
  }
  const result = await pollUntil(call, {
    everyMs: 100,
    capMs: 300,
    ask: async () => {
      const answer = answers[Math.min(asked, answers.length - 1)]
      asked += 1
      assert.ok(answer)
      return answer
    },
  })
  return { result, waits, asked }
}

function failure(kind: UpstreamFailure['kind'], billed: UpstreamFailure['billed'] = 'unknown'): UpstreamFailure {
  return { kind, billed, message: 'x', raw: '' }
}
