import type { Nanos } from '../../src/core/money.ts'
import type { TokenUsage } from '../../src/core/receipt.ts'
import type { UpstreamFailure } from '../../src/providers/provider.ts'
import type { Dice } from '../../src/ledger/test-ledger.ts'
import { usageOf, worthOf, worthOfUsage } from './goods.ts'

/** What becomes of one paid call, decided when it is made. */
export interface Fate {
  /** Good pictures in its answer, and broken ones before them. */
  readonly pictures: number
  readonly broken: number
  /** Told with the pictures, or with the failure. */
  readonly usage: TokenUsage | undefined
  readonly cost: Nanos | undefined
  readonly failure: UpstreamFailure | undefined
  /** The request never reaches the provider. */
  readonly stays: boolean
  /** From its arrival at the provider to its answer. */
  readonly ms: number
  /** What the provider takes for it in truth, whatever it says; in nanos. */
  readonly bill: bigint
}

type Failing = Pick<UpstreamFailure, 'kind' | 'billed'> & Partial<UpstreamFailure>

/** Rows of reliability.md §3; what is `unknown` is billed in truth as often as not. */
const FAILURES: readonly (Failing & { readonly stays?: true; readonly hangs?: true; readonly isCounted?: true })[] = [
  { kind: 'unavailable', billed: 'no', stays: true },
  { kind: 'rate_limited', billed: 'no', status: 429, retryAfterMs: 1_000 },
  { kind: 'rate_limited', billed: 'no', status: 429, retryAfterMs: 40_000 },
  { kind: 'unavailable', billed: 'no', status: 503 },
  { kind: 'unavailable', billed: 'unknown', status: 500 },
  { kind: 'unavailable', billed: 'unknown', status: 502 },
  { kind: 'unavailable', billed: 'unknown' },
  { kind: 'unavailable', billed: 'unknown', hangs: true },
  { kind: 'no_image', billed: 'yes', status: 200, isCounted: true },
  { kind: 'no_image', billed: 'yes', status: 200 },
  { kind: 'refused', billed: 'no', status: 200 },
  { kind: 'refused', billed: 'yes', status: 200, isCounted: true },
  { kind: 'refused', billed: 'unknown', status: 400 },
  { kind: 'rejected', billed: 'no', status: 400 },
  { kind: 'rejected', billed: 'unknown', status: 422 },
  { kind: 'unavailable', billed: 'no', status: 404 },
  { kind: 'unauthorized', billed: 'no', status: 401 },
]

/** How often things go wrong, of 100 calls. */
export interface Weather {
  readonly failures: number
  /** Answers with fewer pictures than were wanted, with broken ones, or without any that can be used. */
  readonly flaws: number
  readonly slowestMs: number
}

export const FINE: Weather = { failures: 0, flaws: 0, slowestMs: 3_000 }

/** Draws what becomes of a call for `wanted` pictures on a route. */
export function drawFate(random: Dice, weather: Weather, route: string, wanted: number): Fate {
  const ms = 1 + random.roll(weather.slowestMs)
  return random.roll(100) < weather.failures
    ? failed(random, route, wanted, ms)
    : made(random, weather, route, wanted, ms)
}

function failed(random: Dice, route: string, wanted: number, ms: number): Fate {
  const { stays = false, hangs = false, isCounted = false, ...told } = pick(random, FAILURES)
  const usage = isCounted && random.roll(2) === 0 ? usageOf(0, 50) : undefined
  const full = usage !== undefined && route.startsWith('sim/tokens') ? worthOfUsage(usage) : worthOf(route, wanted)
  const cost = isCounted && random.roll(2) === 0 ? ((full / 2n) as Nanos) : undefined
  const isBilled = told.billed === 'yes' || (told.billed === 'unknown' && random.roll(2) === 0)
  return {
    pictures: 0,
    broken: 0,
    usage,
    cost,
    failure: {
      message: 'It failed.',
      raw: '',
      ...told,
      ...(usage && { usage }),
      ...(cost !== undefined && { cost }),
    },
    stays,
    ms: hangs ? 3_600_000 : ms,
    bill: isBilled ? (cost ?? full) : 0n,
  }
}

function made(random: Dice, { flaws }: Weather, route: string, wanted: number, ms: number): Fate {
  const isFlawed = random.roll(100) < flaws
  const pictures = isFlawed ? random.roll(wanted + 1) : wanted
  const broken = isFlawed && random.roll(2) === 0 ? wanted - pictures : 0
  const counts = route.startsWith('sim/tokens') && random.roll(4) > 0
  // Now and then there are more words than any hold allows for.
  const usage = counts ? usageOf(pictures, random.roll(random.roll(8) === 0 ? 40_000 : 120)) : undefined
  const full = usage === undefined ? worthOf(route, pictures + broken) : worthOfUsage(usage)
  const cost = random.roll(3) === 0 ? ((full / 2n) as Nanos) : undefined
  return { pictures, broken, usage, cost, failure: undefined, stays: false, ms, bill: cost ?? full }
}

function pick<T>(random: Dice, from: readonly T[]): T {
  return random.take([...from])
}
