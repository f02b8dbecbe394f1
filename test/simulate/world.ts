import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import type { Transaction } from 'kysely'

import { makeAssets } from '../../src/assets/assets.ts'
import type { ImageRequest } from '../../src/core/image-request.ts'
import type { Database } from '../../src/db/database.ts'
import { openDatabase } from '../../src/db/open.ts'
import type { Schema } from '../../src/db/schema.ts'
import type { Owner } from '../../src/generations/engine-port.ts'
import { type Audit, makeAudit } from '../../src/ledger/auditor.ts'
import { makeLedger } from '../../src/ledger/store.ts'
import { dice, type Dice } from '../../src/ledger/test-ledger.ts'
import { type DatabaseKind, makeHome } from '../support/home.ts'
import { type Books, type KeyTerms, makeBooks } from './books.ts'
import { clockDeadlines } from './deadlines.ts'
import type { Weather } from './fates.ts'
import { holdFor, type Wish } from './goods.ts'
import { type Process, startProcess } from './process.ts'
import { makeScheduler, type Scheduler } from './scheduler.ts'
import { seedIds } from './seeded-ids.ts'
import { steppedDatabase } from './stepped-database.ts'
import { makeUpstream, type Upstream } from './upstream.ts'
import { follow, type Movement, readBalances, watchedLedger } from './watched-ledger.ts'

export const WORKSPACE = 'ws-simulated'

export interface WorldOptions {
  readonly seed: number
  readonly database: DatabaseKind
  /** Machines, each with one process at a time. */
  readonly nodes: number
  readonly weather: Weather
  readonly diskTrouble?: number
  /** By name. */
  readonly keys: Readonly<Record<string, KeyTerms>>
  readonly balance: bigint
}

/** Everything that a scenario may see and do. */
export interface World {
  readonly scheduler: Scheduler
  readonly upstream: Upstream
  readonly books: Books
  readonly store: Database
  /** Reads the books and every charged picture, whatever the time. */
  readonly audit: Audit
  /** For what happens outside of the processes: who asks for what, who dies when. */
  readonly random: Dice
  /** Processes that take work. */
  ready(): readonly Process[]
  /** Machines on which no process runs. */
  idle(): readonly string[]
  start(machine: string): Process
  /** The process is gone, in the middle of whatever it did. */
  kill(process: Process): void
  /** The process stands still for so long that others may think it dead. */
  stall(process: Process, ms: number): void
  /** A request for a wish, and its owner. The same number means the same purchase. */
  ask(number: number, wish: Wish): ImageRequest
  owner(number: number, key: string, more?: Partial<Owner>): Owner
  /** By generation: the number it was asked for with. */
  readonly numberOf: ReadonlyMap<string, number>
  /** By generation: the process that began it. */
  readonly beganBy: ReadonlyMap<string, Process>
  /** By generation: the id of the process that ended it. */
  readonly endedBy: ReadonlyMap<string, string>
}

/**
 * Opens a world, lets `live` happen in it, and takes it down. The store is real and new; everything else that could differ between
 * two runs comes from the seed. The model is compared within every step that moves money, before anybody goes on.
 */
