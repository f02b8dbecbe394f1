import type { Assets, KeptPicture } from '../assets/assets.ts'
import { insertAsset, nameImage } from '../assets/store.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { type PriceSnapshot, type PriceTraits, snapshotOf } from '../catalog/charge.ts'
import { checkRequest } from '../catalog/check.ts'
import type { Model } from '../catalog/model.ts'
import { quote } from '../catalog/quote.ts'
import { type Clock, isoDay } from '../core/clock.ts'
import type { Failure } from '../core/errors.ts'
import { type GenerationId, newGenerationId, newId } from '../core/ids.ts'
import { type ImageRequest, promptText, references } from '../core/image-request.ts'
import { formatUsd, type Nanos } from '../core/money.ts'
import type { Warning } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Database } from '../db/database.ts'
import type { AttemptRow } from '../db/schema.ts'
import type { HoldRefusal, Ledger } from '../ledger/store.ts'
import { type Plan, plan, type PlannedRoute, type Roads } from '../router/plan.ts'
import type { Owner } from './engine-port.ts'
import { creditFailure } from './failure.ts'
import { keepReferences, readReferences } from './references.ts'
import { skeletonOf } from './skeleton.ts'
import { insertAttempts, insertGeneration } from './store.ts'

/** How long a process is believed to be alive without a sign of life. */
export const LEASE_MS = 15_000

export interface AdmitParts {
  readonly catalog: Catalog
  readonly roads: Roads
  readonly assets: Assets
  readonly ledger: Ledger
  readonly database: Database
  readonly clock: Clock
  /** Names this process in the leases of its generations. */
  readonly processId: string
  readonly settings: {
    readonly onRetired: 'successor' | 'refuse'
    readonly deadlineMs: number
    readonly textAllowance: number
    readonly keepPrompts: boolean
  }
}

/** A generation that may start: checked, quoted, held, its first attempts written, all of it durable. */
export interface Admitted {
  readonly id: GenerationId
  readonly createdAt: number
  readonly owner: Owner
  /** With what admission found out: tier and ratio resolved, facts and continuations of pictures filled in. */
  readonly request: ImageRequest
  readonly requestedModel: string
  readonly model: Model
  readonly traits: PriceTraits
  readonly plan: Plan
  readonly price: PriceSnapshot
  readonly hold: Nanos
  /** What the pictures alone cost at list price. */
  readonly typical: Nanos
  readonly deadlineMs: number
  readonly warnings: readonly Warning[]
  /** One per parallel call, in order, with the pictures that call is to make. */
  readonly shares: readonly Share[]
  readonly references: number
}

export interface Share {
  readonly images: number
  readonly attempt: AttemptRow
}

/** What a request would cost and which way it would go, without holding, writing or sending anything. */
export interface Considered {
  readonly request: ImageRequest
  readonly model: Model
  readonly traits: PriceTraits
  readonly plan: Plan
  readonly hold: Nanos
  readonly typical: Nanos
  readonly warnings: readonly Warning[]
}

/** The part of admission that only thinks: catalogue, plan, request check, quote. */
export function consider(
  asked: ImageRequest,
  mode: Owner['mode'],
  { catalog, roads, clock, settings }: Pick<AdmitParts, 'catalog' | 'roads' | 'clock' | 'settings'>,
): Result<Considered, Failure> {
  const today = isoDay(clock.now())
  const { onRetired, textAllowance } = settings
  const resolved = catalog.resolve(asked.model, { mode, today, onRetired, serves: roads.isConfigured })
  if (!resolved.ok) return resolved
  const { model } = resolved.value
  const planned = plan({ model, mode, routing: asked.routing, today }, roads)
  if (!planned.ok) return planned
  const checked = checkRequest(model, asked)
  if (!checked.ok) return checked

  const { request } = checked.value
  const traits = traitsOf(request)
  const promptBytes = Buffer.byteLength(promptText(request))
  const pictures = references(request).length + (request.mask ? 1 : 0)
  const { hold, typical } = quote(
    model,
    { n: request.n ?? 1, ...traits, promptBytes, references: pictures },
    textAllowance,
  )
  const warnings = [...resolved.value.warnings, ...checked.value.warnings, ...unusedFallbacks(asked)]
  return ok({ request, model, traits, plan: planned.value, hold, typical, warnings })
}

/** Said, but without effect in this release: never dropped silently. */
function unusedFallbacks({ fallbackModels = [] }: ImageRequest): readonly Warning[] {
  if (fallbackModels.length === 0) return []
  const message = `Fallback models are not tried yet: only the first model was asked, not ${fallbackModels.join(', ')}.`
  return [{ code: 'parameter_ignored', field: 'models', message }]
}

/** What of a request its price depends on. */
function traitsOf({ resolution, quality, size }: ImageRequest): PriceTraits {
  return {
    ...(resolution !== undefined && { resolution }),
    ...(quality !== undefined && { quality }),
    ...(size && { size: `${size.width}x${size.height}` }),
  }
}

/**
 * Admission: everything that can refuse a request before it costs anything. On success the hold, the generation and its first
 * attempts are committed in one transaction and durable; on failure nothing was held, written or sent.
 */
