import assert from 'node:assert/strict'

import type { Receipt } from '../../src/core/receipt.ts'
import type { TestGateway } from './gateway.ts'

/** The receipt of a generation as the gateway tells it. */
export async function receiptOf({ url }: TestGateway, key: string, id: string): Promise<Receipt> {
  const response = await fetch(`${url}/api/v1/generations/${id}`, { headers: { authorization: `Bearer ${key}` } })
  assert.equal(response.status, 200)
  return (await response.json()) as Receipt
}
