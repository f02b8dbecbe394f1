import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Bill, Call } from '../bill.ts'
import { amount, type Faults } from '../faults.ts'
import { hashOf } from '../painting/random.ts'
import { checkInput, type Job } from './check.ts'
import type { Endpoint } from './endpoints.ts'
import { type Refusal, startedTooLate } from './errors.ts'
import { type Output, priceOf, run } from './output.ts'

export interface QueueOptions {
  readonly latencyMs: number
  readonly bill: Bill
}

export interface Submission {
  /** `fal-ai/flux-2-pro` of `fal-ai/flux-2-pro/edit`: where status and result are asked for. */
  readonly app: string
  readonly endpointId: string
  readonly endpoint: Endpoint
  readonly input: unknown
  readonly faults: Faults
  /** Milliseconds after which the job may no longer begin. */
  readonly startWithinMs: number | undefined
  readonly headerNames: readonly string[]
  /** The input as the bill keeps it. */
  readonly summary: unknown
}

export interface Ticket {
  readonly id: string
  readonly app: string
  readonly faults: Faults
  state: 'IN_QUEUE' | 'IN_PROGRESS' | 'COMPLETED' | 'CANCELLED'
  /** Once it is completed. */
  result: Output | Refusal | undefined
  /** Downloads so far, by file. */
  readonly downloads: Map<string, number>
  /** Tells the bill that all of it was handed over. */
  delivered: (complete: boolean) => void
}

/** Jobs remembered, finished ones with their results: a result may be asked for as often as one likes. */
const TICKETS_KEPT = 1_000

/** A share of the usual wait is spent in the queue. */
const QUEUED_SHARE = 0.3

/** The queue of one account: every job runs by itself, whether or not anybody asks for it, and is billed when it runs. */
export function makeQueue({ latencyMs, bill }: QueueOptions) {
  const tickets = new Map<string, Ticket>()

  return {
    submit(submission: Submission): Ticket {
      const { app, faults } = submission
      const ticket: Ticket = {
        id: randomUUID(),
        app,
        faults,
        state: 'IN_QUEUE',
        result: undefined,
        downloads: new Map(),
        delivered: () => {},
      }
      tickets.set(ticket.id, ticket)
      for (const oldest of tickets.keys()) {
        if (tickets.size <= TICKETS_KEPT) break
        tickets.delete(oldest)
      }
      void work(ticket, submission)
      return ticket
    },
    find: (app: string, id: string): Ticket | undefined => {
      const ticket = tickets.get(id)
      return ticket?.app === app && ticket.state !== 'CANCELLED' ? ticket : undefined
    },
    ofFile: (id: string): Ticket | undefined => tickets.get(id),
    /** How many wait before it. */
    position({ id }: Ticket): number {
      const waiting = [...tickets.values()].filter(({ state }) => state === 'IN_QUEUE')
      return Math.max(
        0,
        waiting.findIndex((ticket) => ticket.id === id),
      )
    },
    cancel(ticket: Ticket): void {
      if (ticket.state === 'IN_QUEUE') ticket.state = 'CANCELLED'
    },
  }

  async function work(ticket: Ticket, submission: Submission): Promise<void> {
    const { faults, startWithinMs = Number.POSITIVE_INFINITY } = submission
    const share = 0.6 + (0.8 * (hashOf(`${submission.endpointId}${JSON.stringify(submission.summary)}`) % 1000)) / 1000
    const queuedMs = amount(faults, 'queue') ?? latencyMs * share * QUEUED_SHARE
    await sleep(Math.min(queuedMs, startWithinMs), undefined, { ref: false })
    if (ticket.state === 'CANCELLED') {
      record(submission, undefined, { outcome: 'incomplete', status: null })
      return
    }
    if (queuedMs > startWithinMs) {
      end(ticket, submission, undefined, startedTooLate())
      return
    }
    ticket.state = 'IN_PROGRESS'
    await sleep((amount(faults, 'delay') ?? 0) + latencyMs * share * (1 - QUEUED_SHARE), undefined, { ref: false })
    try {
      const job = await checkInput(submission.endpoint, submission.input)
      if ('status' in job) return end(ticket, submission, undefined, job)
      if (faults.hang !== undefined) {
        record(submission, job, { outcome: 'failed', status: null, nanos: priceOf(job) })
        return
      }
      end(ticket, submission, job, await run(job, faults))
    } catch (error) {
      // A fault of the simulator's own says so, lest it pass for one of the provider's.
      const detail = `The sandbox failed: ${error instanceof Error ? error.stack : String(error)}`
      end(ticket, submission, undefined, { status: 500, body: { detail } })
    }
  }

  function end(ticket: Ticket, submission: Submission, job: Job | undefined, result: Output | Refusal): void {
    const isRefusal = 'status' in result
    const files = isRefusal ? [] : result.files
    const blocked = submission.faults.refusal !== undefined || submission.faults['no-image'] !== undefined
    ticket.delivered = record(submission, job, {
      outcome: blocked ? 'blocked' : !isRefusal ? 'answered' : result.status === 422 ? 'rejected' : 'failed',
      status: isRefusal ? result.status : 200,
      nanos: isRefusal ? 0n : result.nanos,
      pictures: files.map((file) => file.sha256),
    })
    ticket.result = result
    ticket.state = 'COMPLETED'
  }

  interface Ending {
    readonly outcome: Call['outcome']
    readonly status: number | null
    readonly nanos?: bigint
    readonly pictures?: readonly string[]
  }

  /** Adds the job to the bill. `billed=yes` bills a picture that no run made, `billed=no` forgives one that was. */
  function record(
    { endpointId, faults, headerNames, summary }: Submission,
    job: Job | undefined,
    { outcome, status, nanos = 0n, pictures = [] }: Ending,
  ): (complete: boolean) => void {
    const usual = faults.billed === 'yes' && job !== undefined && nanos === 0n ? priceOf(job) : nanos
    return bill.record({
      simulator: 'fal',
      method: 'queue',
      model: endpointId,
      tier: null,
      images: pictures.length,
      ...(pictures.length > 0 && { pictures }),
      tokens: null,
      outcome,
      status,
      billed_nanos: String(faults.billed === 'no' ? 0n : usual),
      faults,
      header_names: headerNames,
      request_complete: true,
      request: summary,
    })
  }
}

export type Queue = ReturnType<typeof makeQueue>
