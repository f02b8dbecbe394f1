import type { Estimate } from '../core/ask.ts'
import type { Failure } from '../core/errors.ts'
import type { ImageRequest } from '../core/image-request.ts'
import type { Mode } from '../core/receipt.ts'
import { ok, type Result } from '../core/result.ts'
import { type AdmitParts, consider } from './admit.ts'

/** What a request would hold and which way it would go, without holding, writing or sending anything. */
export function makeEstimate(parts: Pick<AdmitParts, 'catalog' | 'roads' | 'clock' | 'settings'>) {
  return (request: ImageRequest, mode: Mode): Result<Estimate, Failure> => {
    const considered = consider(request, mode, parts)
    if (!considered.ok) return considered
    const { model, hold, typical, plan, warnings } = considered.value
    return ok({
      model: { requested: request.model, served: model.id },
      hold,
      typical,
      priceVersion: model.pricing.version,
      routes: plan.considered,
      warnings,
    })
  }
}
