import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Receipt } from '../src/core/receipt.ts'
import { bearer, fetchedHash, until } from './support/generations.ts'
import { openShop, type Shop } from './support/purchases.ts'
import { sha256 } from './support/pictures.ts'

/** Answered long after whoever asked has gone: every surface promises, the same place tells. */

let shop: Shop

before(async () => {
  shop = await openShop()
})
after(() => shop.stop())

/** Served from a queue. */
/** Of a provider with a queue that tells places. */
const QUEUED = { model: 'tongyi-mai/z-image-turbo', provider: { only: ['fal'] } }

const PATHS = ['/api/v1/chat/completions', '/api/v1/images', '/v1/images/generations', '/api/v1/images/generations']

function bodyOf(path: string, prompt: string): object {
  return path.endsWith('completions')
    ? { messages: [{ role: 'user', content: prompt }], prompt: undefined }
    : { prompt }
}

async function poll(id: string, apiKey = shop.gateway.keys.live) {
  const answer = await fetch(`${shop.gateway.url}/api/v1/generations/${id}`, { headers: bearer(apiKey) })
  return { answer, receipt: (await answer.json()) as Receipt }
}

async function cancel(id: string, apiKey = shop.gateway.keys.live) {
  const answer = await fetch(`${shop.gateway.url}/api/v1/generations/${id}/cancel`, {
    method: 'POST',
    headers: bearer(apiKey),
  })
  return {
    status: answer.status,
    body: (await answer.json()) as { error?: { message: string; metadata: { code: string } } },
  }
}

/** Starts a picture that takes so long, and is content with its id. */
async function promised(prompt: string, path = '/api/v1/images') {
  return await shop.buy({ path, body: bodyOf(path, prompt), headers: { prefer: 'respond-async' } })
}

async function ended(id: string, apiKey?: string): Promise<Receipt> {
  return await until('its end', async () => {
    const { receipt } = await poll(id, apiKey)
    return receipt.finished_at === null ? undefined : receipt
  })
}

for (const path of PATHS) {
  test(`${path}: a 202 at once, polls that say when to ask again, then the picture`, async () => {
    const started = await promised(`A patient kite.[[fault:delay=400]]`, path)
    const told = JSON.parse(started.text) as { id: string; status: string; progress: null; links: { self: string } }
    const during = await poll(told.id)
    const picture = await fetch(`${shop.gateway.url}/api/v1/generations/${told.id}/images/0`, {
      headers: bearer(shop.gateway.keys.live),
    })
    await picture.body?.cancel()
    const receipt = await ended(told.id)
    const afterwards = await poll(told.id)

    assert.deepEqual([started.status, started.headers.get('location')], [202, told.links.self])
    assert.equal(started.headers.get('preference-applied'), 'respond-async')
    assert.match(started.headers.get('retry-after') ?? '', /^[1-5]$/)
    assert.deepEqual([told.status, told.progress], ['running', null])
    assert.deepEqual([during.receipt.status, during.receipt.progress], ['running', null])
    assert.match(during.answer.headers.get('retry-after') ?? '', /^[1-5]$/)
    assert.deepEqual([picture.status, picture.headers.get('retry-after')], [404, '1'])
    assert.deepEqual([receipt.status, receipt.delivered], ['settled', 1])
    assert.equal(afterwards.answer.headers.get('retry-after'), null)
    assert.equal('progress' in receipt, false)
    assert.equal(await fetchedHash(shop.gateway, told.id), receipt.images[0]?.sha256)
  })
}

test('one that failed is voided when it is asked about, with its error', async () => {
  const { id } = await promised('A broken kite.[[fault:truncate=1000]]')

  const receipt = await ended(id)

  assert.deepEqual(
    [receipt.status, receipt.error?.code, receipt.error?.status, receipt.charge_usd],
    ['voided', 'upstream_failed', 502, '0'],
  )
})

