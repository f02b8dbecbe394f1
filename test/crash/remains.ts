import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { AttemptRow } from '../../src/db/schema.ts'
import type { Call } from '../../src/sandbox/bill.ts'
import type { TestGatewayChild } from '../support/gateway.ts'
import { fetchedHash } from '../support/generations.ts'
import type { Home } from '../support/home.ts'
import { sha256 } from '../support/pictures.ts'
import { withDatabase } from './books.ts'
import { tagIn } from './wishes.ts'

/** A call that was under way when its process died, and what can still be known of it. */
export interface Remains {
  readonly generationId: string
  readonly attempt: AttemptRow
  /** SHA-256 of its pictures that lie whole among the temporary files, or in their place without a name yet. */
  readonly whole: readonly string[]
}

/** How the calls of dead processes ended. */
export interface Fates {
  /** From pictures that had arrived whole. */
  readonly adopted: number
  /** From the provider, which was asked about the job. */
  readonly recovered: number
  /** Free for the caller, booked as the operator's loss. */
  readonly unknown: number
  /** Not a byte of it had left: no loss. */
  readonly neverLeft: number
  /** The provider told of a failure when it was asked. */
  readonly failed: number
}

export const NO_FATES: Fates = { adopted: 0, recovered: 0, unknown: 0, neverLeft: 0, failed: 0 }

/** Looks at the data of a gateway that does not run. `calls` says which bytes are whole pictures. */
export async function remainsIn(home: Home, calls: readonly Call[]): Promise<readonly Remains[]> {
  const pictures = new Set(
    calls.filter(({ faults }) => faults['not-an-image'] === undefined).flatMap(({ pictures: own = [] }) => own),
  )
  const root = join(home.directory, 'assets')
  const folder = join(root, 'tmp')
  const names = existsSync(folder) ? readdirSync(folder) : []
  const { open, named } = await withDatabase(home, async ({ db }) => ({
    open: await db
      .selectFrom('attempts')
      .innerJoin('generations', 'generations.id', 'attempts.generation_id')
      .selectAll('attempts')
      .select('request')
      .where('state', '=', 'sent')
      .where('receipt', 'is', null)
      .execute(),
    named: new Set((await db.selectFrom('generation_images').select('sha256').execute()).map((row) => row.sha256)),
  }))
  const madeFor = (request: string | null): readonly string[] =>
    calls
      .filter(({ faults }) => tagIn(request ?? '') === tagIn(`delay=${faults['delay']}`))
      .flatMap(({ pictures: own = [] }) => own)
  const isMadeOnce = (hash: string): boolean =>
    open.filter(({ request }) => madeFor(request).includes(hash)).length === 1
  // In its place, and nobody's: it can only have come with the call that it was made for, where no other was made the same.
  const placed = (request: string | null): readonly string[] =>
    madeFor(request).filter(
      (hash) => !named.has(hash) && isMadeOnce(hash) && existsSync(join(root, hash.slice(0, 2), hash)),
    )
  return open.map(({ request, ...attempt }) => ({
    generationId: attempt.generation_id,
    attempt,
    whole: [...arrived(attempt), ...(isAlone(attempt) ? placed(request) : [])].filter((hash) => pictures.has(hash)),
  }))

  /** Of several calls of one purchase, the file does not tell which one made it. */
  function isAlone({ generation_id: id }: AttemptRow): boolean {
    return open.filter((other) => other.generation_id === id).length === 1
  }

  function arrived({ id, generation_id: generationId }: AttemptRow): readonly string[] {
    return names
      .filter((name) => name.startsWith(`${generationId}.${id}.`) && !name.endsWith('.link'))
      .map((name) => sha256(readFileSync(join(folder, name))))
  }
}

