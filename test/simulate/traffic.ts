import assert from 'node:assert/strict'

import type { Failure } from '../../src/core/errors.ts'
import { formatUsd, type Nanos } from '../../src/core/money.ts'
import type { Delivery } from '../../src/core/receipt.ts'
import type { Result } from '../../src/core/result.ts'
import { dice, type Dice } from '../../src/ledger/test-ledger.ts'
import { checkEndings } from './endings.ts'
import { MODELS, type Wish } from './goods.ts'
import type { Process } from './process.ts'
import type { Figures, Run } from './run.ts'
import { inWorld, type World, WORKSPACE } from './world.ts'

/** Calls at once that somebody waits for. */
const MOST_WAITING = 40
/** Longest that a caller asks again after his process has died under him. */
const TRIES = 4

/** Somebody who wants pictures, perhaps by a key of his own, perhaps for the second time. */
interface Caller {
  readonly number: number
  readonly key: string
  readonly wish: Wish
  readonly idempotencyKey: string | undefined
  readonly deadlineMs: number
  /** Leaves when it takes longer; undefined: never. */
  readonly patienceMs: number | undefined
}

/** What a caller was told of a generation. */
interface Told {
  readonly id: string
  readonly outcome: Result<Delivery, Failure>
}

/** What a gateway may answer that has nothing wrong with it. */
const REFUSALS: ReadonlySet<string> = new Set([
  'insufficient_credit',
  'key_limit_reached',
  'overloaded',
  'rate_limited',
  'repeated_failure',
  'idempotency_key_reused',
  'idempotency_in_progress',
])

/**
 * M2: mixed prices, numbers, fallbacks, failures of every kind, cancels, top-ups, repeated keys, crashes and processes that stand
 * still, in any order. The ledger equals the model after every step that moves money, and at the end everything has ended once.
 */
export async function traffic({ seed, database, nodes, steps, stalls = false }: Run): Promise<Figures> {
  const random = dice(seed)
  const weather = { failures: random.roll(60), flaws: random.roll(40), slowestMs: 1 + random.roll(20_000) }
  const keys = { ample: {}, limited: { limit: BigInt(random.roll(20)) * 1_000_000_000n } }
  const balance = BigInt(random.roll(3_000_000_000))
  const options = { seed, database, nodes, weather, keys, balance, diskTrouble: random.roll(10) }
  return await inWorld(options, async (world) => {
    const { scheduler } = world
    const counts: Record<string, number> = {}
    const callers: Caller[] = []
    const told: Told[] = []
    const ids: string[] = []
    let waiting = 0
    let topUps = 0

    const actions: readonly { readonly weight: number; readonly act: () => void }[] = [
      { weight: 80, act: () => ask(newCaller(world.random, callers)) },
      { weight: 20, act: repeat },
      { weight: 16, act: cancel },
      { weight: 12, act: topUp },
      { weight: 2, act: crash },
      { weight: stalls ? 1 : 0, act: stall },
      { weight: 8, act: revive },
    ]
    const total = actions.reduce((sum, { weight }) => sum + weight, 0)

    function act(): void {
      if (world.ready().length === 0) return revive()
      if (world.random.roll(12) > 0) return
      let left = world.random.roll(total)
      for (const { weight, act: chosen } of actions) {
        if (left < weight) return chosen()
        left -= weight
      }
    }

    function repeat(): void {
      const caller = pick(world.random, callers)
      if (caller) ask(caller)
    }

    function count(what: string): void {
      counts[what] = (counts[what] ?? 0) + 1
    }

    function ask(caller: Caller): void {
      if (waiting >= MOST_WAITING) return
      waiting += 1
      if (!callers.includes(caller)) callers.push(caller)
      live(caller)
        .then(count)
        .catch(scheduler.fail)
        .finally(() => (waiting -= 1))
    }

    /** From the first request to the last answer, or to where the caller leaves. */
    async function live(caller: Caller): Promise<string> {
      for (let tries = 0; tries < TRIES; tries += 1) {
        const process = await someProcess(world)
        const end = await Promise.race([once(caller, process), process.died.then(() => 'cut off')])
        // Who has a key of his own may ask again without buying twice.
        if (end !== 'cut off' || caller.idempotencyKey === undefined) return end
      }
      return 'cut off'
    }

    async function once(caller: Caller, { engine, id: process }: Process): Promise<string> {
      const { number, key, wish, idempotencyKey, deadlineMs, patienceMs } = caller
      const idempotency = idempotencyKey === undefined ? {} : { idempotency: namedBy(idempotencyKey, number) }
      const started = await engine.start(
        world.ask(number, wish),
        world.owner(number, key, { deadlineMs, ...idempotency }),
      )
      if (!started.ok) {
        assert.ok(REFUSALS.has(started.error.code), `${started.error.code}: ${started.error.message}`)
        return started.error.code
      }
      const { id } = started.value
      ids.push(id)
      const patience = new AbortController()
      if (patienceMs !== undefined)
        scheduler
          .clockOf(process)
          .sleep(patienceMs)
          .then(() => patience.abort(LEFT), scheduler.fail)
      try {
        const outcome = await engine.wait(id, patience.signal)
        told.push({ id, outcome })
        return outcome.ok ? 'delivered' : 'failed'
      } catch (error) {
        if (error !== LEFT) throw error
        return 'left'
      }
    }

    function cancel(): void {
      const id = pick(world.random, ids)
      if (id === undefined) return
      pick(world.random, world.ready())
        ?.engine.cancel(id as Parameters<Process['engine']['cancel']>[0])
        .then((verdict) => count(`cancel: ${verdict}`))
        .catch(scheduler.fail)
    }

    /** One payment in three is told twice. */
    function topUp(): void {
      const process = pick(world.random, world.ready())
      if (process === undefined) return
      if (world.random.roll(3) > 0) topUps += 1
      const grant = {
        workspaceId: WORKSPACE,
        mode: 'live',
        amount: (BigInt(1 + ((topUps * 7919) % 4_000)) * 1_000_000n) as Nanos,
        idempotencyKey: `payment-${topUps}`,
        kind: 'top_up',
        at: scheduler.now(),
      } as const
      process.database.transaction((trx) => process.ledger.credit(trx, grant)).catch(scheduler.fail)
    }

    function crash(): void {
      const victim = pick(world.random, world.ready())
      if (victim === undefined) return
      scheduler.note(`${victim.id} dies`)
      count('crashes')
      world.kill(victim)
    }

    function stall(): void {
      const victim = pick(world.random, world.ready())
      if (victim === undefined) return
      scheduler.note(`${victim.id} stands still`)
      count('stalls')
      world.stall(victim, 5_000 + world.random.roll(60_000))
    }

    function revive(): void {
      const machine = pick(world.random, world.idle())
      if (machine === undefined) return
      world.start(machine)
    }

    await scheduler.run(() => scheduler.steps() >= steps, act)
    for (const machine of world.idle()) world.start(machine)
    await scheduler.run(() => waiting === 0 && world.books.open() === 0)

    const endings = await checkEndings(world)
    await checkTold(world, told)
    checkKeys(world, callers)
    return { steps: scheduler.steps(), trace: scheduler.trace, counts: { ...counts, ...endings } }
  })
}

