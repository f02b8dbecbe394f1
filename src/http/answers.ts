import type { Principal } from '../accounts/principal.ts'
import type { Accounts } from '../accounts/store.ts'
import type { Assets } from '../assets/assets.ts'
import type { Answers, Ask, Balance, CreditGrant, Estimate, KeyFacts, NewKey, ProvidersHealth } from '../core/ask.ts'
import { fail, type Failure } from '../core/errors.ts'
import { failpoint } from '../core/failpoint.ts'
import { isGenerationId } from '../core/ids.ts'
import type { ImageRequest } from '../core/image-request.ts'
import type { Mode, Receipt } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Engine } from '../generations/engine-port.ts'
import type { Fetch } from '../generations/fetch.ts'
import type { Sight } from '../generations/store.ts'
import type { Database } from '../db/database.ts'
import type { Audit } from '../ledger/auditor.ts'
import type { Ledger } from '../ledger/store.ts'
import type { Answer } from './asks.ts'
import type { FindPicture } from './pictures.ts'

interface AnswerParts {
  readonly accounts: Accounts
  readonly ledger: Ledger
  readonly database: Database
  readonly fetch: Fetch
  readonly engine: Pick<Engine, 'cancel' | 'wait'>
  readonly estimate: (request: ImageRequest, mode: Mode) => Result<Estimate, Failure>
  readonly health: () => ProvidersHealth
  readonly audit: Audit
}

/** How long a cancelled generation may take to close its books, and another process to hear that it is to cancel one. */
const CLOSING_MS = 10_000

const NOT_AUDITOR = 'The audit is of all workspaces together. Only an admin key of the default workspace may see it.'
const NOT_OPERATOR =
  'prepaid decides how live traffic of all workspaces is paid for. Only an admin key of the default workspace may send it.'

const NOT_LOCAL = 'Admin keys are made only where the data is: plantain keys create --mode admin'

/** Answers every ask from the room that knows. A key of another workspace is as absent as one that never was. */
export function makeAnswer({
  accounts,
  ledger,
  database,
  fetch,
  engine,
  estimate,
  health,
  audit,
}: AnswerParts): Answer {
  /** The default workspace is that of whoever runs the install; what concerns all of them is told to it alone. */
  async function isOperator({ workspaceId }: Principal): Promise<boolean> {
    return workspaceId === (await accounts.defaultWorkspaceId())
  }

  async function ownKey(hash: string, { workspaceId }: Principal): Promise<Result<KeyFacts, Failure>> {
    const found = await accounts.getKey(hash)
    if (found.ok && found.value.workspaceId !== workspaceId) return err(fail('not_found', 'There is no such API key.'))
    return found
  }

  async function addCredit(
    { amount, mode, prepaid, idempotencyKey }: CreditGrant,
    workspaceId: string,
  ): Promise<Balance> {
    const at = await database.now()
    const kind = mode === 'test' ? 'test_balance' : 'top_up'
    await database.transaction(async (trx) => {
      await ledger.credit(trx, { workspaceId, mode, amount, idempotencyKey, kind, at })
      failpoint('before top-up commit')
    })
    failpoint('after top-up commit')
    if (prepaid) await ledger.setLiveMode('prepaid')
    await database.durable()
    return await balance(workspaceId, mode)
  }

  async function balance(workspaceId: string, mode: Mode): Promise<Balance> {
    return { mode, ...(await ledger.balance(workspaceId, mode)), liveMode: await ledger.liveMode() }
  }

  /** A generation that ends while we ask has ended: only its receipt decides what is answered. */
  async function cancel(id: string, sight: Sight): Promise<Result<Receipt, Failure>> {
    const before = await fetch.receipt(id, sight)
    if (!before.ok) return before
    if (before.value.finished_at !== null || !isGenerationId(id)) return err(ended(before.value))
    const outcome = await engine.cancel(id)
    if (outcome !== 'too_late') await engine.wait(id, AbortSignal.timeout(CLOSING_MS)).catch(stillRuns)
    const after = await fetch.receipt(id, sight)
    if (!after.ok) return after
    if (after.value.error?.code === 'cancelled') return after
    if (after.value.finished_at !== null) return err(ended(after.value))
    return err(outcome === 'too_late' ? sent(after.value) : asked(id))
  }

  return async (ask: Ask, principal: Principal): Promise<Result<Answers[keyof Answers], Failure>> => {
    switch (ask.ask) {
      case 'key':
        return await accounts.getKey(principal.keyHash)
      case 'keys.list':
        return ok(await accounts.listKeys({ ...ask, workspaceId: principal.workspaceId }))
      case 'keys.create':
        return mayMake(ask.key, principal)
          ? await accounts.createKey({ ...ask.key, workspaceId: principal.workspaceId })
          : err(fail('forbidden', NOT_LOCAL))
      case 'keys.get':
        return await ownKey(ask.hash, principal)
      case 'keys.update': {
        const found = await ownKey(ask.hash, principal)
        return found.ok ? await accounts.updateKey(ask.hash, ask.change) : found
      }
      case 'keys.delete': {
        const found = await ownKey(ask.hash, principal)
        const deleted = found.ok ? await accounts.deleteKey(ask.hash) : found
        return deleted.ok ? ok({ deleted: true }) : deleted
      }
      case 'credits':
        return ok(await ledger.totals(principal.workspaceId, 'live'))
      case 'balance':
        return ok(await Promise.all(modesOf(principal).map((mode) => balance(principal.workspaceId, mode))))
      case 'credits.add':
        return !ask.grant.prepaid || (await isOperator(principal))
          ? ok(await addCredit(ask.grant, principal.workspaceId))
          : err(fail('forbidden', NOT_OPERATOR))
      case 'audit':
        return (await isOperator(principal)) ? ok(await audit()) : err(fail('forbidden', NOT_AUDITOR))
      case 'estimate':
        return estimate(ask.request, sightOf(principal).mode)
      case 'generation':
        return await fetch.facts(ask.id, sightOf(principal))
      case 'content':
        return await fetch.content(ask.id, sightOf(principal))
      case 'receipt':
        return await fetch.receipt(ask.id, sightOf(principal))
      case 'cancel':
        return await cancel(ask.id, sightOf(principal))
      case 'receipts':
        return await fetch.receipts(sightOf(principal), ask.limit, ask.cursor)
      case 'providers.health':
        return ok(health())
    }
  }
}

