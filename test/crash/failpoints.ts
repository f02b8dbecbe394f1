import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import { type Failpoint, FAILPOINTS } from '../../src/core/failpoint.ts'
import { formatUsd } from '../../src/core/money.ts'
import type { Dice } from '../../src/ledger/test-ledger.ts'
import type { TestGatewayChild } from '../support/gateway.ts'
import type { DatabaseKind } from '../support/home.ts'
import { type Agreement, checkBill } from './bills.ts'
import { checkAnytime, checkEnded, creditedUsd, endLeases, openCalls } from './books.ts'
import { type Acknowledged, startLoad } from './callers.ts'
import {
  checkFates,
  checkFetchable,
  closedOf,
  type Fates,
  merged,
  NO_FATES,
  type Remains,
  remainsIn,
  sumOfFates,
} from './remains.ts'
import { checkKept, RECOVERY_MS, untilEnded } from './rounds.ts'
import { ROADS, type Wish, type WishOptions } from './wishes.ts'
import { fund, openWorld, topUp, type World } from './world.ts'

export interface FailpointOptions {
  /** How often each is visited. */
  readonly times: number
  readonly seed: number
  readonly database: DatabaseKind
  /** Default: all of them. */
  readonly names?: readonly Failpoint[]
  readonly log?: (line: string) => void
}

export interface FailpointFigures extends Agreement {
  readonly visited: Readonly<Record<string, number>>
  readonly acknowledged: number
  readonly fates: Fates
  readonly charged_usd: string
}

const CALLERS = 6

/** Longer than any moment takes to come under load. */
const REACHED_MS = 60_000

const TOP_UP_USD = '1'

/**
 * Kills the gateway at every named moment, at one of the first times that it is reached. The process that recovers from one death is
 * the one that dies at the next moment, so that recovery itself is interrupted too. Throws at the first promise that is broken.
 */
export async function crashAtFailpoints(options: FailpointOptions): Promise<FailpointFigures> {
  const { times, names = FAILPOINTS, log = () => {} } = options
  const world = await openWorld(options)
  const visits = shuffled(
    names.flatMap((name) => Array.from({ length: times }, () => name)),
    world.chance,
  )
  const visited: Record<string, number> = {}
  const acknowledged: Acknowledged[] = []
  const dead = new Set<string>()
  const topUps = new Set<string>()
  let remains: readonly Remains[] = []
  let fates = NO_FATES
  let pending: readonly Wish[] = []
  try {
    for (const name of visits) {
      if (name === visits[0] || name.includes('reaper')) await leaveSomething(world, dead)
      const count = 1 + world.chance.roll(name.includes('reaper') || name.includes('attempt commit') ? 2 : 4)
      // What was left may be less than the moment needs to be reached so often.
      const crashAt = { name, count: name.includes('reaper') ? 1 : count }
      await endLeases(world.home)
      const gateway = await startDoomed(world, crashAt)
      if (gateway !== undefined) {
        const load = startLoad([gateway.url], gateway.keys.live, {
          callers: CALLERS,
          pending,
          wish: () => world.wish(loadFor(name, world)),
        })
        const topping = name.includes('top-up') ? keepToppingUp(gateway, topUps) : undefined
        await untilDead(gateway, crashAt)
        await load.stop()
        await topping
        pending = load.pending
        acknowledged.push(...load.acknowledged)
      }
      visited[name] = (visited[name] ?? 0) + 1
      await checkAnytime(world.home)
      const { closed, open } = await closedOf(world.home, remains)
      fates = sumOfFates([fates, await checkFates(world.home, closed)])
      const left = await remainsIn(world.home, await world.callsNow())
      for (const { attempt } of left) dead.add(attempt.id)
      remains = merged(open, left)
      log(`${name}:${crashAt.count}: ${gateway ? 'died at work' : 'died while it recovered'}, ${left.length} under way`)
    }
    await endLeases(world.home)
    const last = await world.start()
    await untilEnded(last, RECOVERY_MS)
    await checkFetchable(last, remains)
    for (const each of acknowledged) await checkKept(last, each)
    // A top-up whose answer was lost is asked for again, as its caller would.
    for (const key of topUps) assert.equal((await topUp(last, TOP_UP_USD, key)).status, 200)
    assert.equal(await last.child.end(), 0)
    fates = sumOfFates([fates, await checkFates(world.home, remains)])
    assert.equal(await creditedUsd(world.home), String(FUNDED_USD + topUps.size), 'every top-up is credited once')
    const { charged } = await checkEnded(world.home)
    const agreement = await checkBill(world.home, await world.calls(), dead)
    return { visited, acknowledged: acknowledged.length, fates, charged_usd: formatUsd(charged), ...agreement }
  } finally {
    await world.stop()
  }
}

const FUNDED_USD = 100_000

/** What makes a moment come soon. Around the settling there have to be pictures that only the disk still has. */
function loadFor(name: Failpoint, { chance }: World): WishOptions {
  const [google, openrouter] = ROADS
  const road = chance.roll(2) === 0 ? google : openrouter
  return name.includes('settle') && road
    ? { road, mishapOneOf: 0, freshOneOf: 1, slowestMs: 60 }
    : { mishapOneOf: 4, freshOneOf: name.includes('asset') ? 2 : 30, slowestMs: 60 }
}

/** Lets processes die until one has left calls under way: the next one has something to recover. */
async function leaveSomething(world: World, dead: Set<string>): Promise<void> {
  for (let lifeMs = 200; ; lifeMs *= 2) {
    const gateway = await world.start()
    await fund(gateway, String(FUNDED_USD))
    const load = startLoad([gateway.url], gateway.keys.live, {
      callers: CALLERS,
      wish: () => world.wish({ freshOneOf: 30 }),
    })
    await sleep(lifeMs)
    await gateway.child.end('SIGKILL')
    await load.stop()
    const left = await openCalls(world.home)
    for (const id of left) dead.add(id)
    if (left.length > 0) return
  }
}

/** Undefined when it died before it listened. */
async function startDoomed(
  world: World,
  crashAt: { readonly name: Failpoint; readonly count: number },
): Promise<TestGatewayChild | undefined> {
  try {
    return await world.start(crashAt)
  } catch (error) {
    // A process that a signal ended has no exit code.
    if (error instanceof Error && error.message.includes('ended with null')) return undefined
    throw error
  }
}

async function untilDead(
  { child }: TestGatewayChild,
  { name, count }: { readonly name: Failpoint; readonly count: number },
): Promise<void> {
  const giveUpAt = performance.now() + REACHED_MS
  while (isAlive(child.pid)) {
    if (performance.now() > giveUpAt) {
      await child.end('SIGKILL')
      assert.fail(`"${name}" was not reached ${count} times in ${REACHED_MS} ms`)
    }
    await sleep(5)
  }
  assert.equal(await child.end(), 'SIGKILL', child.output())
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** One after another until the gateway is gone; notes every key before it is used. */
async function keepToppingUp(gateway: TestGatewayChild, keys: Set<string>): Promise<void> {
  for (;;) {
    const key = `top-up-${keys.size}`
    keys.add(key)
    const status = await topUp(gateway, TOP_UP_USD, key).then(
      async (answer) => answer.status,
      () => 0,
    )
    if (status === 0) return
    assert.equal(status, 200)
    await sleep(20)
  }
}

function shuffled<T>(all: readonly T[], chance: Dice): readonly T[] {
  const left = [...all]
  return Array.from(all, () => chance.take(left))
}
