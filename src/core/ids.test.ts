import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isGenerationId, newGenerationId, randomText } from './ids.ts'

test('a generation’s id carries its second and twenty characters', () => {
  const clock = { now: () => 1_790_000_000_999, monotonic: () => 0, sleep: async () => {} }

  assert.match(newGenerationId(clock), /^gen-1790000000-[A-Za-z0-9]{20}$/)
  assert.notEqual(newGenerationId(clock), newGenerationId(clock))
})

test('only the form of a generation’s id is taken for one', () => {
  assert.ok(isGenerationId('gen-1790000000-AbCdEfGhIjKlMnOpQrSt'))
  for (const text of [
    '',
    'gen-1-x',
    'gen-1790000000-AbCdEfGhIjKlMnOpQrS',
    'gen-1790000000-AbCdEfGhIjKlMnOpQrS/',
    '../gen',
  ]) {
    assert.ok(!isGenerationId(text), text)
  }
})

test('random text has the asked length and favours no character', () => {
  for (const length of [0, 1, 20, 1000]) assert.equal(randomText(length).length, length)

  const counts = Map.groupBy(randomText(62_000), (character) => character)

  assert.equal(counts.size, 62)
  // 1,000 expected each, standard deviation 31: six of them either way is one false alarm in millions of runs.
  for (const [character, found] of counts)
    assert.ok(Math.abs(found.length - 1000) < 190, `${character}: ${found.length}`)
})
