import type { ImageRequest } from '../../src/core/image-request.ts'
import { err, type Result } from '../../src/core/result.ts'
import type { Call, Generated, Provider, UpstreamFailure } from '../../src/providers/provider.ts'
import { PROVIDERS } from './goods.ts'
import type { Scheduler } from './scheduler.ts'
import { type Order, type Upstream, waitedOut } from './upstream.ts'

export interface Wire {
  readonly upstream: Upstream
  readonly scheduler: Scheduler
  readonly process: string
  /** Whose call it is. */
  readonly ownerOf: (call: Call) => { readonly generationId: string; readonly attemptId: string }
}

/** The adapters of one process: what passes over the wire is a step each way. */
export function makeProviders(wire: Wire): ReadonlyMap<string, Provider> {
  return new Map(PROVIDERS.map((id) => [id, id === 'jobs' ? jobs(wire) : prompt(wire, id)]))
}

/** One request, one answer. */
function prompt(wire: Wire, id: string): Provider {
  return {
    id,
    async generate(request, call) {
      const sent = await send(wire, request, call)
      return sent.ok ? await answer(wire, sent.value, call) : sent
    },
  }
}

/** Submits, and asks again; can be asked by another process, and told to stop. */
function jobs(wire: Wire): Provider {
  const { upstream, scheduler, process } = wire
  return {
    id: 'jobs',
    async generate(request, call) {
      const sent = await send(wire, request, call)
      if (!sent.ok) return sent
      await call.submitted(sent.value.upstreamId)
      return await answer(wire, sent.value, call)
    },
    async resume(upstreamId, _request, call) {
      const order = upstream.find(upstreamId)
      return order
        ? await answer(wire, order, call)
        : err({ kind: 'rejected', billed: 'no', message: 'Gone.', raw: '' })
    },
    cancel: (upstreamId) =>
      scheduler.step(process, 'asks to stop', async () => {
        const order = upstream.find(upstreamId)
        if (order?.endsAt === undefined || order.endsAt <= scheduler.now()) return 'too_late'
        order.isCancelled = true
        return 'cancelled'
      }),
  }
}

async function send(
  { upstream, scheduler, process, ownerOf }: Wire,
  request: ImageRequest,
  call: Call,
): Promise<Result<Order, UpstreamFailure>> {
  const order = upstream.place(ownerOf(call), call.model, request.n ?? 1)
  await scheduler.step(process, `connects for ${call.model}`, async () => {})
  if (call.signal.aborted) return err({ ...GAVE_UP, billed: 'no' })
  if (order.fate.stays && order.fate.failure) return err(order.fate.failure)
  call.departing()
  await scheduler.step(process, 'sends', async () => upstream.receive(order, scheduler.now()))
  return { ok: true, value: order }
}

async function answer(
  { upstream, scheduler, process }: Wire,
  order: Order,
  call: Call,
): Promise<Result<Generated, UpstreamFailure>> {
  const ms = Math.max(0, (order.endsAt ?? scheduler.now()) - scheduler.now())
  if (await waitedOut(ms, call)) return err(GAVE_UP)
  return await scheduler.step(process, 'receives', async () => upstream.answer(order, process))
}

const GAVE_UP: UpstreamFailure = { kind: 'timeout', billed: 'unknown', message: 'It took too long.', raw: '' }