export function makeAdmit(parts: AdmitParts) {
  return async (asked: ImageRequest, owner: Owner): Promise<Result<Admitted, Failure>> => {
    const considered = consider(asked, owner.mode, parts)
    if (!considered.ok) return considered
    const read = await readReferences(considered.value.request, considered.value.model.id, owner, parts)
    if (!read.ok) return read
    // Pictures are written before the hold that may be refused; who cannot pay must not be able to fill the disk with them.
    const refusal =
      read.value.pictures.length > 0
        ? await parts.ledger.refusal(moneyOf(considered.value, owner, parts.clock))
        : undefined
    if (refusal !== undefined) {
      for (const picture of read.value.pictures) picture.discard()
      return err(creditFailure(refusal, considered.value.hold))
    }
    const kept = await keepReferences(read.value.pictures, parts.assets)
    if (!kept.ok) return kept

    const admitted = draft(
      considered.value,
      read.value.request,
      asked.model,
      owner,
      [...considered.value.warnings, ...read.value.warnings],
      parts,
    )
    const held = await write(admitted, kept.value, parts)
    if (!held.ok) return err(creditFailure(held.error, admitted.hold))
    await parts.database.durable()
    return ok(admitted)
  }
}

function moneyOf({ hold }: Considered, { workspaceId, mode, keyHash }: Owner, clock: Clock) {
  return { workspaceId, mode, keyHash, amount: hold, at: clock.now() }
}

function draft(
  { model, traits, plan: planned, hold, typical }: Considered,
  request: ImageRequest,
  requestedModel: string,
  owner: Owner,
  warnings: readonly Warning[],
  { clock, settings }: AdmitParts,
): Admitted {
  const [first] = planned.routes
  if (first === undefined) throw new RangeError('a plan has at least one route')
  const id = newGenerationId(clock)
  const createdAt = clock.now()
  return {
    id,
    createdAt,
    owner,
    request,
    requestedModel,
    model,
    traits,
    plan: planned,
    price: snapshotOf(model),
    hold,
    typical,
    deadlineMs: model.deadlineS === undefined ? settings.deadlineMs : model.deadlineS * 1000,
    warnings,
    shares: sharesOf(request.n ?? 1, model.maxNPerCall).map((images, index) => ({
      images,
      attempt: attemptRow(id, index + 1, first, createdAt),
    })),
    references: references(request).length,
  }
}

/** `n` pictures as calls of at most `perCall` each: 5 by 2 is 2, 2, 1. */
export function sharesOf(n: number, perCall: number): readonly number[] {
  return Array.from({ length: Math.ceil(n / perCall) }, (_, index) => Math.min(perCall, n - index * perCall))
}

/** The row of a call that is about to be sent. */
export function attemptRow(generationId: GenerationId, n: number, route: PlannedRoute, at: number): AttemptRow {
  return {
    id: newId('att'),
    generation_id: generationId,
    n,
    provider: route.provider,
    model: route.model,
    state: 'sent',
    status: null,
    upstream_id: null,
    cost_nanos: null,
    error: null,
    sent_at: at,
    finished_at: null,
    ms: null,
  }
}

async function write(
  admitted: Admitted,
  pictures: readonly KeptPicture[],
  { assets, database, ledger, processId, settings }: AdmitParts,
): Promise<Result<void, HoldRefusal>> {
  const { id, owner, createdAt, hold, price, shares, request } = admitted
  return await database.transaction(async (trx) => {
    const held = await ledger.hold(trx, {
      generationId: id,
      workspaceId: owner.workspaceId,
      mode: owner.mode,
      keyHash: owner.keyHash,
      amount: hold,
      pricing: JSON.stringify(price),
      at: createdAt,
    })
    if (!held.ok) return held
    await insertGeneration(trx, {
      id,
      workspace_id: owner.workspaceId,
      mode: owner.mode,
      key_hash: owner.keyHash,
      status: 'running',
      owner: processId,
      lease_until: createdAt + LEASE_MS,
      deadline_at: createdAt + admitted.deadlineMs,
      surface: owner.surface,
      streamed: owner.streamed ? 1 : 0,
      model_requested: admitted.requestedModel,
      model_served: admitted.model.id,
      provider: null,
      request: settings.keepPrompts ? JSON.stringify(skeletonOf(request)) : null,
      references_count: admitted.references,
      caller: JSON.stringify(owner.caller),
      quote: JSON.stringify(writtenQuote(admitted)),
      receipt: null,
      usage: null,
      text: null,
      native_finish_reason: null,
      created_at: createdAt,
      finished_at: null,
    })
    await insertAttempts(
      trx,
      shares.map(({ attempt }) => attempt),
    )
    for (const [position, picture] of pictures.entries()) {
      if (!picture.stored) continue
      await insertAsset(trx, picture, createdAt)
      await nameImage(trx, {
        generation_id: id,
        role: 'reference',
        position,
        sha256: picture.sha256,
        converted_from: null,
        created_at: createdAt,
        expires_at: assets.expiry('reference', createdAt),
      })
    }
    return ok(undefined)
  })
}

/** What is written down about price and plan before anything is sent: recovery works from it alone. */
export interface WrittenQuote {
  readonly hold_usd: string
  readonly typical_usd: string
  readonly price_version: string
  readonly n: number
  readonly calls: number
  readonly resolution: string | null
  readonly aspect_ratio: string | null
  readonly format: string | null
  readonly considered: Plan['considered']
  readonly warnings: readonly Warning[]
}

function writtenQuote({ hold, typical, price, request, shares, plan: planned, warnings }: Admitted): WrittenQuote {
  return {
    hold_usd: formatUsd(hold),
    typical_usd: formatUsd(typical),
    price_version: price.version,
    n: request.n ?? 1,
    calls: shares.length,
    resolution: request.resolution ?? null,
    aspect_ratio: request.aspectRatio ?? null,
    format: request.format ?? null,
    considered: planned.considered,
    warnings,
  }
}
