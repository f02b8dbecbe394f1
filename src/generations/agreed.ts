import type { PriceSnapshot, PriceTraits } from '../catalog/charge.ts'
import type { Pixels } from '../catalog/price.ts'
import type { GenerationId } from '../core/ids.ts'
import type { ImageRequest } from '../core/image-request.ts'
import { formatUsd, type Nanos, usd } from '../core/money.ts'
import type { ReceiptRoute, Warning } from '../core/receipt.ts'
import type { GenerationRow } from '../db/schema.ts'
import type { Owner } from './engine-port.ts'
import { requestOf, type Skeleton } from './skeleton.ts'

/**
 * What was agreed before anything was sent: the roads that may be tried, what each of them costs, what is held. Calling, reckoning and
 * receipts work from this alone, and it is written down whole, so that a process which finds a generation after a crash ends it as
 * the first one would have.
 */
export interface Agreed {
  readonly id: GenerationId
  readonly createdAt: number
  readonly deadlineAt: number
  readonly owner: Pick<Owner, 'workspaceId' | 'mode' | 'keyHash' | 'streamed'>
  readonly requestedModel: string
  /** Whether an idempotency key means it. */
  readonly isKeyed: boolean
  /** In the order in which they are tried; at least one. */
  readonly roads: readonly AgreedRoad[]
  readonly hold: Nanos
  /** Pictures of each parallel call. */
  readonly shares: readonly number[]
  /** Every call sends all of them. */
  readonly references: readonly Pixels[]
  readonly warnings: readonly Warning[]
  /** Every route of every model that was wished for. */
  readonly considered: readonly ReceiptRoute[]
}

/** A road with the prices of the moment at which the hold was made. */
export interface AgreedRoad {
  readonly provider: string
  /** The provider's own id of the model. */
  readonly model: string
  readonly credentials: number
  /** The catalogue's id of the model. */
  readonly served: string
  readonly price: PriceSnapshot
  readonly traits: PriceTraits
  readonly typical: Nanos
  /** As this road is asked. After a crash without its pictures, and without its words where prompts are not kept. */
  readonly request: ImageRequest
  readonly warnings: readonly Warning[]
}

/** Pictures that were asked for. */
export function asked({ shares }: Agreed): number {
  return shares.reduce((sum, images) => sum + images, 0)
}

/** Pictures that the `n`-th call is to make: calls of one share follow each other by the number of shares. */
export function imagesOf({ shares }: Agreed, n: number): number {
  return shares[(n - 1) % shares.length] ?? 1
}

/** The road that a call was made on. Throws for one that was never agreed. */
export function roadOf({ id, roads }: Agreed, call: { readonly provider: string; readonly model: string }): AgreedRoad {
  const road = roads.find(({ provider, model }) => provider === call.provider && model === call.model)
  if (road === undefined) throw new Error(`${id} was never to go to ${call.provider}/${call.model}`)
  return road
}

/** The columns that hold it: terms with the generation, prices with the hold. */
export function writeAgreed(agreed: Agreed): { readonly terms: string; readonly pricing: string } {
  const texts = agreed.roads.map(({ price }) => JSON.stringify(price))
  const prices = [...new Set(texts)]
  const terms: Terms = {
    hold_usd: formatUsd(agreed.hold),
    shares: agreed.shares,
    isKeyed: agreed.isKeyed,
    references: agreed.references.map(({ width, height }) => ({ width, height })),
    roads: agreed.roads.map(({ price: _, typical, request, warnings, ...road }, index) => ({
      ...road,
      price: prices.indexOf(texts[index] ?? ''),
      typical_usd: formatUsd(typical),
      shape: shapeOf(request),
      ...(warnings.length > 0 && { warnings }),
    })),
    warnings: agreed.warnings,
    considered: agreed.considered,
  }
  return { terms: JSON.stringify(terms), pricing: `[${prices.join(',')}]` }
}

/** What a row and the prices of its hold say was agreed. */
export function readAgreed(row: GenerationRow, pricing: string): Agreed {
  const terms = JSON.parse(row.terms) as Terms
  const prices = JSON.parse(pricing) as readonly PriceSnapshot[]
  const skeleton = row.request === null ? undefined : (JSON.parse(row.request) as Skeleton)
  return {
    id: row.id as GenerationId,
    createdAt: row.created_at,
    deadlineAt: row.deadline_at,
    owner: { workspaceId: row.workspace_id, mode: row.mode, keyHash: row.key_hash, streamed: row.streamed === 1 },
    requestedModel: row.model_requested,
    roads: terms.roads.map(({ price, typical_usd: typical, warnings = [], shape, ...road }) => {
      const snapshot = prices[price]
      if (snapshot === undefined) throw new Error(`the hold of ${row.id} has no price ${price}`)
      const request = { ...requestOf(row.model_requested, skeleton), ...shape }
      return { ...road, price: snapshot, typical: usd(typical), request, warnings }
    }),
    hold: usd(terms.hold_usd),
    shares: terms.shares,
    isKeyed: terms.isKeyed,
    references: terms.references,
    warnings: terms.warnings,
    considered: terms.considered,
  }
}

/** The same as JSON; prices are numbers of the list that stands with the hold. */
interface Terms extends Pick<Agreed, 'shares' | 'isKeyed' | 'references' | 'warnings' | 'considered'> {
  readonly hold_usd: string
  readonly roads: readonly (Pick<AgreedRoad, 'provider' | 'model' | 'credentials' | 'served' | 'traits'> & {
    readonly price: number
    readonly typical_usd: string
    readonly warnings?: readonly Warning[]
    readonly shape: Shape
  })[]
}

/** What of a road's request decides whether a picture is what was asked. */
type Shape = Pick<ImageRequest, 'n' | 'size' | 'resolution' | 'aspectRatio' | 'format' | 'compression'>

function shapeOf({ n, size, resolution, aspectRatio, format, compression }: ImageRequest): Shape {
  return {
    ...(n !== undefined && { n }),
    ...(size && { size }),
    ...(resolution && { resolution }),
    ...(aspectRatio !== undefined && { aspectRatio }),
    ...(format && { format }),
    ...(compression !== undefined && { compression }),
  }
}
