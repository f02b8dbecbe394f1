import assert from 'node:assert/strict'
import { appendFileSync, existsSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'

import { systemClock } from '../core/clock.ts'
import { scratchDirectory } from '../db/test-database.ts'
import { openDepartures } from './departures.ts'

const root = scratchDirectory()
after(() => rmSync(root, { recursive: true }))

let directory = ''
beforeEach(() => {
  directory = scratchDirectory()
})

const open = (processId: string, bootId: string | undefined = 'boot-1', clock = systemClock) =>
  openDepartures({ directory, processId, clock, bootId })

test('the next process knows which calls of the last one had left, and which had not', () => {
  const last = open('p1')
  last.note('att-1')
  last.close()

  const next = open('p2')

  assert.deepEqual([next.hasStayed('att-1', 'p1'), next.hasStayed('att-2', 'p1')], [false, true])
})

test('nothing is claimed of processes of other machines, of this very process, or of before the last boot', () => {
  open('p1').close()

  assert.equal(open('p2').hasStayed('att-2', 'elsewhere'), false)
  assert.equal(open('p3').hasStayed('att-2', 'p3'), false)
  assert.equal(open('p4', 'boot-2').hasStayed('att-2', 'p1'), false)
})

test('without a boot id nothing has certainly stayed', () => {
  openDepartures({ directory, processId: 'p1', clock: systemClock, bootId: '' }).close()
  assert.equal(open('p2', 'boot-1').hasStayed('att-2', 'p1'), false)
})

test('a line that was cut off is no departure of anybody else', () => {
  open('p1').close()
  appendFileSync(join(directory, 'departures.log'), 'left att')

  const next = open('p2')

  assert.equal(next.hasStayed('att-1', 'p1'), true)
})

test('a journal that has grown starts over once its calls have ended long ago, and the older one is still read', () => {
  let offset = 0
  const clock = { ...systemClock, now: () => systemClock.now() + offset }
  const journal = open('p1', 'boot-1', clock)
  journal.note('att-first')
  appendFileSync(join(directory, 'departures.log'), `left ${'x'.repeat(5_000_000)}\n`)
  journal.close()
  const grown = open('p2', 'boot-1', clock)
  grown.note('att-2')
  assert.equal(existsSync(join(directory, 'departures.old.log')), false, 'calls may still be under way')
  offset = 3 * 3_600_000
  grown.note('att-3')
  grown.close()

  assert.ok(statSync(join(directory, 'departures.log')).size < 1_000)
  const next = open('p3')
  assert.deepEqual(
    ['att-2', 'att-3', 'att-4'].map((id) => next.hasStayed(id, 'p2')),
    [false, false, true],
  )
})

test('what a process writes down after another one has begun is known to that one too', () => {
  const first = open('p1')
  const second = open('p2')
  first.note('att-1')

  assert.deepEqual([second.hasStayed('att-1', 'p1'), second.hasStayed('att-2', 'p1')], [false, true])
  first.note('att-2')
  assert.equal(second.hasStayed('att-2', 'p1'), false)
})
