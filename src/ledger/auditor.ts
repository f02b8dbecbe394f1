import type { RawBuilder } from 'kysely'
import { sql } from 'kysely'

import type { Database } from '../db/database.ts'
import { auditPictures, type PictureReader } from './charged-pictures.ts'
import { type Finding, REPORTED } from './finding.ts'

export interface AuditParts {
  readonly database: Database
  /** The asset store. Absent where no pictures are kept: then their files are not looked for. */
  readonly pictures?: PictureReader
}

/** The whole audit: what `audit` finds, and charged pictures that are not there. */
export type Audit = (wish?: AuditWish) => Promise<readonly Finding[]>

export interface AuditWish {
  /** Epoch milliseconds: pictures charged since then are read to their last byte, older ones only looked up. Absent: all are read. */
  readonly readSince?: number
}

/**
 * The audit of an install. It reads every kept picture unless it is told since when: as long as the disk takes for all of them, with
 * everything else going on meanwhile. A picture that cannot be read is a finding, a database that cannot be asked a throw.
 */
export function makeAudit({ database, pictures }: AuditParts): Audit {
  return async ({ readSince = 0 } = {}) => [
    ...(await audit(database)),
    ...(await auditPictures(database, pictures, readSince)),
  ]
}

interface Check {
  readonly check: string
  readonly rule: string
  /** Selects every subject at which what is found is not what the rule expects. */
  readonly offenders: RawBuilder<Offender>
}

interface Offender {
  readonly subject: string
  readonly found_nanos: bigint
  readonly expected_nanos: bigint
}

/** A picture may lie unnamed this long before the collection has to have taken it. */
const UNNAMED_FOR_MS = 86_400_000

/**
 * Recomputes the ledger from its postings and holds, of one moment, and lists what does not agree. Reads only, the whole of every
 * table: minutes on a large ledger, and on SQLite nothing else runs meanwhile.
 */
export async function audit(database: Database): Promise<readonly Finding[]> {
  const at = await database.now()
  return database.view(async (view) => {
    const findings: Finding[] = []
    for (const { check, rule, offenders } of checks(at)) {
      const { rows } = await sql<Offender>`select * from (${offenders}) as offenders limit ${REPORTED}`.execute(view)
      for (const { subject, found_nanos: found, expected_nanos: expected } of rows) {
        findings.push({ check, subject, message: `${rule}: found ${found}, expected ${expected}` })
      }
    }
    return findings
  })
}

/** In SQL that both engines read alike. `rtrim` of letters cuts an account's name after its book: `default:live:`. */
function checks(at: number): readonly Check[] {
  return [
    {
      check: 'A1',
      rule: 'the postings of a transaction sum to zero',
      offenders: sql`
        select transaction_id as subject, sum(amount_nanos) as found_nanos, 0 as expected_nanos
        from postings group by transaction_id having sum(amount_nanos) <> 0`,
    },
    {
      check: 'A2',
      rule: 'the accounts of a book sum to zero',
      offenders: sql`
        select rtrim(account, 'abcdefghijklmnopqrstuvwxyz_') as subject, sum(amount_nanos) as found_nanos, 0 as expected_nanos
        from postings group by rtrim(account, 'abcdefghijklmnopqrstuvwxyz_') having sum(amount_nanos) <> 0`,
    },
    {
      check: 'A3',
      rule: 'a cached balance is the sum of its postings',
      offenders: sql`
        select account as subject, sum(cached) as found_nanos, sum(posted) as expected_nanos from (
          select account, balance_nanos as cached, 0 as posted from balances
          union all select account, 0, amount_nanos from postings
        ) as sides group by account having sum(cached) <> sum(posted)`,
    },
    {
      check: 'A4',
      rule: 'available and held are never negative',
      offenders: sql`
        select account as subject, balance_nanos as found_nanos, 0 as expected_nanos from balances
        where balance_nanos < 0 and (account like '%:available' or account like '%:held')`,
    },
    {
      check: 'A5',
      rule: 'held is the sum of the pending holds',
      offenders: sql`
        select account as subject, sum(cached) as found_nanos, sum(pending) as expected_nanos from (
          select account, balance_nanos as cached, 0 as pending from balances where account like '%:held'
          union all select workspace_id || ':' || mode || ':held', 0, amount_nanos from holds where state = 'pending'
        ) as sides group by account having sum(cached) <> sum(pending)`,
    },
    {
      check: 'A6',
      rule: 'a hold is resolved once when it is posted or voided, and not before',
      offenders: sql`
        select generation_id as subject, resolutions as found_nanos, expected as expected_nanos from (
          select holds.generation_id, count(transactions.id) as resolutions,
            case when holds.state = 'pending' then 0 else 1 end as expected
          from holds left join transactions
            on transactions.generation_id = holds.generation_id and transactions.kind in ('settle', 'void')
          group by holds.generation_id, holds.state
        ) as resolved where resolutions <> expected`,
    },
    {
      check: 'A8',
      rule: 'a picture is named by a generation',
      offenders: sql`
        select sha256 as subject, 0 as found_nanos, 1 as expected_nanos from assets
        where created_at < ${at - UNNAMED_FOR_MS}
          and not exists (select 1 from generation_images where generation_images.sha256 = assets.sha256)`,
    },
    {
      check: 'K1',
      rule: 'what a key holds is the sum of its pending holds',
      offenders: sql`
        select key_hash as subject, sum(cached) as found_nanos, sum(pending) as expected_nanos from (
          select key_hash, held_nanos as cached, 0 as pending from key_spend where "window" = 'total'
          union all select key_hash, 0, amount_nanos from holds where state = 'pending'
        ) as sides group by key_hash having sum(cached) <> sum(pending)`,
    },
    {
      check: 'K2',
      rule: 'what a key was charged is the sum of its charges',
      offenders: sql`
        select key_hash as subject, sum(cached) as found_nanos, sum(charged) as expected_nanos from (
          select key_hash, settled_nanos as cached, 0 as charged from key_spend where "window" = 'total'
          union all select key_hash, 0, charge_nanos from holds where state = 'posted'
        ) as sides group by key_hash having sum(cached) <> sum(charged)`,
    },
  ]
}
