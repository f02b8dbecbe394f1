import { randomInt } from 'node:crypto'

import type { Clock } from '../core/clock.ts'
import { makeBulkheads } from './bulkhead.ts'
import { type Failover, makeFailover } from './failover.ts'
import type { HealthBook, makeHealthBook } from './health-book.ts'

/** Everything that is remembered of providers, and what decides by it. One for live traffic, one for test keys. */
export interface Routing {
  readonly health: HealthBook
  readonly failover: Failover
}

/** `perPlace`: calls at a time to each place of a provider, where more would only wait for each other there. */
export function makeRouting(
  clock: Clock,
  makeBook: typeof makeHealthBook,
  perPlace: (provider: string) => number | undefined = () => undefined,
): Routing {
  const bulkheads = makeBulkheads({ clock, perPlace })
  const health = makeBook({ clock, bulkheads })
  return { health, failover: makeFailover({ health, bulkheads, clock, random }) }
}

/** From 0 up to 1. */
function random(): number {
  return randomInt(2 ** 32) / 2 ** 32
}
