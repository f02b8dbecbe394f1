import type { KeptPicture, Assets } from '../../src/assets/assets.ts'
import { base64Blob, noise } from '../../src/assets/test-pictures.ts'
import type { JsonBlob } from '../../src/core/json-blob.ts'
import { err, ok, type Result } from '../../src/core/result.ts'
import type { Call, Generated, UpstreamFailure } from '../../src/providers/provider.ts'
import type { Dice } from '../../src/ledger/test-ledger.ts'
import { drawFate, type Fate, type Weather } from './fates.ts'
import { worthOf } from './goods.ts'

/** One paid call as its provider sees it. */
export interface Order {
  readonly generationId: string
  readonly attemptId: string
  /** `sim/flat@plain`. */
  readonly route: string
  readonly fate: Fate
  readonly upstreamId: string
  /** Undefined as long as it has not reached the provider. */
  endsAt: number | undefined
  isCancelled: boolean
  /** Its pictures have reached a process, and with it the disk. */
  hasArrived: boolean
  /** Processes that got its whole answer. */
  readonly answered: Set<string>
  /** Usable pictures that a process has stored of it. */
  readonly kept: Map<string, number>
  /** Processes that found its pictures on the disk, and know nothing of the usage. */
  readonly adopted: Set<string>
}

/** What a generation may be charged when a process ends it. */
export interface Worth {
  readonly pictures: number
  readonly nanos: bigint
}

/** The far end of the wire, outside of every process: it goes on when they die. */
export interface Upstream {
  place(call: { readonly generationId: string; readonly attemptId: string }, route: string, wanted: number): Order
  /** The request has arrived. */
  receive(order: Order, now: number): void
  find(upstreamId: string): Order | undefined
  of(generationId: string): readonly Order[]
  answer(order: Order, process: string): Result<Generated, UpstreamFailure>
  kept(blob: JsonBlob, process: string): void
  adopt(attemptId: string, process: string, assets: Assets): Promise<readonly KeptPicture[]>
  /** What the pictures cost that a process has stored for a generation. */
  worth(generationId: string, process: string): Worth
  /** What its provider calls cost in truth; known to the process that has got every answer itself. */
  billOf(generationId: string, process?: string): { readonly nanos: bigint; readonly isKnown: boolean }
  readonly orders: readonly Order[]
}

/** Distinct pictures in the world; the same may come twice. */
const PICTURES = 24
const BROKEN = Buffer.from('this is no picture, whatever its label says')

let drawn: Promise<readonly Buffer[]> | undefined

/** Real pictures, a few pixels each, the same in every run. */
function pictures(): Promise<readonly Buffer[]> {
  drawn ??= Promise.all(
    Array.from({ length: PICTURES }, (_, index) => noise('png', 2, 2, Buffer.alloc(12, index * 10))),
  )
  return drawn
}

export async function makeUpstream(random: Dice, weather: Weather): Promise<Upstream> {
  const stock = await pictures()
  const orders: Order[] = []
  const byAttempt = new Map<string, Order>()
  const byUpstreamId = new Map<string, Order>()
  const byGeneration = new Map<string, Order[]>()
  const orderOf = new WeakMap<JsonBlob, Order>()

  function picturesOf(order: Order): JsonBlob[] {
    const good = Array.from({ length: order.fate.pictures }, () => base64Blob(stock[random.roll(PICTURES)] ?? BROKEN))
    for (const blob of good) orderOf.set(blob, order)
    return [...Array.from({ length: order.fate.broken }, () => base64Blob(BROKEN)), ...good]
  }

  const upstream: Upstream = {
    orders,
    place({ generationId, attemptId }, route, wanted) {
      const order: Order = {
        generationId,
        attemptId,
        route,
        fate: drawFate(random, weather, route, wanted),
        upstreamId: `job-${orders.length}`,
        endsAt: undefined,
        isCancelled: false,
        hasArrived: false,
        answered: new Set(),
        kept: new Map(),
        adopted: new Set(),
      }
      orders.push(order)
      byAttempt.set(attemptId, order)
      byUpstreamId.set(order.upstreamId, order)
      byGeneration.set(generationId, [...(byGeneration.get(generationId) ?? []), order])
      return order
    },
    receive: (order, now) => void (order.endsAt = now + order.fate.ms),
    find: (upstreamId) => byUpstreamId.get(upstreamId),
    of: (generationId) => byGeneration.get(generationId) ?? [],
    answer(order, process) {
      const { fate, upstreamId } = order
      order.answered.add(process)
      if (order.isCancelled) return err({ kind: 'rejected', billed: 'no', message: 'It was cancelled.', raw: '' })
      if (fate.failure) return err(fate.failure)
      order.hasArrived = true
      return ok({
        images: picturesOf(order).map((blob) => ({ blob })),
        upstreamId,
        ...(fate.usage && { usage: fate.usage }),
        ...(fate.cost !== undefined && { cost: fate.cost }),
      })
    },
    kept(blob, process) {
      const order = orderOf.get(blob)
      if (order) order.kept.set(process, (order.kept.get(process) ?? 0) + 1)
    },
    async adopt(attemptId, process, assets) {
      const order = byAttempt.get(attemptId)
      if (order === undefined || !order.hasArrived) return []
      const found: KeptPicture[] = []
      for (const blob of picturesOf(order)) {
        const kept = await assets.keep(blob, 'tolerant')
        if (kept.ok) found.push(kept.value)
      }
      if (found.length === 0) return []
      order.kept.set(process, found.length)
      order.adopted.add(process)
      return found
    },
    worth(generationId, process) {
      let count = 0
      let nanos = 0n
      for (const { kept, fate, adopted, route } of upstream.of(generationId)) {
        const stored = kept.get(process) ?? 0
        count += stored
        nanos += worthOf(route, stored, adopted.has(process) ? undefined : fate.usage)
      }
      return { pictures: count, nanos }
    },
    billOf(generationId, process = '') {
      const received = upstream.of(generationId).filter(({ endsAt }) => endsAt !== undefined)
      return {
        nanos: received.reduce((total, order) => total + costOf(order), 0n),
        isKnown: received.every((order) => order.answered.has(process) && order.adopted.size === 0),
      }
    },
  }
  return upstream
}

/** What its provider takes for it. */
export function costOf({ endsAt, isCancelled, fate }: Order): bigint {
  return endsAt === undefined || isCancelled ? 0n : fate.bill
}

/** Whether a wait was ended by somebody who gave up: `call.signal` or the time that the call has. */
export async function waitedOut(ms: number, call: Call): Promise<boolean> {
  const patienceMs = Math.min(call.headersMs ?? Infinity, call.remainingMs())
  try {
    await call.clock.sleep(Math.min(ms, patienceMs), call.signal)
    return ms > patienceMs
  } catch {
    return true
  }
}
