import type { Assets } from '../assets/assets.ts'
import { imagesOf } from '../assets/store.ts'
import type { GenerationContent, GenerationFacts } from '../core/ask.ts'
import type { Clock } from '../core/clock.ts'
import { fail, type Failure } from '../core/errors.ts'
import type { GenerationId } from '../core/ids.ts'
import type { JsonBlob } from '../core/json-blob.ts'
import { type Delivery, NO_TOKENS, type Receipt, toldProgress } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import { type Database, DatabaseAway } from '../db/database.ts'
import type { AssetRow, GenerationRow } from '../db/schema.ts'
import { readAgreed } from './agreed.ts'
import { openReceipt } from './receipts.ts'
import { type Skeleton, turnsOf } from './skeleton.ts'
import {
  attemptsOf,
  callerOf,
  failureOf,
  findGeneration,
  listGenerations,
  pricingOf,
  progressOf,
  receiptOf,
  type Sight,
  usageOf,
} from './store.ts'

/** How often a generation that runs in another process is looked at. */
const POLL_MS = 250

interface FetchParts {
  readonly database: Database
  /** One sweep over what dead processes left. */
  readonly recover: () => Promise<number>
  readonly assets: Assets
  readonly clock: Clock
  readonly displayName: (slug: string) => string
}

/** A stored picture that may be fetched. */
export interface StoredPicture {
  readonly asset: AssetRow
  readonly expiresAt: number
}

/** Reads generations back, as their workspace and mode may see them; foreign and absent ids get the same 404. */
export function makeFetch({ database, recover, assets, clock, displayName }: FetchParts) {
  async function row(id: string, sight: Sight): Promise<Result<GenerationRow, Failure>> {
    const found = await findGeneration(database.db, id, sight)
    return found
      ? ok(found)
      : err(
          fail('not_found', `Generation ${id.slice(0, 64)} does not exist for this workspace and mode.`, {
            field: 'id',
          }),
        )
  }

  async function receipt(generation: GenerationRow): Promise<Receipt> {
    const written = receiptOf(generation)
    if (written) return written
    const agreed = readAgreed(generation, await pricingOf(database.db, generation.id))
    const open = openReceipt(agreed, await attemptsOf(database.db, generation.id), generation.status)
    const told = progressOf(generation)
    return { ...open, progress: told ? toldProgress(told) : null }
  }

  return {
    async receipt(id: string, sight: Sight): Promise<Result<Receipt, Failure>> {
      const found = await row(id, sight)
      return found.ok ? ok(await receipt(found.value)) : found
    },

    /** Newest first. The cursor is opaque to callers. */
    async receipts(
      sight: Sight,
      limit: number,
      cursor: string | undefined,
    ): Promise<Result<{ receipts: readonly Receipt[]; cursor: string | undefined }, Failure>> {
      const before = cursor === undefined ? undefined : readCursor(cursor)
      if (cursor !== undefined && before === undefined)
        return err(
          fail('invalid_request', 'cursor must be the one that the page before this gave.', { field: 'cursor' }),
        )
      const rows = await listGenerations(database.db, sight, limit + 1, before)
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      return ok({
        receipts: await Promise.all(page.map(receipt)),
        cursor: rows.length > limit && last ? `${last.created_at}.${last.id}` : undefined,
      })
    },

    async facts(id: string, sight: Sight): Promise<Result<GenerationFacts, Failure>> {
      const found = await row(id, sight)
      if (!found.ok) return found
      const generation = found.value
      return ok({
        receipt: await receipt(generation),
        usage: usageOf(generation) ?? NO_TOKENS,
        provider: generation.provider === null ? undefined : displayName(generation.provider),
        streamed: generation.streamed === 1,
        finishReason: generation.status === 'settled' ? 'stop' : generation.status === 'voided' ? 'error' : undefined,
        nativeFinishReason: generation.native_finish_reason ?? undefined,
        references: generation.references_count,
        caller: callerOf(generation),
        workspaceId: generation.workspace_id,
      })
    },

    async content(id: string, sight: Sight): Promise<Result<GenerationContent, Failure>> {
      const found = await row(id, sight)
      if (!found.ok) return found
      const { request, text, provider } = found.value
      if (request === null)
        return err(fail('forbidden', 'The content of this generation was not kept (PLANTAIN_KEEP_PROMPTS is off).'))
      return ok({
        turns: turnsOf(JSON.parse(request) as Skeleton),
        completion: text ?? undefined,
        error: (await receipt(found.value)).error,
        provider: provider === null ? undefined : displayName(provider),
      })
    },

    async picture(id: string, index: number, sight: Sight): Promise<Result<StoredPicture, Failure>> {
      const found = await row(id, sight)
      if (!found.ok) return found
      const picture = (await imagesOf(database.db, id, 'output')).find(({ position }) => position === index)
      return picture
        ? ok({ asset: picture, expiresAt: picture.expires_at })
        : err(
            fail('image_not_found', `Generation ${id} has no picture ${index} that is still kept.`, { field: 'index' }),
          )
    },

    /** The delivery of a generation that ran elsewhere or earlier; waits for one that still runs in another process. */
    async recall(id: GenerationId, signal: AbortSignal): Promise<Result<Delivery, Failure>> {
      for (;;) {
        signal.throwIfAborted()
        try {
          const ended = await look(id)
          if (ended) return ended
        } catch (error) {
          // Who waits for a purchase must not be told to make it again because the database is away.
          if (!(error instanceof DatabaseAway)) throw error
        }
        await clock.sleep(POLL_MS, signal)
      }
    },
  }

  /** Undefined while it runs. */
  async function look(id: GenerationId): Promise<Result<Delivery, Failure> | undefined> {
    const generation = await database.db.selectFrom('generations').selectAll().where('id', '=', id).executeTakeFirst()
    if (generation === undefined) return err(fail('not_found', `Generation ${id} does not exist.`, { field: 'id' }))
    const written = receiptOf(generation)
    if (written) return await deliver(generation, written)
    // Whoever ran it is dead: it is ended now, not at the next sweep.
    if (generation.lease_until < (await database.now())) await recover()
    return undefined
  }

  async function deliver(generation: GenerationRow, written: Receipt): Promise<Result<Delivery, Failure>> {
    const failure = failureOf(generation)
    if (failure) return err(failure)
    const images = await imagesOf(database.db, generation.id, 'output')
    const pictures: JsonBlob[] = []
    for (const image of images) {
      const blob = await assets.read(image)
      if (blob) pictures.push(blob)
    }
    if (pictures.length < written.delivered)
      return err(fail('image_not_found', `The pictures of generation ${generation.id} are no longer kept.`))
    return ok({
      receipt: written,
      pictures,
      text: generation.text ?? undefined,
      usage: usageOf(generation) ?? NO_TOKENS,
      provider: displayName(generation.provider ?? ''),
      nativeFinishReason: generation.native_finish_reason ?? undefined,
    })
  }
}

export type Fetch = ReturnType<typeof makeFetch>

function readCursor(cursor: string): { createdAt: number; id: string } | undefined {
  const match = /^(\d{1,16})\.(gen-[\w-]{1,64})$/.exec(cursor)
  return match ? { createdAt: Number(match[1]), id: match[2] ?? '' } : undefined
}
