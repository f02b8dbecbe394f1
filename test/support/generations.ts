import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Receipt } from '../../src/core/receipt.ts'
import { sha256 } from './pictures.ts'

interface Reached {
  readonly url: string
  readonly keys: { readonly live: string }
}

/** Every receipt of live mode, newest first, over all pages. */
export async function listReceipts({ url, keys }: Reached): Promise<Receipt[]> {
  const receipts: Receipt[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const answer = await fetch(`${url}/api/v1/generations?limit=100${query}`, { headers: bearer(keys.live) })
    assert.equal(answer.status, 200)
    const page = (await answer.json()) as { data: Receipt[]; cursor: string | null }
    receipts.push(...page.data)
    cursor = page.cursor
  }
  return receipts
}

/** The SHA-256 of a stored picture as it is served now. */
export async function fetchedHash({ url, keys }: Reached, id: string, index = 0): Promise<string> {
  const answer = await fetch(`${url}/api/v1/generations/${id}/images/${index}`, { headers: bearer(keys.live) })
  assert.equal(answer.status, 200, `picture ${index} of ${id} can be fetched`)
  return sha256(await answer.bytes())
}

/** Asks again and again until the answer is not undefined. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  forMs = 20_000,
): Promise<T> {
  const giveUpAt = performance.now() + forMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    assert.ok(performance.now() < giveUpAt, `${what}: not within ${forMs} ms`)
    await sleep(5)
  }
}

export function bearer(key: string): { authorization: string } {
  return { authorization: `Bearer ${key}` }
}
