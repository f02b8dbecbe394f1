import assert from 'node:assert/strict'

import { ok, type Result } from '../core/result.ts'
import type { Generated, UpstreamFailure } from '../providers/provider.ts'
import type { PlannedRoute } from './plan.ts'

/** Calls at most, over all routes, for one picture. */
const MAX_ATTEMPTS = 3

/** One paid upstream call on a route, recorded before it is sent and after it ended. */
export type Attempt = (route: PlannedRoute) => Promise<Result<Generated, UpstreamFailure>>

export interface Served {
  readonly route: PlannedRoute
  readonly generated: Generated
}

/**
 * Tries routes in order until one gives pictures. Another route is tried only after a failure that certainly cost nothing and that
 * another provider could mend; everything else is the answer. Never hedges: one call at a time.
 */
export async function failover(
  routes: readonly PlannedRoute[],
  attempt: Attempt,
): Promise<Result<Served, UpstreamFailure>> {
  let last: Result<never, UpstreamFailure> | undefined
  for (const route of routes.slice(0, MAX_ATTEMPTS)) {
    const outcome = await attempt(route)
    if (outcome.ok) return ok({ route, generated: outcome.value })
    last = outcome
    if (!isMendedElsewhere(outcome.error)) break
  }
  assert(last !== undefined, 'a plan has at least one route')
  return last
}

function isMendedElsewhere({ kind, billed }: UpstreamFailure): boolean {
  if (billed !== 'no') return false
  return kind === 'unavailable' || kind === 'rate_limited' || kind === 'unauthorized'
}
