import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Mishap } from '../support/road.ts'
import { type BrokenWays, openBrokenWays } from './broken-ways.ts'
import { type Experiment, type Figures, median, type Stage } from './experiment.ts'
import { bytes, edge } from './raw-answers.ts'
import { attemptsOf, type Bought, openScene, type Scene } from './scene.ts'

const CONNECT_MS = 5_000
/** undici's connect timers tick twice a second, and may fire two ticks late (`lib/util/timers.js`, undici 8.12, read 2026-11-22). */
const TICKS_MS = 1_000
const AFTER_MS = 50
const LEAST_SUCCESS = 0.995

interface Way {
  readonly mishap?: Mishap
  readonly way?: Parameters<BrokenWays['url']>[0]
}

/**
 * How the first of three providers is down, one for each row of §3 that is an outage and not the request's own fault. Not here: answers
 * that never come. A picture may take minutes, so nobody can tell a hang from one before the limit for the status line has passed.
 */
const WAYS: Readonly<Record<string, Way>> = {
  'refused connections': { way: 'refused' },
  'connections that never come about': { way: 'no connection' },
  'resets before a request was read': { mishap: { reset: 'accept' } },
  '429 for half a minute': { mishap: { fault: 'status=429,retry-after=30' } },
  '503 of its own': { mishap: { fault: 'status=503' } },
  '500 of its own': { mishap: { fault: 'status=500' } },
  '502 from an edge': { mishap: edge(502) },
  'resets after the request': { mishap: bytes('', 'reset', 0n) },
  'truncated answers': { mishap: { fault: 'truncate=1000' } },
  'illegal base64': { mishap: { fault: 'bad-base64' } },
  'credentials not accepted': { mishap: { fault: 'status=403' } },
}

/** The ways of the short form: not sent, may be billed, is billed, ours to mend. */
const SHORT: readonly string[] = [
  'refused connections',
  '500 of its own',
  'truncated answers',
  'credentials not accepted',
]

export const ONE_DOWN: readonly Experiment[] = Object.entries(WAYS).map(([name, way]): Experiment => ({
  promise: 'R1',
  claim: `with three routes and the first of them down by ${name}, every caller is served and the next ones go round it`,
  ...(!SHORT.includes(name) && { longOnly: true }),
  run: (stage) => (stage.isLong ? load(stage, name, way) : oneAfterTheOther(stage, way)),
}))

/** Buys one at a time: the first meets what is broken, nobody after it does. */
async function oneAfterTheOther(stage: Stage, way: Way): Promise<Figures> {
  await using down = await openDown(stage, way)
  const bought: Bought[] = []
  for (let count = 0; count < 4; count += 1) bought.push(await down.scene.buy())

  assert.deepEqual(
    bought.map(({ status }) => status),
    [200, 200, 200, 200],
  )
  const [first, ...later] = bought.map(attemptsOf)
  assert.match(first?.[0] ?? '', /^google /)
  assert.equal(first?.at(-1), 'openrouter ok')
  for (const attempts of later) assert.deepEqual(attempts, ['openrouter ok'])
  return { firstMs: Math.round(bought[0]?.ms ?? 0), laterMs: median(bought.slice(1).map(({ ms }) => ms)) }
}

const SECONDS = 60
/**
 * Five calls meet the fault before the breaker opens, and one more at each probe; where they may have been charged, the budget for what
 * follows is three. That is three callers lost, whatever the traffic: less than one in two hundred from 600 calls on.
 */
const PER_SECOND = 12

/** Buys at a steady pace for long enough that the breaker opens, half opens and opens again. */
async function load(stage: Stage, name: string, way: Way): Promise<Figures> {
  const usual = await usualMs(stage)
  await using down = await openDown(stage, way)
  const underWay: Promise<Bought>[] = []
  const startedAt = performance.now()
  for (let count = 0; count < SECONDS * PER_SECOND; count += 1) {
    await sleep(Math.max(0, startedAt + (count * 1000) / PER_SECOND - performance.now()))
    underWay.push(down.scene.buy())
  }
  const bought = await Promise.all(underWay)

  const served = bought.filter(({ status }) => status === 200).length
  const success = served / bought.length
  const tried = bought.filter((one) => attemptsOf(one)[0]?.startsWith('google')).length
  assert.ok(success >= LEAST_SUCCESS, `${name}: ${served} of ${bought.length} were served; ${toldOthers(bought)}`)
  return { ...addedMs(bought, usual), calls: bought.length, success, metTheFault: tried }
}

/** What those heard who were not served, and how often: `502 provider_error google timeout × 3`. */
function toldOthers(bought: readonly Bought[]): string {
  const told = new Map<string, number>()
  for (const one of bought.filter(({ status }) => status !== 200)) {
    const words = [one.status, one.error?.code, ...attemptsOf(one)].join(' ')
    told.set(words, (told.get(words) ?? 0) + 1)
  }
  return [...told].map(([words, count]) => `${words} × ${count}`).join(', ')
}

/** The median that calls take longer than usual: those that met the broken provider, and those that went round it. */
function addedMs(bought: readonly Bought[], usual: number): Figures {
  const met = bought.filter((one) => attemptsOf(one).length > 1)
  const spared = bought.filter((one) => attemptsOf(one).length === 1)
  const before = median(met.map(({ ms }) => ms)) - usual
  const after = median(spared.map(({ ms }) => ms)) - usual
  assert.ok(before <= CONNECT_MS + TICKS_MS, `${before} ms more where the fault was met`)
  assert.ok(after <= AFTER_MS, `${after} ms more once it was known`)
  return { usualMs: usual, addedBeforeMs: before, addedAfterMs: after }
}

/** What a call takes that goes to the second provider from the start. */
async function usualMs(stage: Stage): Promise<number> {
  await using scene = await openScene({ ...stage, providers: ['openrouter', 'fal'] })
  await scene.buy()
  const times: number[] = []
  for (let count = 0; count < 12; count += 1) times.push((await scene.buy()).ms)
  return median(times)
}

/** Checks the books, too, when it is disposed of. */
async function openDown(stage: Stage, { mishap, way }: Way): Promise<{ readonly scene: Scene } & AsyncDisposable> {
  const ways = way === undefined ? undefined : await openBrokenWays()
  const scene = await openScene({
    ...stage,
    providers: ['google', 'openrouter', 'fal'],
    environment: ways && way ? { PLANTAIN_GOOGLE_BASE_URL: ways.url(way) } : {},
  })
  scene.roads.google.always(mishap)
  return {
    scene,
    async [Symbol.asyncDispose]() {
      await scene.books()
      await scene[Symbol.asyncDispose]()
      await ways?.[Symbol.asyncDispose]()
    },
  }
}
