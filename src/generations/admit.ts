import type { Assets, KeptPicture } from '../assets/assets.ts'
import { insertAsset, nameImage } from '../assets/store.ts'
import { requestKey } from '../cache/request-key.ts'
import { snapshotOf } from '../catalog/charge.ts'
import type { Clock } from '../core/clock.ts'
import type { Failure } from '../core/errors.ts'
import { failpoint } from '../core/failpoint.ts'
import { type GenerationId, newGenerationId, newId } from '../core/ids.ts'
import { type ImageRequest, references } from '../core/image-request.ts'
import type { Mode } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Database } from '../db/database.ts'
import type { AttemptRow } from '../db/schema.ts'
import type { HoldRefusal, Ledger } from '../ledger/store.ts'
import type { Choice, Failover, Reservation } from '../router/failover.ts'
import { type Agreed, type AgreedRoad, writeAgreed } from './agreed.ts'
import { consider, type ConsiderParts, type Considered } from './consider.ts'
import type { Owner } from './engine-port.ts'
import { creditFailure } from './failure.ts'
import type { Idempotency } from './idempotency.ts'
import { LEASE_MS } from './leases.ts'
import {
  keepReferences,
  readReferences,
  type ReadReferences,
  type ReferenceParts,
  withReferences,
} from './references.ts'
import { REPEATED_FAILURE, type RepeatedFailures } from './repeated-failures.ts'
import { skeletonOf } from './skeleton.ts'
import { insertAttempts, insertGeneration } from './store.ts'

export interface AdmitParts extends ReferenceParts, ConsiderParts {
  readonly assets: Assets
  readonly ledger: Ledger
  readonly failover: Readonly<Record<Mode, Failover>>
  readonly idempotency: Idempotency
  readonly failures: RepeatedFailures
  readonly database: Database
  readonly clock: Clock
  /** Names this process in the leases of its generations. */
  readonly processId: string
  readonly settings: ConsiderParts['settings'] & {
    readonly deadlineMs: number
    readonly keepPrompts: boolean
    readonly reencode: boolean
  }
}

/** A generation that may start: checked, quoted, held, durable. */
export interface Admitted {
  readonly agreed: Agreed
  /** Names all equal requests of this key, live traffic alone: what a test key breaks on purpose costs nobody anything. */
  readonly name: string | undefined
  /** One per parallel call, in order. */
  readonly shares: readonly Share[]
}

export interface Share {
  /** Position among the parallel calls, from 0. */
  readonly index: number
  /** Pictures that the call is to make. */
  readonly images: number
  /** Its first call, whose row is durable; undefined while it waits for a free slot at its provider. */
  readonly first: { readonly row: AttemptRow; readonly reservation: Reservation<AgreedRoad> } | undefined
}

/** Another call with the same idempotency key was first: its generation answers. */
export const CLAIMED = 'claimed'

/**
 * Admission: everything that can refuse a request before it costs anything. On success the hold, the generation and its first
 * attempts are committed in one transaction and durable; on failure nothing was held, written or sent.
 */
export function makeAdmit(parts: AdmitParts) {
  return async (asked: ImageRequest, owner: Owner): Promise<Result<Admitted | typeof CLAIMED, Failure>> => {
    const considered = consider(asked, owner.mode, parts)
    if (!considered.ok) return considered
    // Pictures are fetched, decoded and written before the hold: who cannot pay must not be able to fill the disk with them.
    const { hold } = considered.value
    const money = { workspaceId: owner.workspaceId, mode: owner.mode, keyHash: owner.keyHash, amount: hold }
    const refusal = hasPictures(asked) ? await parts.ledger.refusal({ ...money, at: parts.clock.now() }) : undefined
    if (refusal !== undefined) return err(creditFailure(refusal, hold))
    const read = await readReferences(asked, owner, parts)
    if (!read.ok) return read
    const agreed = await agree(considered.value, read.value, asked, owner, parts)
    const name = nameOf(agreed)
    if (name !== undefined && parts.failures.isRefused(name, parts.clock.now())) {
      for (const picture of read.value.pictures) picture.discard()
      return err(REPEATED_FAILURE)
    }
    const kept = await keepReferences(read.value.pictures, parts.assets)
    if (!kept.ok) return kept
    const reserved = parts.failover[owner.mode].reserve(
      agreed.roads,
      agreed.shares.length,
      agreed.deadlineAt - agreed.createdAt,
    )
    if (!reserved.ok) return reserved
    const admitted = { agreed, name, shares: sharesOf(agreed, reserved.value) }
    const written = await write(admitted, asked, owner, kept.value, parts).catch((error: unknown) => {
      release(admitted)
      throw error
    })
    if (written.ok) {
      failpoint('after hold commit')
      await parts.database.durable()
      return ok(admitted)
    }
    release(admitted)
    return written.error === CLAIMED ? ok(CLAIMED) : err(creditFailure(written.error, hold))
  }
}

function hasPictures(request: ImageRequest): boolean {
  return request.mask !== undefined || references(request).length > 0
}

