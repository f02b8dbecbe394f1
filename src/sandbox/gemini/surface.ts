import type { Refusal } from './errors.ts'
import { refusalFor } from './errors.ts'
import type { SimulatedModel } from './models.ts'
import type { GenerateBody, Shape } from './schema.ts'
import { REQUEST } from './schema.ts'

/** What Google's two surfaces of the same models have of their own: AI Studio here, Vertex AI in ../vertex. */
export interface Surface {
  /** The slug on the bill. */
  readonly simulator: string
  /** Every field that a request may have. */
  readonly request: Shape
  /** Whether even a single turn has to say whose it is. */
  readonly needsRoles: boolean
  /** What else may be wrong with values of this surface's own fields. */
  check(body: GenerateBody): Refusal | undefined
  mimeTypeOf(model: SimulatedModel, body: GenerateBody): 'image/png' | 'image/jpeg'
  /** What the usage says of the road that the call took. */
  trafficOf(body: GenerateBody): Readonly<Record<string, string>>
  /** The body that goes with a status, for faults asked for by number. */
  refusalFor(status: number, model: string, retryAfter: string | undefined): Refusal
}

export const AI_STUDIO: Surface = {
  simulator: 'google-ai-studio',
  request: REQUEST,
  needsRoles: false,
  check: () => undefined,
  mimeTypeOf: ({ mimeType }) => mimeType,
  trafficOf: ({ serviceTier: tier }) => ({ serviceTier: tier && tier !== 'unspecified' ? tier : 'standard' }),
  refusalFor,
}
