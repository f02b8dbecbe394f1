import assert from 'node:assert/strict'
import { test } from 'node:test'

import { deadlineOf, patienceOf, pollAfterS, preferenceOf } from './prefer.ts'

test('what Prefer says is understood in every spelling of RFC 7240, and unknown words are ignored', () => {
  const cases: readonly [string | string[] | undefined, string | undefined, number | undefined][] = [
    [undefined, undefined, undefined],
    ['', undefined, undefined],
    ['handling=lenient; wait=5', undefined, undefined],
    ['foo="a, wait=x"', undefined, undefined],
    ['respond-async', 'respond-async', 0],
    ['Respond-Async; foo=bar', 'respond-async', 0],
    ['respond-async=""', 'respond-async', 0],
    ['wait=30', 'wait=30', 30_000],
    ['handling=lenient, WAIT = "5"', 'wait=5', 5_000],
    ['wait=0', 'wait=0', 0],
    ['wait=5, wait=5', 'wait=5', 5_000],
    ['wait=999999999', 'wait=3600', 3_600_000],
    ['respond-async, wait=10', 'respond-async, wait=10', 10_000],
    [['wait=10', 'respond-async'], 'respond-async, wait=10', 10_000],
  ]

  for (const [header, applied, waitMs] of cases) {
    const preference = preferenceOf(header)
    assert.ok(preference.ok, String(header))
    assert.deepEqual([preference.value?.applied, preference.value?.waitMs], [applied, waitMs], String(header))
  }
})

test('a wait that cannot be understood and waits that contradict each other are refused by name', () => {
  for (const header of [
    'wait',
    'wait=',
    'wait=abc',
    'wait=-1',
    'wait=1.5',
    'wait=1e3',
    'wait=5, wait=6',
    'respond-async=no',
  ]) {
    const preference = preferenceOf(header)
    assert.ok(!preference.ok, header)
    assert.deepEqual([preference.error.code, preference.error.field], ['invalid_request', 'Prefer'], header)
    assert.match(preference.error.message, /^Prefer: /)
  }
})

test('X-Plantain-Deadline takes 10 to 900 whole seconds and nothing else', () => {
  for (const [header, ms] of [
    ['10', 10_000],
    ['900', 900_000],
  ] as const)
    assert.deepEqual(deadlineOf(header), { ok: true, value: ms })
  assert.deepEqual(deadlineOf(undefined), { ok: true, value: undefined })
  for (const header of ['9', '901', '', 'soon', '-20', '20.5', '1e2', '20, 30', ['20', '20']]) {
    const deadline = deadlineOf(header)
    assert.ok(!deadline.ok, String(header))
    assert.equal(deadline.error.field, 'X-Plantain-Deadline')
  }
})

test('who buys waits as he likes and gets a promise; who follows waits no longer than his own deadline and is told to come back', () => {
  const wait = (ms: number, isAsync = false) => ({ waitMs: ms, isAsync, applied: '' })
  const cases = [
    [undefined, false, 300_000, undefined],
    [wait(5_000), false, 20_000, { ms: 5_000, afterwards: 'promise' }],
    [undefined, true, 300_000, { ms: 300_000, afterwards: 'conflict' }],
    [undefined, true, 20_000, { ms: 20_000, afterwards: 'conflict' }],
    [wait(5_000), true, 20_000, { ms: 5_000, afterwards: 'conflict' }],
    [wait(5_000, true), true, 20_000, { ms: 5_000, afterwards: 'promise' }],
  ] as const

  for (const [preference, replayed, deadlineMs, patience] of cases)
    assert.deepEqual(patienceOf(preference, { replayed, deadlineMs }), patience)
})

test('polls are asked for every second at first and every five seconds in the end', () => {
  assert.deepEqual(
    [-5_000, 0, 9_999, 10_000, 39_999, 40_000, 600_000].map((age) => pollAfterS(1_000_000, 1_000_000 + age)),
    [1, 1, 1, 2, 4, 5, 5],
  )
})