/** Finds stored pictures for the route that serves their bytes. */
export function makeFindPicture(fetch: Fetch, assets: Assets): FindPicture {
  /** A picture that is still being made is worth asking for again. */
  async function notYet(id: string, sight: Sight, failure: Failure): Promise<Failure> {
    if (failure.code !== 'image_not_found') return failure
    const generation = await fetch.receipt(id, sight)
    if (!generation.ok || generation.value.finished_at !== null) return failure
    return { ...failure, message: `Generation ${id} still runs: it has no pictures yet.`, retryAfterMs: 1_000 }
  }

  return async (id, index, principal) => {
    const sight = sightOf(principal)
    const found = await fetch.picture(id, index, sight)
    if (!found.ok) return err(await notYet(id, sight, found.error))
    const { asset, expiresAt } = found.value
    return ok({
      sha256: asset.sha256,
      mediaType: asset.media_type,
      bytes: asset.bytes,
      expiresAt,
      async open(range) {
        const stream = await assets.open(asset, range)
        if (stream === undefined) throw new Error(`picture ${asset.sha256} is named, but its file is gone`)
        return stream
      },
    })
  }
}

/** Whatever its end is, the receipt tells it; a wait that was too short is no failure of anything else. */
function stillRuns(error: unknown): void {
  if (!(error instanceof DOMException && error.name === 'TimeoutError')) throw error
}

function ended({ id, status }: Receipt): Failure {
  return fail('too_late', `Generation ${id} has ended already: it is ${status}.`, { details: { status } })
}

function sent({ id, status }: Receipt): Failure {
  const message = `The call of generation ${id} was sent to its provider, which does not take it back for free. It goes on.`
  return fail('too_late', message, { details: { status } })
}

/** The process that runs it has been told and has not answered, or has just died. */
function asked(id: string): Failure {
  const message = `Generation ${id} runs in another process, which has been asked to cancel it. Ask again.`
  return fail('overloaded', message, { retryAfterMs: 2_000 })
}

/** Otherwise an admin key that leaked could outlive its own deletion through the keys it made. */
function mayMake({ mode }: NewKey, { isLocal }: Principal): boolean {
  return mode !== 'admin' || isLocal === true
}

function modesOf({ mode }: Principal): readonly Mode[] {
  return mode === 'admin' ? ['live', 'test'] : [mode]
}

/** Which generations a key may see: those of its workspace and mode. An admin key looks at live traffic. */
function sightOf({ workspaceId, mode }: Principal): Sight {
  return { workspaceId, mode: mode === 'admin' ? 'live' : mode }
}
