import assert from 'node:assert/strict'

import { usd } from '../../src/core/money.ts'
import type { TestGatewayHere } from './gateway.ts'

/** A test key with a limit of a tenth of a cent, which covers no hold. */
export async function poorKey({ gateway }: TestGatewayHere): Promise<string> {
  const made = await gateway.accounts.createKey({ name: 'poor', mode: 'test', limit: usd('0.001') })
  assert.ok(made.ok)
  return made.value.key
}