export async function inWorld<T>(options: WorldOptions, live: (world: World) => Promise<T>): Promise<T> {
  const { seed, database, nodes } = options
  const home = await makeHome(database)
  const chance = dice(seed)
  const [random, schedule, wire, rows, ids] = Array.from({ length: 5 }, () => dice(chance.roll(2 ** 32)))
  assert(random && schedule && wire && rows && ids)
  const endIds = seedIds(ids)
  const scheduler = makeScheduler(schedule)
  const endDeadlines = clockDeadlines(scheduler.clockOf('world'))
  const store = await openDatabase({
    directory: home.directory,
    clock: scheduler.clockOf('world'),
    onFatal: scheduler.fail,
    ...(home.databaseUrl !== undefined && { url: home.databaseUrl }),
  })
  const assets = await makeAssets({
    directory: join(home.directory, 'assets'),
    store: 'on',
    db: store,
    clock: scheduler.clockOf('world'),
    keepImagesDays: 30,
  })
  const upstream = await makeUpstream(wire, options.weather)
  const books = makeBooks(new Map(Object.entries(options.keys)))
  const processes: Process[] = []
  const wishes = new Map<number, Wish>()
  const numberOf = new Map<string, number>()
  const beganBy = new Map<string, Process>()
  const endedBy = new Map<string, string>()
  const stalled = new Set<Process>()

  /** What was moved in a transaction that is open. */
  const movements = new WeakMap<Transaction<Schema>, Movement[]>()

  async function wishOf(generationId: string): Promise<Wish> {
    const row = await store.db
      .selectFrom('generations')
      .select('caller')
      .where('id', '=', generationId)
      .executeTakeFirstOrThrow()
    const { requestId } = JSON.parse(row.caller) as { readonly requestId: string }
    const wish = wishes.get(Number(requestId))
    numberOf.set(generationId, Number(requestId))
    assert(wish, `somebody asked for ${generationId}`)
    return wish
  }

  async function compare(moved: readonly Movement[], process: Process): Promise<void> {
    try {
      for (const movement of moved) {
        const told = await follow(movement, process.id, {
          books,
          async holdFor(generationId) {
            beganBy.set(generationId, process)
            return holdFor(await wishOf(generationId))
          },
          worth(generationId) {
            const first = beganBy.get(generationId)
            const isItsOwn = first === process || first?.isAlive() === false || (first && stalled.has(first))
            assert.ok(isItsOwn, `${process.id} ends ${generationId} of ${first?.id}, which is alive`)
            endedBy.set(generationId, process.id)
            return upstream.worth(generationId, process.id)
          },
        })
        scheduler.note(told)
      }
      if (moved.length > 0) assert.deepEqual(await readBalances(store, WORKSPACE), books.balances())
    } catch (error) {
      scheduler.fail(error)
    }
  }

  function start(machine: string): Process {
    const id = `${machine}.${processes.filter((each) => each.machine === machine).length + 1}`
    const directory = join(home.directory, machine)
    mkdirSync(directory, { recursive: true })
    const stepped = steppedDatabase({
      store,
      scheduler,
      random: rows ?? schedule ?? chance,
      process: id,
      engine: nodes > 1 ? 'postgres' : store.engine,
      begins: (trx) => void movements.set(trx, []),
      committed: async (trx) => await compare(movements.get(trx) ?? [], process),
    })
    const ledger = watchedLedger(makeLedger({ database: stepped }), (trx) => movements.get(trx) ?? [])
    const process = startProcess({
      id,
      machine,
      directory,
      database: stepped,
      ledger,
      assets,
      upstream,
      scheduler,
      random: wire ?? chance,
      diskTrouble: options.diskTrouble ?? 0,
      onCrash(generationId, error) {
        // Who stood still has lost what he ran to another process, and finds out when he wants to end it.
        const isLate = error instanceof Error && error.message.includes('already resolved') && stalled.has(process)
        if (!isLate) scheduler.fail(error)
        else scheduler.note(`too late for ${generationId}`)
      },
    })
    processes.push(process)
    return process
  }

  try {
    await openAccount(store, options, books)
    const machines = Array.from({ length: nodes }, (_, index) => `m${index + 1}`)
    for (const machine of machines) start(machine)
    return await live({
      scheduler,
      upstream,
      books,
      store,
      audit: makeAudit({ database: store, pictures: assets }),
      random,
      start,
      ready: () => processes.filter((process) => process.isReady()),
      idle: () => machines.filter((machine) => !processes.some((each) => each.machine === machine && each.isAlive())),
      kill: (process) => process.kill(),
      stall(process, ms) {
        stalled.add(process)
        scheduler.stall(process.id, ms)
      },
      ask(number, wish) {
        wishes.set(number, wish)
        const [model = '', ...fallbackModels] = wish.models
        return {
          model,
          ...(fallbackModels.length > 0 && { fallbackModels }),
          n: wish.n,
          turns: [{ role: 'user', parts: [{ type: 'text', text: wish.prompt }] }],
        }
      },
      owner: (number, key, more = {}) => ({
        workspaceId: WORKSPACE,
        mode: 'live',
        keyHash: key,
        caller: { requestId: String(number) },
        surface: 'openrouter/test',
        streamed: false,
        ...more,
      }),
      numberOf,
      beganBy,
      endedBy,
    })
  } catch (error) {
    throw new Broken(error, scheduler.trace.slice(-TOLD_STEPS))
  } finally {
    for (const process of processes) process.kill()
    for (const process of processes) process.close()
    await assets.close()
    await store.close()
    await home.remove()
    endDeadlines()
    endIds()
  }
}

/** Steps that are told with what was broken. */
const TOLD_STEPS = 25

/** A promise was broken; the last steps before that are told with it. */
export class Broken extends Error {
  constructor(cause: unknown, steps: readonly string[]) {
    super(`${cause instanceof Error ? cause.message : String(cause)}\n\nthe last steps:\n${steps.join('\n')}`, {
      cause,
    })
  }
}

/** One workspace with its keys and its balance; the install is prepaid unless a key is metered. */
async function openAccount(store: Database, { keys, balance }: WorldOptions, books: Books): Promise<void> {
  const at = await store.now()
  const ledger = makeLedger({ database: store })
  await store.db.insertInto('workspaces').values({ id: WORKSPACE, name: '', is_default: 0, created_at: at }).execute()
  for (const [hash, { limit = null }] of Object.entries(keys)) {
    await store.db
      .insertInto('api_keys')
      .values({
        hash,
        workspace_id: WORKSPACE,
        name: '',
        label: '',
        mode: 'live',
        disabled: 0,
        deleted_at: null,
        limit_nanos: limit,
        limit_reset: null,
        expires_at: null,
        created_at: at,
        updated_at: null,
      })
      .execute()
  }
  const isMetered = Object.values(keys).some((key) => key.isMetered)
  if (!isMetered) await ledger.setLiveMode('prepaid')
  if (balance === 0n) return
  books.credit('first', balance)
  await store.transaction((trx) =>
    ledger.credit(trx, {
      workspaceId: WORKSPACE,
      mode: 'live',
      amount: balance as Parameters<typeof ledger.credit>[1]['amount'],
      idempotencyKey: 'first',
      kind: 'top_up',
      at,
    }),
  )
}
