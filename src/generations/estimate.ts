import type { Estimate } from '../core/ask.ts'
import type { Failure } from '../core/errors.ts'
import type { ImageRequest } from '../core/image-request.ts'
import type { Mode } from '../core/receipt.ts'
import { ok, type Result } from '../core/result.ts'
import { consider, type ConsiderParts } from './consider.ts'

/** What a request would hold and which ways it could go, without holding, writing or sending anything. */
export function makeEstimate(parts: ConsiderParts) {
  return (request: ImageRequest, mode: Mode): Result<Estimate, Failure> => {
    const considered = consider(request, mode, parts)
    if (!considered.ok) return considered
    const { plan, hold, typical, warnings } = considered.value
    const [first] = plan.routes
    if (first === undefined) throw new RangeError('a plan has at least one route')
    return ok({
      model: { requested: request.model, served: first.served.id },
      hold,
      typical,
      priceVersion: first.served.pricing.version,
      routes: plan.considered.map((route) => {
        const road = plan.routes.find(({ provider, model }) => provider === route.provider && model === route.model)
        return { ...route, ...(route.taken && road && { price: { hold: road.hold, typical: road.typical } }) }
      }),
      warnings: [...warnings, ...first.warnings],
    })
  }
}
