import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import { formatUsd, type Nanos } from '../../src/core/money.ts'
import { dice } from '../../src/ledger/test-ledger.ts'
import { startGatewayChild, type TestGatewayChild } from '../support/gateway.ts'
import { fetchedHash, listReceipts, until } from '../support/generations.ts'
import { type DatabaseKind, makeHome } from '../support/home.ts'
import { type Simulator, startSimulator } from '../support/simulator.ts'
import { checkAnytime, checkEnded, endLeases } from './books.ts'
import { type Acknowledged, startLoad, SUBJECTS } from './callers.ts'

export interface CrashOptions {
  readonly rounds: number
  readonly seed: number
  readonly database: DatabaseKind
  readonly callers?: number
  /** PostgreSQL: says that no other node is alive instead of waiting until leases lapse. */
  readonly skipLeases?: boolean
  /** Told of every round. */
  readonly log?: (line: string) => void
}

export interface CrashFigures {
  readonly rounds: number
  readonly acknowledged: number
  readonly answers: Readonly<Record<string, number>>
  readonly settled: number
  readonly voided: number
  /** Settled though no caller ever saw the whole answer. */
  readonly unseen: number
  readonly charged_usd: string
  readonly provider_cost_usd: string
  readonly loss_usd: string
  /** What the provider would have billed: at least what was charged, at most what is booked. */
  readonly bill_usd: string
  readonly calls: number
  readonly slowest_recovery_ms: number
}

/** The longest that a kill may come after the load began. */
const LONGEST_LIFE_MS = 2500

/** On PostgreSQL another node may still be alive: leases (15 s) have to lapse and the sweep (10 s) to come by. */
const RECOVERY_MS = { sqlite: 5_000, postgres: 40_000 } as const

/** What callers may see: broken off, made, refused by the provider, failed at the provider. A 5xx of our own is a defect. */
const EXPECTED: ReadonlySet<number> = new Set([0, 200, 400, 502])

/** PostgreSQL: rounds between two waits for leases. */
const ROUNDS_PER_WAIT = 5

/**
 * Kills the gateway at random moments under load, starts it again on the same data, and checks that every promise stands. The seed
 * decides the moments and the requests; how they meet is up to the machine. Throws at the first promise that is broken.
 */
export async function crashRounds({
  rounds,
  seed,
  database,
  callers = 24,
  skipLeases = false,
  log = () => {},
}: CrashOptions): Promise<CrashFigures> {
  const chance = dice(seed)
  const home = await makeHome(database)
  const simulator = await startSimulator('refuse')
  const start = async (): Promise<TestGatewayChild> =>
    await startGatewayChild({
      home,
      environment: { GEMINI_API_KEY: 'a-key-for-the-simulator', PLANTAIN_GOOGLE_BASE_URL: simulator.google },
    })
  const answers: Record<string, number> = {}
  const acknowledged: Acknowledged[] = []
  let slowest = 0
  let gateway: TestGatewayChild | undefined
  try {
    await warm(simulator)
    gateway = await start()
    await fund(gateway)
    for (let round = 1; round <= rounds; round += 1) {
      const load = startLoad(gateway.url, gateway.keys.live, callers, chance)
      const lifeMs = 50 + chance.roll(LONGEST_LIFE_MS)
      await sleep(lifeMs)
      // However slow the machine is, there has to be something to lose.
      if (round === 1) await until('the load', () => load.acknowledged.length >= 10 || undefined)
      await gateway.child.end('SIGKILL')
      const { output } = gateway.child
      gateway = undefined
      await load.stop()
      for (const [status, count] of load.answers) {
        assert.ok(EXPECTED.has(status), `${count} answers had the status ${status}\n${output()}`)
        answers[status] = (answers[status] ?? 0) + count
      }
      await checkAnytime(home)
      if (skipLeases) await endLeases(home)

      const startedAt = performance.now()
      gateway = await start()
      const running = gateway
      const isChecked = database === 'sqlite' || skipLeases || round % ROUNDS_PER_WAIT === 0 || round === rounds
      if (isChecked) {
        await until('recovery', async () => ((await hasOpen(running)) ? undefined : true), RECOVERY_MS[database])
        slowest = Math.max(slowest, performance.now() - startedAt)
      }
      for (const each of load.acknowledged) await checkKept(running, each)
      acknowledged.push(...load.acknowledged)
      log(
        `round ${round}: killed after ${lifeMs} ms, ${load.acknowledged.length} acknowledged, ` +
          (isChecked
            ? `recovered ${Math.round(performance.now() - startedAt)} ms after the start`
            : 'leases not waited for'),
      )
    }
    // A picture that was acknowledged in the first round is still there after the last.
    for (const each of acknowledged.filter((_, index) => index % Math.ceil(acknowledged.length / 100) === 0))
      await checkKept(gateway, each)
    assert.equal(await gateway.child.end('SIGTERM'), 0, 'the last one stops by itself')
    gateway = undefined
    assert.equal(new Set(acknowledged.map(({ id }) => id)).size, acknowledged.length)

    const totals = await checkEnded(home)
    const bill = await simulator.bill()
    assert.ok(BigInt(bill.billed_nanos) >= totals.charged, 'nobody is charged what the provider did not bill')
    return {
      rounds,
      acknowledged: acknowledged.length,
      answers,
      settled: totals.settled,
      voided: totals.voided,
      unseen: totals.settled - acknowledged.length,
      charged_usd: formatUsd(totals.charged),
      provider_cost_usd: formatUsd(totals.providerCost),
      loss_usd: formatUsd(totals.loss),
      bill_usd: formatUsd(BigInt(bill.billed_nanos) as Nanos),
      calls: bill.calls,
      slowest_recovery_ms: Math.round(slowest),
    }
  } finally {
    await gateway?.child.end('SIGKILL')
    await simulator.stop()
    await home.remove()
  }
}

/** Has every subject painted once, so that the first round is as fast as the others. */
async function warm({ google, reset }: Simulator): Promise<void> {
  for (const text of SUBJECTS) {
    const answer = await fetch(`${google}/v1beta/models/gemini-nano-banana-2.1:generateContent`, {
      method: 'POST',
      headers: { 'x-goog-api-key': 'k', 'content-type': 'application/json' },
      body: JSON.stringify({ contents: [{ parts: [{ text }] }] }),
    })
    assert.equal(answer.status, 200, await answer.text())
  }
  await reset()
}

/** Prepaid, so that a hold needs a balance and its rest has to come back. */
async function fund({ url, keys }: TestGatewayChild): Promise<void> {
  const answer = await fetch(`${url}/api/v1/credits`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ amount_usd: '100000', mode: 'live', prepaid: true, idempotency_key: 'crash-test' }),
  })
  assert.equal(answer.status, 200, await answer.text())
}

async function hasOpen(gateway: TestGatewayChild): Promise<boolean> {
  return (await listReceipts(gateway)).some(({ status }) => status !== 'settled' && status !== 'voided')
}

async function checkKept(gateway: TestGatewayChild, { id, hashes }: Acknowledged): Promise<void> {
  const { url, keys } = gateway
  const answer = await fetch(`${url}/api/v1/generations/${id}`, { headers: { authorization: `Bearer ${keys.live}` } })
  assert.equal(answer.status, 200, `${id} was acknowledged and is gone`)
  const receipt = (await answer.json()) as { status: string; delivered: number }
  assert.deepEqual([id, receipt.status, receipt.delivered], [id, 'settled', hashes.length])
  for (const [index, hash] of hashes.entries()) assert.equal(await fetchedHash(gateway, id, index), hash)
}