function nameOf({ owner, roads: [first] }: Agreed): string | undefined {
  if (owner.mode !== 'live' || first === undefined) return undefined
  const { workspaceId, mode, keyHash } = owner
  return `${keyHash} ${requestKey({ workspaceId, mode, modelVersion: first.served, request: first.request })}`
}

function release({ shares }: Pick<Admitted, 'shares'>): void {
  for (const { first } of shares) first?.reservation.slot.release()
}

async function agree(
  { plan, n, hold, warnings }: Considered,
  read: ReadReferences,
  asked: ImageRequest,
  owner: Owner,
  { clock, settings, database }: AdmitParts,
): Promise<Agreed> {
  const createdAt = clock.now()
  const roads = await Promise.all(
    plan.routes.map(async ({ served, request, ...road }): Promise<AgreedRoad> => ({
      provider: road.provider,
      model: road.model,
      credentials: road.credentials,
      served: served.id,
      price: snapshotOf(served),
      traits: road.traits,
      typical: road.typical,
      request: await withReferences(request, read, served.id, owner, { database, clock }),
      warnings: road.warnings,
    })),
  )
  const slowest = Math.max(...plan.routes.map(({ served }) => (served.deadlineS ?? 0) * 1000)) || settings.deadlineMs
  return {
    id: newGenerationId(clock),
    createdAt,
    deadlineAt: createdAt + (owner.deadlineMs ?? slowest),
    owner,
    requestedModel: asked.model,
    isKeyed: owner.idempotency !== undefined,
    roads,
    hold,
    shares: split(n, Math.min(...plan.routes.map(({ served }) => served.maxNPerCall))),
    references: references(asked).flatMap((picture) => read.filled.get(picture)?.facts ?? []),
    warnings: [...warnings, ...read.warnings],
    considered: plan.considered,
  }
}

/** `n` pictures as calls of at most `perCall` each: 5 by 2 is 2, 2, 1. */
export function split(n: number, perCall: number): readonly number[] {
  return Array.from({ length: Math.ceil(n / perCall) }, (_, index) => Math.min(perCall, n - index * perCall))
}

function sharesOf(agreed: Agreed, reserved: readonly Reservation<AgreedRoad>[] | 'queued'): readonly Share[] {
  return agreed.shares.map((images, index): Share => {
    const reservation = reserved === 'queued' ? undefined : reserved[index]
    const first = reservation && {
      row: attemptRow(agreed.id, index + 1, reservation.choice, agreed.createdAt),
      reservation,
    }
    return { index, images, first }
  })
}

/** The row of a call that is about to be sent. */
export function attemptRow(
  generationId: GenerationId,
  n: number,
  { route, credential, why }: Choice<AgreedRoad>,
  at: number,
): AttemptRow {
  return {
    id: newId('att'),
    generation_id: generationId,
    n,
    provider: route.provider,
    model: route.model,
    credential,
    why,
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

/** Takes a transaction back that another call with the same key was faster than. */
class Taken extends Error {}

async function write(
  admitted: Admitted,
  asked: ImageRequest,
  owner: Owner,
  pictures: readonly KeptPicture[],
  parts: AdmitParts,
): Promise<Result<void, HoldRefusal | typeof CLAIMED>> {
  const { agreed, shares } = admitted
  const { terms, pricing } = writeAgreed(agreed)
  const attempts = shares.flatMap(({ first }) => first?.row ?? [])
  const [first] = agreed.roads
  const { id, createdAt } = agreed
  try {
    return await parts.database.transaction(async (trx) => {
      const held = await parts.ledger.hold(trx, {
        generationId: id,
        workspaceId: owner.workspaceId,
        mode: owner.mode,
        keyHash: owner.keyHash,
        amount: agreed.hold,
        pricing,
        at: createdAt,
      })
      if (!held.ok) return held
      if (owner.idempotency) {
        failpoint('before key store')
        if (!(await parts.idempotency.claim(trx, owner, id, createdAt))) throw new Taken()
        failpoint('after key store')
      }
      await insertGeneration(trx, {
        id,
        workspace_id: owner.workspaceId,
        mode: owner.mode,
        key_hash: owner.keyHash,
        status: attempts.length > 0 ? 'running' : 'held',
        owner: parts.processId,
        lease_until: createdAt + LEASE_MS,
        deadline_at: agreed.deadlineAt,
        surface: owner.surface,
        streamed: owner.streamed ? 1 : 0,
        model_requested: agreed.requestedModel,
        model_served: first?.served ?? '',
        provider: null,
        request: parts.settings.keepPrompts ? JSON.stringify(skeletonOf(first?.request ?? asked)) : null,
        references_count: references(asked).length,
        caller: JSON.stringify(owner.caller),
        terms,
        progress: null,
        cancel_asked: 0,
        receipt: null,
        failure: null,
        usage: null,
        text: null,
        native_finish_reason: null,
        created_at: createdAt,
        finished_at: null,
      })
      if (attempts.length > 0) await insertAttempts(trx, attempts)
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
          expires_at: parts.assets.expiry('reference', createdAt),
        })
      }
      failpoint('before hold commit')
      return ok(undefined)
    })
  } catch (error) {
    if (error instanceof Taken) return err(CLAIMED)
    throw error
  }
}
