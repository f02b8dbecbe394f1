import type { Principal } from '../accounts/principal.ts'
import type { Accounts } from '../accounts/store.ts'
import type { Assets } from '../assets/assets.ts'
import type { Answers, Ask, Balance, CreditGrant, Estimate, KeyFacts, NewKey } from '../core/ask.ts'
import { fail, type Failure } from '../core/errors.ts'
import type { ImageRequest } from '../core/image-request.ts'
import type { Mode } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Fetch } from '../generations/fetch.ts'
import type { Sight } from '../generations/store.ts'
import type { Database } from '../db/database.ts'
import { audit } from '../ledger/auditor.ts'
import type { Ledger } from '../ledger/store.ts'
import type { Answer } from './asks.ts'
import type { FindPicture } from './pictures.ts'

interface AnswerParts {
  readonly accounts: Accounts
  readonly ledger: Ledger
  readonly database: Database
  readonly fetch: Fetch
  readonly estimate: (request: ImageRequest, mode: Mode) => Result<Estimate, Failure>
}

const NOT_LOCAL = 'Admin keys are made only where the data is: plantain keys create --mode admin'

/** Answers every ask from the room that knows. A key of another workspace is as absent as one that never was. */
export function makeAnswer({ accounts, ledger, database, fetch, estimate }: AnswerParts): Answer {
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
    await database.transaction((trx) => ledger.credit(trx, { workspaceId, mode, amount, idempotencyKey, kind, at }))
    if (prepaid) await ledger.setLiveMode('prepaid')
    await database.durable()
    return await balance(workspaceId, mode)
  }

  async function balance(workspaceId: string, mode: Mode): Promise<Balance> {
    return { mode, ...(await ledger.balance(workspaceId, mode)), liveMode: await ledger.liveMode() }
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
        return ok(await addCredit(ask.grant, principal.workspaceId))
      case 'audit':
        return ok(await audit(database))
      case 'estimate':
        return estimate(ask.request, sightOf(principal).mode)
      case 'generation':
        return await fetch.facts(ask.id, sightOf(principal))
      case 'content':
        return await fetch.content(ask.id, sightOf(principal))
      case 'receipt':
        return await fetch.receipt(ask.id, sightOf(principal))
      case 'receipts':
        return await fetch.receipts(sightOf(principal), ask.limit, ask.cursor)
    }
  }
}

/** Finds stored pictures for the route that serves their bytes. */
export function makeFindPicture(fetch: Fetch, assets: Assets): FindPicture {
  return async (id, index, principal) => {
    const found = await fetch.picture(id, index, sightOf(principal))
    if (!found.ok) return found
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
