import type { Model } from '../catalog/model.ts'
import type { PriceTraits } from '../catalog/price.ts'
import type { ImageRequest } from '../core/image-request.ts'
import type { Nanos } from '../core/money.ts'
import type { Warning } from '../core/receipt.ts'

/** One way to have the picture made: a model on a provider, as the request can be asked of it, priced. */
export interface Road {
  /** Slug of the provider. */
  readonly provider: string
  /** The provider's own id of the model. */
  readonly model: string
  /** The catalogue's row, with the prices of this road. */
  readonly served: Model
  /** The request as this model can be asked: tier and ratio settled, what it cannot honour left out. */
  readonly request: ImageRequest
  readonly traits: PriceTraits
  /** What the dearest outcome on this road costs. */
  readonly hold: Nanos
  /** What the pictures alone cost at the list price of this road. */
  readonly typical: Nanos
  /** Names of what the caller said and this road would not honour. */
  readonly leftOut: readonly string[]
  /** What the caller should know of this road alone. */
  readonly warnings: readonly Warning[]
  /** Credentials that can be used, numbered from 0 in the order of the setting; at least one on a road that is planned. */
  readonly credentials: number
}

/** What the last minutes tell about a road. */
export interface Standing {
  /** `outage`: it failed within the last 30 s. `ejected`: its breakers are open, no call goes there unless nothing else is left. */
  readonly state: 'good' | 'outage' | 'ejected'
  /** Median of recent good calls in milliseconds; undefined while there are too few to tell. */
  readonly p50Ms: number | undefined
}

export type StandingOf = (provider: string, model: string) => Standing

/** What is said of a road on which nothing has happened yet. */
export const UNTRIED: Standing = { state: 'good', p50Ms: undefined }
