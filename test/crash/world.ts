import assert from 'node:assert/strict'

import type { Failpoint } from '../../src/core/failpoint.ts'
import { type Dice, dice } from '../../src/ledger/test-ledger.ts'
import type { Call } from '../../src/sandbox/bill.ts'
import type { Detail } from '../../src/sandbox/painter.ts'
import { startGatewayChild, type TestGatewayChild } from '../support/gateway.ts'
import { type DatabaseKind, type Home, makeHome } from '../support/home.ts'
import { type Simulator, startSimulator } from '../support/simulator.ts'
import { makeWishes, ROADS, SUBJECTS, type WishOptions, type Wish } from './wishes.ts'

export interface WorldOptions {
  readonly seed: number
  readonly database: DatabaseKind
  /** PostgreSQL elsewhere than TEST_DATABASE_URL says. */
  readonly home?: Home
  /** `fine` ones are long under way, as real ones are. Default `coarse`. */
  readonly pictures?: Detail
}

/** A provider that remembers what it would bill, data that outlive every gateway, and one seed for all that is drawn. */
export interface World {
  readonly chance: Dice
  readonly home: Home
  readonly simulator: Simulator
  readonly wish: (options?: WishOptions) => Wish
  /** Rejects when the gateway dies before it listens, which an armed one may. */
  start(crashAt?: { readonly name: Failpoint; readonly count: number }): Promise<TestGatewayChild>
  /** Every call on the bill so far; calls whose answers have not begun are not on it. */
  callsNow(): Promise<readonly Call[]>
  /** Every call on the bill, once the simulator has nothing left to do. */
  calls(): Promise<readonly Call[]>
  stop(): Promise<void>
}

/** Longer than anything that the simulator still does for a dead client. */
const QUIET_MS = 400

export async function openWorld({ seed, database, home: given, pictures }: WorldOptions): Promise<World> {
  const chance = dice(seed)
  const home = given ?? (await makeHome(database))
  const simulator = await startSimulator('refuse', pictures)
  const seen = new Map<number, Call>()
  const environment = {
    GEMINI_API_KEY: 'a-key-for-the-simulator',
    OPENROUTER_API_KEY: 'sk-or-a-key-for-the-simulator',
    FAL_KEY: 'an-id:a-secret',
    PLANTAIN_GOOGLE_BASE_URL: simulator.google,
    PLANTAIN_OPENROUTER_BASE_URL: simulator.openrouter,
    PLANTAIN_FAL_BASE_URL: simulator.fal,
  }

  async function look(): Promise<number> {
    // The bill tells its last ten thousand calls: nothing is missed that is looked at after every round.
    for (const call of (await simulator.bill()).recent) seen.set(call.n, call)
    return seen.size
  }

  return {
    chance,
    home,
    simulator,
    wish: makeWishes(chance),
    start: async (crashAt) =>
      await startGatewayChild({
        home,
        environment: { ...environment, ...(crashAt && { PLANTAIN_CRASH_AT: `${crashAt.name}:${crashAt.count}` }) },
      }),
    async callsNow() {
      await look()
      return [...seen.values()]
    },
    async calls() {
      for (let before = -1, now = await look(); now !== before; now = await look()) {
        before = now
        await new Promise((resolve) => setTimeout(resolve, QUIET_MS))
      }
      return [...seen.values()]
    },
    async stop() {
      await simulator.stop()
      await home.remove()
    },
  }
}

/** Makes every balance prepaid, so that a hold needs one and its rest has to come back. */
export async function fund({ url, keys }: TestGatewayChild, usd = '100000'): Promise<void> {
  const answer = await topUp({ url, keys }, usd, 'crash-test')
  assert.equal(answer.status, 200, await answer.text())
}

export async function topUp(
  { url, keys }: Pick<TestGatewayChild, 'url' | 'keys'>,
  usd: string,
  idempotencyKey: string,
): Promise<Response> {
  return await fetch(`${url}/api/v1/credits`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ amount_usd: usd, mode: 'live', prepaid: true, idempotency_key: idempotencyKey }),
    signal: AbortSignal.timeout(30_000),
  })
}

/** Has every picture painted once, so that the first round is as fast as the others. */
export async function warm({ url, keys }: TestGatewayChild): Promise<void> {
  for (const { model, provider, look, perCall } of ROADS)
    for (const prompt of SUBJECTS) {
      const n = Math.min(3, perCall)
      const answer = await fetch(`${url}/api/v1/images`, {
        method: 'POST',
        headers: { authorization: `Bearer ${keys.live}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          model,
          prompt: `${prompt}[[fault:delay=0.000000]]`,
          n,
          ...look,
          provider: { only: [provider] },
        }),
      })
      assert.equal(answer.status, 200, `${provider}: ${await answer.text().then((text) => text.slice(0, 2_000))}`)
    }
}