test('a picture is fetched in pieces that fit together, named by its own hash', async () => {
  const { id } = await promised('A kite in pieces.')
  const { images } = await ended(id)
  const url = `${shop.gateway.url}/api/v1/generations/${id}/images/0`
  const piece = async (range: string) => {
    const answer = await fetch(url, { headers: { ...bearer(shop.gateway.keys.live), range } })
    return { status: answer.status, etag: answer.headers.get('etag'), bytes: Buffer.from(await answer.arrayBuffer()) }
  }

  const [first, second] = [await piece('bytes=0-999'), await piece('bytes=1000-')]

  assert.deepEqual([first.status, second.status], [206, 206])
  assert.deepEqual([first.etag, second.etag], [`"${images[0]?.sha256}"`, `"${images[0]?.sha256}"`])
  assert.equal(sha256(Buffer.concat([first.bytes, second.bytes])), images[0]?.sha256)
})

test('what was sent to a provider that does not take it back goes on, and says so; what has ended says how', async () => {
  const { id } = await promised('A kite that flies.[[fault:delay=600]]')
  await until('the call', async () => ((await poll(id)).receipt.attempts.length > 0 ? true : undefined))
  await sleep(100)

  const during = await cancel(id)
  const receipt = await ended(id)
  const afterwards = await cancel(id)

  assert.equal(during.status, 409)
  assert.match(during.body.error?.message ?? '', /was sent to its provider.* It goes on\./)
  assert.equal(receipt.status, 'settled')
  assert.equal(afterwards.status, 409)
  assert.match(afterwards.body.error?.message ?? '', /it is settled/)
  assert.deepEqual(
    [during, afterwards].map(({ body }) => body.error?.metadata.code),
    ['too_late', 'too_late'],
  )
})

test('somebody else’s generation cannot be cancelled, and is as absent as one that never was', async () => {
  const { test: mine, live: theirs } = shop.gateway.keys
  const body = QUEUED
  // In a queue, so that it could be taken back.
  const wish = {
    prompt: 'A private kite.[[fault:queue=1500]]',
    apiKey: mine,
    body,
    headers: { prefer: 'respond-async' },
  }
  const { id } = await shop.buy(wish)
  await until('its place in the queue', async () => ((await poll(id, mine)).receipt.progress ? true : undefined))
  const absent = `gen-1790000000-${'A'.repeat(20)}`

  const foreign = await cancel(id, theirs)
  const nobodys = await cancel(absent, theirs)
  const odd = await cancel('gen-1', theirs)

  assert.deepEqual([foreign.status, nobodys.status, odd.status], [404, 404, 404])
  assert.equal(foreign.body.error?.message.replace(id, absent), nobodys.body.error?.message)
  assert.equal((await ended(id, mine)).status, 'settled')
})

test('a call that waits in its provider’s queue is taken back for free, and everybody is told', async () => {
  const { test: apiKey } = shop.gateway.keys
  const wish = { prompt: 'A kite in a queue.[[fault:queue=20000]]', apiKey, body: QUEUED }
  const waiting = shop.buy(wish)
  const started = await shop.buy({ ...wish, headers: { prefer: 'respond-async' } })
  assert.equal(started.status, 202, started.text)
  const queued = await until('its place in the queue', async () => {
    const { receipt } = await poll(started.id, apiKey)
    return receipt.progress?.message ? receipt : undefined
  })

  const { status, body } = await cancel(started.id, apiKey)
  const twice = await cancel(started.id, apiKey)

  const receipt = body as unknown as Receipt
  assert.match(queued.progress?.message ?? '', /queue/)
  assert.equal(status, 200, JSON.stringify(body))
  assert.deepEqual([receipt.status, receipt.error?.code, receipt.charge_usd], ['voided', 'cancelled', '0'])
  assert.deepEqual(
    receipt.attempts.map(({ state }) => state),
    ['not_billed'],
  )
  assert.equal(twice.status, 409)
  const [other] = (await listed(apiKey)).filter(({ finished_at: at }) => at === null)
  assert.equal((await cancel(other?.id ?? '', apiKey)).status, 200)
  const told = await waiting
  assert.deepEqual([told.status, told.code, told.headers.get('x-should-retry')], [409, 'cancelled', 'false'])
})

async function listed(apiKey: string): Promise<readonly Receipt[]> {
  const answer = await fetch(`${shop.gateway.url}/api/v1/generations`, { headers: bearer(apiKey) })
  return ((await answer.json()) as { data: Receipt[] }).data
}
