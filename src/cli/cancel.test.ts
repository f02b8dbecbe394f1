import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { Place, type Served } from './test-command.ts'

const place = new Place()
let served: Served

before(async () => {
  served = await place.serve()
})
after(async () => {
  await served.stop()
  place.leave()
})

/** Starts a picture with a test key, without waiting for it. */
async function start(model: string, provider: string, prompt: string): Promise<string> {
  const [address = '', key = ''] = readFileSync(join(place.data, 'local-key'), 'utf8').split('\n')
  const answer = await fetch(`${address}/api/v1/images`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}.test`, 'content-type': 'application/json', prefer: 'respond-async' },
    body: JSON.stringify({ model, prompt, provider: { only: [provider] } }),
  })
  assert.equal(answer.status, 202)
  return answer.headers.get('x-generation-id') ?? ''
}

test('a generation that waits in a queue is cancelled, and the receipt says that it cost nothing', async () => {
  const id = await start('tongyi-mai/z-image-turbo', 'fal', 'A fox[[fault:queue=30000]]')

  const { code, stdout, stderr } = await place.runHere(['generations', 'cancel', id])

  assert.equal(code, 0, stderr)
  assert.match(stdout, new RegExp(`^${id} {2}voided`))
  assert.match(stdout, /^charge +0 USD/m)
  assert.match(stdout, /^error +cancelled: /m)
})

test('one that has ended is not, and the command fails with the reason', async () => {
  const { receipt } = JSON.parse((await place.run(['generate', 'A fox', '-o', 'fox.png', '--json'])).stdout)

  const { code, stderr } = await place.runHere(['generations', 'cancel', receipt.id])

  assert.equal(code, 1)
  assert.match(stderr, /has ended already: it is settled\. \[too_late/)
})
