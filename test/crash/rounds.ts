import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import { formatUsd } from '../../src/core/money.ts'
import type { Receipt } from '../../src/core/receipt.ts'
import type { Detail } from '../../src/sandbox/painter.ts'
import type { TestGatewayChild } from '../support/gateway.ts'
import { bearer, fetchedHash, listReceipts, until } from '../support/generations.ts'
import type { DatabaseKind } from '../support/home.ts'
import { type Agreement, checkBill } from './bills.ts'
import { checkAnytime, checkEnded, endLeases } from './books.ts'
import { type Acknowledged, type Load, startLoad } from './callers.ts'
import { checkFates, checkFetchable, type Fates, merged, type Remains, remainsIn, sumOfFates } from './remains.ts'
import type { Wish } from './wishes.ts'
import { fund, openWorld, warm } from './world.ts'

export interface CrashOptions {
  readonly rounds: number
  readonly seed: number
  readonly database: DatabaseKind
  readonly callers?: number
  /** Milliseconds that the provider takes at most. */
  readonly slowestMs?: number
  /** Waits until so many calls are under way before it kills. */
  readonly underWay?: number
  /** PostgreSQL: says that no other node is alive instead of waiting until leases lapse. */
  readonly skipLeases?: boolean
  readonly pictures?: Detail
  /** Told of every round. */
  readonly log?: (line: string) => void
}

export interface CrashFigures extends Agreement {
  readonly rounds: number
  readonly acknowledged: number
  readonly promised: number
  readonly answers: Readonly<Record<string, number>>
  readonly settled: number
  readonly voided: number
  readonly charged_usd: string
  readonly loss_usd: string
  readonly fates: Fates
  readonly slowest_recovery_ms: number
}

/** A hundred generations in parallel, most of them at their providers. */
export const HUNDRED = { callers: 220, slowestMs: 8_000, underWay: 100 } as const

/** The longest that a kill may come after the load began. */
const LONGEST_LIFE_MS = 2500

/** What M3 allows. Leases (15 s) and the sweep (10 s) are part of it on PostgreSQL, and jobs that run on at their provider everywhere. */
export const RECOVERY_MS = 90_000

/** What callers may see: broken off, made, promised, failed in a stream, refused or failed by the provider, under way under their key. */
const EXPECTED: ReadonlySet<number> = new Set([0, 200, 202, 299, 400, 409, 502])

/** Until there is so much under way, after everything that the last gateway left was asked for again. */
const UNDER_WAY_MS = 60_000

/** PostgreSQL: rounds between two waits for leases. */
const ROUNDS_PER_WAIT = 5

/**
 * Kills the gateway at random moments under load, starts it again on the same data, and checks that every promise stands. The seed
 * decides the moments and the requests; how they meet is up to the machine. Throws at the first promise that is broken.
 */
export async function crashRounds(options: CrashOptions): Promise<CrashFigures> {
  const { rounds, database, callers = 24, slowestMs = 150, underWay = 0, skipLeases = false, log = () => {} } = options
  const world = await openWorld(options)
  const { chance, home } = world
  const answers: Record<string, number> = {}
  const acknowledged: Acknowledged[] = []
  const promised: string[] = []
  const fates: Fates[] = []
  const dead = new Set<string>()
  let unresolved: readonly Remains[] = []
  let resolved: readonly Remains[] = []
  let pending: readonly Wish[] = []
  let slowest = 0
  let isChecked = true
  let gateway: TestGatewayChild | undefined
  try {
    gateway = await world.start()
    await fund(gateway)
    await warm(gateway)
    for (let round = 1; round <= rounds; round += 1) {
      const wish = (): Wish => world.wish({ slowestMs })
      const load = startLoad([gateway.url], gateway.keys.live, { callers, pending: isChecked ? pending : [], wish })
      if (underWay > 0) await untilUnderWay(gateway, underWay)
      const lifeMs = 50 + chance.roll(underWay > 0 ? 1_000 : LONGEST_LIFE_MS)
      await sleep(lifeMs)
      // However slow the machine is, there has to be something to lose.
      if (round === 1) await until('the load', () => load.acknowledged.length >= 10 || undefined)
      await gateway.child.end('SIGKILL')
      const { output } = gateway.child
      gateway = undefined
      await load.stop()
      // Whoever asks again before the leases have lapsed waits for the dead, and does nothing else.
      pending = isChecked ? load.pending : [...pending, ...load.pending]
      addAnswers(answers, load, EXPECTED, output)
      await checkAnytime(home)
      fates.push(await checkFates(home, resolved))
      resolved = []
      const left = await remainsIn(home, await world.callsNow())
      unresolved = merged(unresolved, left)
      for (const { attempt } of left) dead.add(attempt.id)
      if (skipLeases) await endLeases(home)

      const startedAt = performance.now()
      gateway = await world.start()
      const running = gateway
      isChecked = database === 'sqlite' || skipLeases || round % ROUNDS_PER_WAIT === 0 || round === rounds
      if (isChecked) {
        await untilEnded(running, RECOVERY_MS)
        slowest = Math.max(slowest, performance.now() - startedAt)
        await checkFetchable(running, unresolved)
        resolved = unresolved
        unresolved = []
      }
      for (const each of load.acknowledged) await checkKept(running, each)
      acknowledged.push(...load.acknowledged)
      promised.push(...load.promised)
      log(
        `round ${round}: killed after ${lifeMs} ms, ${load.acknowledged.length} acknowledged, ${left.length} under way, ` +
          (isChecked
            ? `recovered ${Math.round(performance.now() - startedAt)} ms after the start`
            : 'leases not waited for'),
      )
    }
    // A picture that was acknowledged in the first round is still there after the last.
    for (const each of sampled(acknowledged, 100)) await checkKept(gateway, each)
    for (const id of sampled(promised, 50)) await checkPromised(gateway, id)
    assert.equal(await gateway.child.end('SIGTERM'), 0, 'the last one stops by itself')
    gateway = undefined
    fates.push(await checkFates(home, resolved))
    const totals = await checkEnded(home)
    const agreement = await checkBill(home, await world.calls(), dead)
    return {
      rounds,
      acknowledged: acknowledged.length,
      promised: promised.length,
      answers,
      settled: totals.settled,
      voided: totals.voided,
      charged_usd: formatUsd(totals.charged),
      loss_usd: formatUsd(totals.loss),
      fates: sumOfFates(fates),
      ...agreement,
      slowest_recovery_ms: Math.round(slowest),
    }
  } finally {
    await gateway?.child.end('SIGKILL')
    await world.stop()
  }
}

