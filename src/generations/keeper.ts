import type { Assets } from '../assets/assets.ts'
import type { Clock } from '../core/clock.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Database } from '../db/database.ts'
import type { Audit } from '../ledger/auditor.ts'
import type { Finding } from '../ledger/finding.ts'
import { forgetContinuations } from './continuations.ts'
import type { Engine } from './engine-port.ts'
import type { Idempotency } from './idempotency.ts'
import { cancelsAsked, expireForeignLeases, LEASE_MS, renewLeases } from './leases.ts'

const RENEW_MS = LEASE_MS / 3
const SWEEP_MS = 10_000
const CANCEL_MS = 2_000
const COLLECT_MS = 3_600_000
const AUDIT_MS = 3_600_000

interface KeeperParts {
  readonly engine: Engine
  /** One sweep over what dead processes left. */
  readonly recover: () => Promise<number>
  readonly idempotency: Idempotency
  readonly database: Database
  readonly assets: Assets
  readonly clock: Clock
  readonly processId: string
  readonly onError: (error: unknown) => void
  readonly audit: Audit
  /** The books do not agree: somebody has to look. */
  readonly onFinding: (finding: Finding) => void
}

export interface Keeper {
  /** Whether new work can be taken; the error says what is missing, for an operator. */
  ready(): Promise<Result<void, string>>
  stop(): Promise<void>
}

/**
 * What has to happen again and again: leases of running generations are renewed, abandoned ones are ended, expired pictures go, the books
 * are audited. On one machine the first sweep ends at once whatever the last process left; it has run when this resolves.
 */
export async function startKeeper({
  engine,
  recover,
  idempotency,
  database,
  assets,
  clock,
  processId,
  onError,
  audit,
  onFinding,
}: KeeperParts): Promise<Keeper> {
  const stopped = new AbortController()
  const now = () => database.now()

  async function every(ms: number, work: () => Promise<unknown>): Promise<void> {
    while (!stopped.signal.aborted) {
      await clock.sleep(ms, stopped.signal).catch(() => {})
      if (!stopped.signal.aborted) await work().catch(onError)
    }
  }

  const renew = async () => await renewLeases(database.db, engine.inFlight(), (await now()) + LEASE_MS)
  const cancel = async () => {
    for (const id of await cancelsAsked(database.db, processId)) await engine.cancel(id)
  }

  let auditedAt = (await now()) - AUDIT_MS
  const loops = [
    every(RENEW_MS, renew),
    every(CANCEL_MS, cancel),
    every(SWEEP_MS, async () => {
      // A machine that slept wakes up with every lease lapsed: what still runs here is not abandoned.
      await renew()
      await recover()
    }),
    every(COLLECT_MS, async () => {
      await assets.collect(await now())
      await forgetContinuations(database.db, await now())
      await idempotency.collect(await now())
    }),
    every(AUDIT_MS, async () => {
      const at = await now()
      // What was charged before the last one was read by it.
      for (const finding of await audit({ readSince: auditedAt })) onFinding(finding)
      auditedAt = at
    }),
  ]

  // What it takes over has to be kept from other nodes from the start.
  if (database.engine === 'sqlite') await expireForeignLeases(database.db, processId)
  await recover()

  return {
    async ready() {
      const trouble = await assets.trouble()
      if (trouble !== undefined) return err(`pictures cannot be stored: ${trouble}`)
      try {
        await database.db.selectFrom('workspaces').select('id').limit(1).execute()
        return ok(undefined)
      } catch {
        return err('the database does not answer')
      }
    },
    async stop() {
      stopped.abort()
      await Promise.all(loops)
    },
  }
}
