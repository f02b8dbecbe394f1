import assert from 'node:assert/strict'
import { test } from 'node:test'

import { listen, testEdge } from './test-edge.ts'

test('a hook is answered before its body is read, alike for every token, and only where there are hooks', async () => {
  const called: string[] = []
  const { app } = testEdge({ onHook: (token) => called.push(token) })
  const url = `http://127.0.0.1:${await listen(app)}`

  const answers = await Promise.all(
    [
      ['known', 'application/json', '{"status":'],
      ['other', 'application/x-www-form-urlencoded', 'a=b'],
    ].map(async ([token, type = '', body = '']) =>
      fetch(`${url}/hooks/${token}`, { method: 'POST', headers: { 'content-type': type }, body }),
    ),
  )

  assert.deepEqual(
    answers.map(({ status }) => status),
    [204, 204],
  )
  assert.deepEqual(called.toSorted(), ['known', 'other'])

  const without = testEdge()
  const closed = await without.app.inject({ method: 'POST', url: '/hooks/known' })
  assert.equal(closed.statusCode, 404)
})