/** What is known of calls that may have outlived several processes: everything that was ever seen of their pictures. */
export function merged(earlier: readonly Remains[], now: readonly Remains[]): readonly Remains[] {
  const known = new Map(earlier.map((each) => [each.attempt.id, each]))
  for (const each of now) {
    const before = known.get(each.attempt.id)?.whole ?? []
    known.set(each.attempt.id, { ...each, whole: [...new Set([...before, ...each.whole])] })
  }
  return [...known.values()]
}

/** Those of which the books are closed, and those that are still open. */
export async function closedOf(
  home: Home,
  remains: readonly Remains[],
): Promise<{ readonly closed: readonly Remains[]; readonly open: readonly Remains[] }> {
  const rows = await withDatabase(home, async ({ db }) =>
    db.selectFrom('generations').select('id').where('receipt', 'is not', null).execute(),
  )
  const ids = new Set(rows.map(({ id }) => id))
  const isClosed = ({ generationId }: Remains): boolean => ids.has(generationId)
  return { closed: remains.filter(isClosed), open: remains.filter((each) => !isClosed(each)) }
}

/** Once all has ended: what was whole is delivered, what can be asked about was asked, and the rest cost the caller nothing. */
export async function checkFates(home: Home, remains: readonly Remains[]): Promise<Fates> {
  return await withDatabase(home, async ({ db }) => {
    const fates = { ...NO_FATES }
    for (const { attempt, generationId, whole } of remains) {
      const row = await db.selectFrom('attempts').selectAll().where('id', '=', attempt.id).executeTakeFirstOrThrow()
      const generation = await db
        .selectFrom('generations')
        .innerJoin('holds', 'holds.generation_id', 'generations.id')
        .select(['status', 'charge_nanos'])
        .where('id', '=', generationId)
        .executeTakeFirstOrThrow()
      const named = await db
        .selectFrom('generation_images')
        .select('sha256')
        .where('generation_id', '=', generationId)
        .where('role', 'in', ['output', 'original'])
        .execute()
      const told = `${generationId} ${attempt.provider} ${row.state} (${row.error})`
      if (attempt.upstream_id !== null) {
        assert.notEqual(row.state, 'sent', told)
        if (row.state === 'ok') fates.recovered += 1
        else fates.failed += 1
      } else if (whole.length > 0) {
        assert.deepEqual([row.state, generation.status], ['ok', 'settled'], `${told}: its picture was here, whole`)
        assert.ok((generation.charge_nanos ?? 0n) > 0n, told)
        for (const hash of whole)
          assert.ok(
            named.some(({ sha256: own }) => own === hash),
            `${told}: lost ${hash}`,
          )
        fates.adopted += 1
      } else {
        assert.ok(row.state === 'unknown' || row.state === 'not_billed', `${told}: nobody can know how it ended`)
        fates[row.state === 'unknown' ? 'unknown' : 'neverLeft'] += 1
      }
    }
    return fates
  })
}

/** What was adopted can be fetched, byte for byte. */
export async function checkFetchable(gateway: TestGatewayChild, remains: readonly Remains[]): Promise<void> {
  for (const { generationId, attempt, whole } of remains) {
    if (attempt.upstream_id !== null || whole.length === 0) continue
    const answer = await fetch(`${gateway.url}/api/v1/generations/${generationId}`, {
      headers: { authorization: `Bearer ${gateway.keys.live}` },
    })
    const { delivered } = (await answer.json()) as { delivered: number }
    const served = await Promise.all(
      Array.from({ length: delivered }, async (_, index) => await fetchedHash(gateway, generationId, index)),
    )
    for (const hash of whole) assert.ok(served.includes(hash), `${generationId} does not serve ${hash}`)
  }
}

export function sumOfFates(all: readonly Fates[]): Fates {
  return all.reduce(
    (total, fates) => ({
      adopted: total.adopted + fates.adopted,
      recovered: total.recovered + fates.recovered,
      unknown: total.unknown + fates.unknown,
      neverLeft: total.neverLeft + fates.neverLeft,
      failed: total.failed + fates.failed,
    }),
    NO_FATES,
  )
}