const LEFT = new Error('the caller has left')

/** Waits until some process takes work. */
async function someProcess(world: World): Promise<Process> {
  for (;;) {
    const process = pick(world.random, world.ready())
    if (process !== undefined) return process
    await world.scheduler.clockOf('callers').sleep(500)
  }
}

function newCaller(random: Dice, earlier: readonly Caller[]): Caller {
  const number = earlier.length
  // Now and then somebody takes a key that means something else already.
  const named = random.roll(20) === 0 ? random.roll(number + 1) : number
  return {
    number,
    key: random.roll(3) === 0 ? 'limited' : 'ample',
    wish: newWish(random, number),
    idempotencyKey: random.roll(2) === 0 ? `purchase-${named}` : undefined,
    deadlineMs: 5_000 + random.roll(90_000),
    patienceMs: random.roll(4) === 0 ? random.roll(20_000) : undefined,
  }
}

function newWish(random: Dice, number: number): Wish {
  const left = [...MODELS]
  const models = Array.from({ length: random.roll(3) === 0 ? 2 : 1 }, () => random.take(left))
  return { models, n: 1 + random.roll(4), prompt: `picture ${number}` }
}

function namedBy(key: string, number: number) {
  return { key, scope: 'POST /v1/images/generations', fingerprint: `request ${number}` }
}

function pick<T>(random: Dice, from: readonly T[]): T | undefined {
  return from[random.roll(from.length)]
}

/** Nobody was told a price that is not charged, and everybody who asked for the same was told the same. */
async function checkTold({ store }: World, told: readonly Told[]): Promise<void> {
  const rows = await store.db.selectFrom('holds').select(['generation_id', 'state', 'charge_nanos']).execute()
  const holds = new Map(rows.map((row) => [row.generation_id, row]))
  for (const { id, outcome } of told) {
    const hold = holds.get(id)
    assert.equal(hold?.state, outcome.ok ? 'posted' : 'voided', `what was told of ${id}`)
    if (outcome.ok) assert.equal(outcome.value.receipt.charge_usd, formatUsd((hold?.charge_nanos ?? 0n) as Nanos))
  }
}

/** A key buys once: of all generations that were begun by it, one at most has cost anybody anything. */
function checkKeys({ upstream, numberOf }: World, callers: readonly Caller[]): void {
  const bought = new Map<string, string>()
  for (const [id, number] of numberOf) {
    const key = callers[number]?.idempotencyKey
    if (key === undefined || upstream.billOf(id).nanos === 0n) continue
    assert.equal(bought.get(key), undefined, `${key} has bought ${bought.get(key)} and ${id}`)
    bought.set(key, id)
  }
}
