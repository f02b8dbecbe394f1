import { type Nanos, ZERO } from '../../core/money.ts'
import type { UpstreamFailure } from '../provider.ts'
import type { Usage } from './wire.ts'

/** A nano-dollar is ten ticks: a dollar has 10,000,000,000 of them. Rounded up, so that no part of a cost is lost. */
export function costOf(usage: Usage): Nanos | undefined {
  const ticks = usage?.cost_in_usd_ticks
  return ticks === undefined ? undefined : (((BigInt(ticks) + 9n) / 10n) as Nanos)
}

/** `cost` for a result or a failure, where it was told. */
export function reported(usage: Usage): { readonly cost?: Nanos } {
  const cost = costOf(usage)
  return cost === undefined ? {} : { cost }
}

/** Whether an answer without a picture was charged: its cost says so; without one, `otherwise` is what the documents leave. */
export function billedBy(usage: Usage, otherwise: UpstreamFailure['billed']): UpstreamFailure['billed'] {
  const cost = costOf(usage)
  if (cost === undefined) return otherwise
  return cost > ZERO ? 'yes' : 'no'
}
