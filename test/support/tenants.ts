import assert from 'node:assert/strict'

import type { TestGatewayHere } from './gateway.ts'
import { bearer } from './generations.ts'

export type KeyKind = 'live' | 'test' | 'admin'

/** A workspace with a key of each kind and money to test with. */
export interface Tenant {
  readonly name: string
  readonly workspaceId: string
  readonly keys: Readonly<Record<KeyKind, string>>
  /** SHA-256 of each key: its public id. */
  readonly hashes: Readonly<Record<KeyKind, string>>
}

export async function makeTenant({ gateway, url }: TestGatewayHere, name: string): Promise<Tenant> {
  const { accounts } = gateway
  const { id: workspaceId } = await accounts.createWorkspace(name)
  const make = async (mode: KeyKind) => {
    const made = await accounts.createKey({ name: `${name}, ${mode}`, mode, workspaceId })
    assert.ok(made.ok)
    return made.value
  }
  const made = { live: await make('live'), test: await make('test'), admin: await make('admin') }
  const granted = await fetch(`${url}/api/v1/credits`, {
    method: 'POST',
    headers: { ...bearer(made.admin.key), 'content-type': 'application/json' },
    body: JSON.stringify({ amount_usd: '100', mode: 'test', idempotency_key: `first money of ${name}` }),
  })
  assert.equal(granted.status, 200)
  return {
    name,
    workspaceId,
    keys: { live: made.live.key, test: made.test.key, admin: made.admin.key },
    hashes: { live: made.live.facts.hash, test: made.test.facts.hash, admin: made.admin.facts.hash },
  }
}
