import assert from 'node:assert/strict'
import { test } from 'node:test'

import { z } from 'zod'

import { flag, oneOf, wholeNumber } from './fields.ts'
import { zodProblem } from './zod-problem.ts'

const Body = z.strictObject({
  name: z.string(),
  n: wholeNumber(1, 10).nullish(),
  deep: z.object({ kinds: z.array(oneOf(['a', 'b'])) }).nullish(),
  either: z.union([z.string(), z.array(z.object({ on: flag() }))]).nullish(),
  size: z.number().max(5).nullish(),
})

function problem(body: unknown) {
  const { error } = Body.safeParse(body)
  assert.ok(error)
  const { code, message, field } = zodProblem(error, body)
  return { code, message, field }
}

test('a missing field is called missing, with what it must be', () => {
  assert.deepEqual(problem({}), {
    code: 'invalid_request',
    message: 'name is missing; it must be text.',
    field: 'name',
  })
})

test('a number out of range names both ends', () => {
  for (const n of [0, 11, 1.5, '3'])
    assert.equal(problem({ name: 'x', n }).message, 'n must be a whole number from 1 to 10.')
})

test('a field deep inside is named with its indexes', () => {
  const { field, message } = problem({ name: 'x', deep: { kinds: ['a', 'z'] } })

  assert.equal(field, 'deep.kinds.1')
  assert.equal(message, 'deep.kinds.1 must be one of a, b.')
})

test('of several ways to write a field, the one that got furthest is explained', () => {
  assert.equal(problem({ name: 'x', either: [{ on: 1 }] }).message, 'either.0.on must be true or false.')
  assert.equal(problem({ name: 'x', either: 4 }).field, 'either')
})

test("zod's own words are put into plain ones", () => {
  assert.equal(problem({ name: 4 }).message, 'name must be text.')
  assert.equal(problem({ name: 'x', size: 6 }).message, 'size must be at most 5.')
  assert.equal(problem({ name: 'x', other: 1 }).message, 'The request must not hold other.')
  assert.equal(problem([]).message, 'The request must be a JSON object.')
})

test('what is wrong with the words of a prompt is an invalid prompt, with a picture an invalid image', () => {
  const Prompted = z.object({ messages: z.array(z.object({ content: z.string() })), image: z.string() })
  const codeOf = (body: unknown) => {
    const { error } = Prompted.safeParse(body)
    assert.ok(error)
    return zodProblem(error, body).code
  }

  assert.equal(codeOf({ image: 'x' }), 'invalid_prompt')
  assert.equal(codeOf({ messages: [{ content: 3 }], image: 'x' }), 'invalid_prompt')
  assert.equal(codeOf({ messages: [], image: 3 }), 'invalid_image')
  assert.equal(codeOf({ messages: [] }), 'invalid_request')
})