/** Adds what callers of one round were told; every status has to be one that they may see. */
export function addAnswers(
  sum: Record<string, number>,
  { answers }: Load,
  expected: ReadonlySet<number>,
  output: () => string,
): void {
  for (const [status, count] of answers) {
    assert.ok(expected.has(status), `${count} answers had the status ${status}\n${output()}`)
    sum[status] = (sum[status] ?? 0) + count
  }
}

function sampled<T>(all: readonly T[], most: number): readonly T[] {
  return all.filter((_, index) => index % Math.ceil(all.length / most) === 0)
}

/** As the gateway itself counts them. */
async function untilUnderWay({ url, keys, child }: TestGatewayChild, count: number): Promise<void> {
  let seen = 0
  const isReached = async (): Promise<true | undefined> => {
    const answer = await fetch(`${url}/metrics`, { headers: bearer(keys.admin) })
    const [, now = '0'] = /^plantain_generations_in_flight (\d+)/m.exec(await answer.text()) ?? []
    seen = Number(now)
    return seen >= count || undefined
  }
  await until('so many generations', isReached, UNDER_WAY_MS).catch((error: unknown) => {
    throw new Error(`only ${seen} are under way\n${child.output()}`, { cause: error })
  })
}

export async function untilEnded(gateway: TestGatewayChild, withinMs: number): Promise<void> {
  const open = async (): Promise<readonly Receipt[]> =>
    (await listReceipts(gateway)).filter(({ status }) => status !== 'settled' && status !== 'voided')
  const isEnded = async (): Promise<true | undefined> => ((await open()).length === 0 ? true : undefined)
  await until('recovery', isEnded, withinMs).catch(async (error: unknown) => {
    throw new Error(`still open: ${JSON.stringify(await open())}\n${gateway.child.output()}`, { cause: error })
  })
}

export async function checkKept(gateway: TestGatewayChild, { id, hashes }: Acknowledged): Promise<void> {
  const answer = await fetch(`${gateway.url}/api/v1/generations/${id}`, { headers: bearer(gateway.keys.live) })
  assert.equal(answer.status, 200, `${id} was acknowledged and is gone`)
  const receipt = (await answer.json()) as { status: string; delivered: number }
  assert.deepEqual([id, receipt.status, receipt.delivered], [id, 'settled', hashes.length])
  for (const [index, hash] of hashes.entries()) assert.equal(await fetchedHash(gateway, id, index), hash)
}

async function checkPromised({ url, keys }: TestGatewayChild, id: string): Promise<void> {
  const answer = await fetch(`${url}/api/v1/generations/${id}`, { headers: bearer(keys.live) })
  assert.equal(answer.status, 200, `${id} was promised and is gone`)
  const { finished_at: finishedAt } = (await answer.json()) as { finished_at: string | null }
  assert.ok(finishedAt, `${id} has ended`)
}
