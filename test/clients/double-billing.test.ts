import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { createOpenRouter } from '@openrouter/ai-sdk-provider'
import { HTTPClient, OpenRouter } from '@openrouter/sdk'
import { generateText } from 'ai'
import OpenAI from 'openai'

import { fromDataUrl, sha256 } from '../support/pictures.ts'
import { MODEL, openShop, type Shop } from '../support/purchases.ts'
import { receiptOf } from '../support/receipts.ts'
import { watchedFetch } from '../support/watched-fetch.ts'

/** A picture takes longer than every client here waits for one; each gives up and tries again by itself, with the same key. */
const UPSTREAM_MS = 1_500
const PATIENCE_MS = 500

let shop: Shop

before(async () => {
  shop = await openShop()
})
after(() => shop.stop())

interface Probe {
  readonly fetch: typeof fetch
  readonly prompt: string
  readonly headers: { readonly 'Idempotency-Key': string }
}

/** Asks for one picture and gives the SHA-256 of what it got. */
type Client = (probe: Probe) => Promise<string>

const CLIENTS: Readonly<Record<string, Client>> = {
  async openai({ fetch: watched, prompt, headers }) {
    const client = new OpenAI({
      apiKey: shop.gateway.keys.live,
      baseURL: `${shop.gateway.url}/v1`,
      fetch: watched,
      timeout: PATIENCE_MS,
      maxRetries: 5,
    })
    const { data } = await client.images.generate({ model: MODEL, prompt }, { headers })
    return sha256(Buffer.from(data?.[0]?.b64_json ?? '', 'base64'))
  },

  async '@openrouter/sdk'({ fetch: watched, prompt, headers }) {
    const client = new OpenRouter({
      apiKey: shop.gateway.keys.live,
      serverURL: `${shop.gateway.url}/api/v1`,
      httpClient: new HTTPClient({ fetcher: watched }),
      timeoutMs: PATIENCE_MS,
    })
    const chatRequest = { model: MODEL, messages: [{ role: 'user' as const, content: prompt }] }
    const result = await client.chat.send({ chatRequest }, { headers })
    assert.ok('choices' in result)
    return sha256(fromDataUrl(result.choices[0]?.message.images?.[0]?.imageUrl.url ?? ''))
  },

  async ai({ fetch: watched, prompt, headers }) {
    const openrouter = createOpenRouter({
      apiKey: shop.gateway.keys.live,
      baseURL: `${shop.gateway.url}/api/v1`,
      fetch: impatient(watched),
    })
    const { files } = await generateText({ model: openrouter.chat(MODEL), prompt, headers, maxRetries: 5 })
    return sha256(files[0]?.uint8Array ?? Buffer.alloc(0))
  },
}

/** This client has no patience of its own to set. Fails as Node's `fetch` does when no answer begins in time. */
function impatient(watched: typeof fetch): typeof fetch {
  return async (input, init) => {
    const late = AbortSignal.timeout(PATIENCE_MS)
    try {
      return await watched(input, { ...init, signal: late })
    } catch (error) {
      if (late.aborted) throw new TypeError('fetch failed', { cause: error })
      throw error
    }
  }
}

for (const [name, client] of Object.entries(CLIENTS)) {
  test(`${name} retries a picture that takes too long, and it is made and charged once`, async () => {
    const wire = watchedFetch()
    const callsBefore = await shop.calls()

    const got = await client({
      fetch: wire.fetch,
      prompt: `A kite for ${name}.[[fault:delay=${UPSTREAM_MS}]]`,
      headers: { 'Idempotency-Key': `probe ${name}` },
    })

    const { recent, calls } = await shop.simulator.bill()
    const receipt = await receiptOf(shop.gateway, shop.gateway.keys.live, wire.generationId())
    assert.ok(wire.sent() > 1, 'it did retry')
    assert.equal(calls - callsBefore, 1)
    assert.deepEqual(recent.at(-1)?.pictures, [got])
    assert.deepEqual([receipt.status, receipt.images[0]?.sha256], ['settled', got])
  })
}

test('all of them together were charged what the provider billed', async () => {
  const { billed_nanos: billed } = await shop.simulator.bill()
  const row = await shop.gateway.database.db
    .selectFrom('holds')
    .select((rows) => rows.fn.sum<bigint>('charge_nanos').as('charged_nanos'))
    .executeTakeFirstOrThrow()

  assert.equal(String(row.charged_nanos), billed)
})
