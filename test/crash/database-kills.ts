import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import { formatUsd } from '../../src/core/money.ts'
import type { TestGatewayChild } from '../support/gateway.ts'
import { bearer, until } from '../support/generations.ts'
import { type Agreement, checkBill } from './bills.ts'
import { checkAnytime, checkEnded, endLeases, openCalls } from './books.ts'
import { type Acknowledged, startLoad } from './callers.ts'
import { homeIn, openCluster } from './cluster.ts'
import { addAnswers, checkKept, untilEnded } from './rounds.ts'
import type { Wish } from './wishes.ts'
import { fund, openWorld, warm, type World } from './world.ts'

export interface DatabaseKillOptions {
  readonly rounds: number
  readonly seed: number
  /** The server alone, or the gateway at the same moment too. */
  readonly what: 'postgres' | 'both'
  readonly callers?: number
  readonly log?: (line: string) => void
}

export interface DatabaseKillFigures extends Agreement {
  readonly rounds: number
  readonly what: string
  readonly acknowledged: number
  readonly answers: Readonly<Record<string, number>>
  readonly charged_usd: string
  readonly loss_usd: string
  /** From the moment at which the server answers again until the gateway has made a picture. */
  readonly slowest_service_ms: number
}

/** R7: recovered so long after the server is back. M4 allows 30 s. */
const SERVICE_MS = 10_000

/** While the database is away: made late, promised, told to come back, or failed as ever. Never 401, never 500. */
const EXPECTED: ReadonlySet<number> = new Set([200, 202, 299, 400, 409, 502, 503])

/** Leases of calls that were lost with the database have to lapse, and the sweep has to come by. */
const ENDED_MS = 60_000

/** Kills the PostgreSQL server under load, starts it again, and checks that no acknowledged commit is lost and nobody has to lend a hand. */
export async function killDatabase(options: DatabaseKillOptions): Promise<DatabaseKillFigures> {
  const { rounds, what, callers = 12, log = () => {} } = options
  const cluster = await openCluster()
  const world = await openWorld({ ...options, database: 'postgres', home: homeIn(cluster) })
  const expected = what === 'both' ? new Set([...EXPECTED, 0]) : EXPECTED
  const answers: Record<string, number> = {}
  const acknowledged: Acknowledged[] = []
  const dead = new Set<string>()
  let pending: readonly Wish[] = []
  let slowest = 0
  let gateway: TestGatewayChild | undefined
  try {
    gateway = await world.start()
    await fund(gateway)
    await warm(gateway)
    for (let round = 1; round <= rounds; round += 1) {
      const onRefused = (answer: Response): void => {
        if (answer.status === 503) assert.ok(answer.headers.get('retry-after'), 'a 503 says when to come back')
      }
      const goesOn = what === 'postgres'
      const load = startLoad([gateway.url], gateway.keys.live, {
        callers,
        pending,
        goesOn,
        onRefused,
        wish: () => world.wish(),
      })
      const lifeMs = 300 + world.chance.roll(1_500)
      await sleep(lifeMs)
      await Promise.all([cluster.kill(), what === 'both' ? gateway.child.end('SIGKILL') : undefined])
      // Long enough for somebody to ask meanwhile.
      const awayMs = 300 + world.chance.roll(1_200)
      await sleep(awayMs)
      await cluster.start()
      const backAt = performance.now()
      const left = await openCalls(world.home)
      for (const id of left) dead.add(id)
      if (what === 'both') {
        await endLeases(world.home)
        gateway = await world.start()
      }
      await untilServed(gateway, world).catch((error: unknown) => {
        throw new Error(`no service: ${gateway?.child.output()}`, { cause: error })
      })
      const serviceMs = performance.now() - backAt
      slowest = Math.max(slowest, serviceMs)
      await load.stop()
      pending = load.pending
      addAnswers(answers, load, expected, gateway.child.output)
      await checkAnytime(world.home)
      // The bill forgets what is older than its last ten thousand calls.
      await world.callsNow()
      for (const each of load.acknowledged) await checkKept(gateway, each)
      acknowledged.push(...load.acknowledged)
      const told = `${load.acknowledged.length} acknowledged, ${left.length} under way`
      log(
        `round ${round}: killed after ${lifeMs} ms, away ${awayMs} ms, ${told}, served ${Math.round(serviceMs)} ms later`,
      )
    }
    await untilEnded(gateway, ENDED_MS)
    assert.equal(await gateway.child.end('SIGTERM'), 0, 'the last one stops by itself')
    gateway = undefined
    const { charged, loss } = await checkEnded(world.home)
    const agreement = await checkBill(world.home, await world.calls(), dead)
    return {
      rounds,
      what,
      acknowledged: acknowledged.length,
      answers,
      charged_usd: formatUsd(charged),
      loss_usd: formatUsd(loss),
      slowest_service_ms: Math.round(slowest),
      ...agreement,
    }
  } finally {
    await gateway?.child.end('SIGKILL')
    await world.stop()
    await cluster.stop()
  }
}

/** Asks for a picture until one comes. */
async function untilServed({ url, keys }: TestGatewayChild, { wish }: World): Promise<void> {
  await until(
    'service',
    async () => {
      const { path, body } = wish({ mishapOneOf: 0, isKeyed: false })
      const headers = { ...bearer(keys.live), 'content-type': 'application/json' }
      const answer = await fetch(url + path, { method: 'POST', headers, body, signal: AbortSignal.timeout(SERVICE_MS) })
      await answer.bytes()
      return answer.status === 200 ? true : undefined
    },
    SERVICE_MS,
  )
}
