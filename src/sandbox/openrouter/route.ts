import type { Refusal } from '../simulator.ts'
import { noEndpoints } from './errors.ts'
import type { Host, SimulatedModel } from './model.ts'
import type { Routing } from './schema.ts'

/**
 * The host that serves a call, by the caller's preferences; deterministic, where the original weighs by price at random. Hosts are
 * equally dear, and the later ones of a model are the faster ones. Source: https://openrouter.ai/docs/features/provider-routing (read
 * 2026-11-22).
 */
export function route(model: SimulatedModel, wish: Routing): Host | Refusal {
  const only = wish.only?.length ? wish.only : undefined
  const order = wish.order?.length ? wish.order : undefined
  const ignore = wish.ignore ?? []
  const allowed = model.hosts.filter((host) => (only === undefined || isNamed(only, host)) && !isNamed(ignore, host))
  const by = typeof wish.sort === 'string' ? wish.sort : wish.sort?.by
  const sorted = by === 'throughput' || by === 'latency' ? allowed.toReversed() : allowed
  const wished = (order ?? []).flatMap((name) => sorted.filter((host) => isNamed([name], host)))
  const rest = wish.allow_fallbacks === false && order !== undefined ? [] : sorted
  const host = [...wished, ...rest][0]
  return (
    host ?? noEndpoints(model.id, 'No allowed providers are available for the selected model.', 'allowed_providers')
  )
}

/** A base slug means all of a host's endpoints; a longer one, `google-vertex/us-east5`, one of them. */
function isNamed(wished: readonly string[], { slug }: Host): boolean {
  return wished.some((name) => name === slug || name.startsWith(`${slug}/`))
}
