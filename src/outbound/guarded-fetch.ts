import type { Clock } from '../core/clock.ts'
import type { Result } from '../core/result.ts'
import { ranges } from './address-rules.ts'
import { type Connect, connectTcp } from './connect.ts'
import { accepted, type Accepted, type Fetched } from './fetched.ts'
import { follow } from './follow.ts'
import { type Lifetime, startLifetime } from './lifetime.ts'
import type { FetchRefusal } from './refusal.ts'
import { lookUpTrusted, makeResolve, type Resolve } from './resolve.ts'

/** The only way to a URL that somebody else chose: a caller, a provider's answer, the owner of a webhook. */
export interface GuardedFetch {
  /**
   * One GET, without credentials. Never throws for what the other side does. At most three redirects are followed, each judged like the
   * first URL. All of it, the body included, has to happen within the connector's total time.
   */
  get(url: string, options: FetchOptions): Promise<Result<Fetched, FetchRefusal>>
  /** Gives up whatever is under way. */
  close(): Promise<void>
}

export interface FetchOptions extends Accepted {
  readonly signal: AbortSignal
  /**
   * Origins that the operator named, `https://fal.run`: any port and any address but a metadata service's. A redirect off them is judged
   * like any other URL.
   */
  readonly trustedOrigins?: readonly string[]
}

export interface GuardedFetchParts {
  readonly clock: Clock
  readonly resolve?: Resolve
  /** For the names in trusted origins. */
  readonly resolveTrusted?: Resolve
  readonly connect?: Connect
  /** Private ranges that the operator opens, as CIDR: `10.1.0.0/16`. A text that is none throws. */
  readonly allowedRanges?: readonly string[]
  /** From the first rule to the last byte. */
  readonly totalMs?: number
}

const TOTAL_MS = 15_000

export function makeGuardedFetch({
  clock,
  resolve = makeResolve(),
  resolveTrusted = lookUpTrusted,
  connect = connectTcp,
  allowedRanges = [],
  totalMs = TOTAL_MS,
}: GuardedFetchParts): GuardedFetch {
  const parts = { clock, resolve, resolveTrusted, connect, opened: ranges(...allowedRanges) }
  const underWay = new Set<Lifetime>()

  return {
    async get(url, options) {
      const trusted = new Set(options.trustedOrigins?.map((origin) => new URL(origin).origin))
      const life = startLifetime(clock, totalMs, options.signal)
      life.signal.addEventListener('abort', () => underWay.delete(life))
      if (!life.signal.aborted) underWay.add(life)
      let isHandedOver = false
      try {
        const found = await follow(url, options.accept, { trusted }, life.signal, parts)
        if (!found.ok) return found
        const fetched = accepted(found.value, options, life)
        isHandedOver = fetched.ok
        return fetched
      } finally {
        if (!isHandedOver) life.end()
      }
    },
    async close() {
      for (const life of underWay) life.end()
    },
  }
}
