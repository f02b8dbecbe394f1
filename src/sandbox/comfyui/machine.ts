import { setTimeout as sleep } from 'node:timers/promises'

import type { Bill } from '../bill.ts'
import { amount } from '../faults.ts'
import { type Ended, makeRunner, type Outputs, type Work } from './run.ts'
import type { Store } from './store.ts'
import { type Graph, outputsOf } from './validate.ts'

export interface Submission extends Omit<Work, 'interruption'> {
  /** Goes before what was queued earlier. */
  readonly isFirst: boolean
  readonly headerNames: readonly string[]
}

interface Job extends Submission, Work {
  readonly number: number
  isRunning: boolean
  /** The fault `queue` is over. */
  isReady: boolean
}

/** How a job ended, as GET /history tells it. */
interface Entry {
  readonly prompt: readonly unknown[]
  readonly outputs: Outputs
  readonly status: {
    readonly status_str: 'success' | 'error'
    readonly completed: boolean
    readonly messages: readonly (readonly [event: string, data: object])[]
  }
}

interface MachineOptions {
  readonly latencyMs: number
  readonly bill: Bill
  readonly now: () => number
  readonly store: Store
  /** To the client that queued the job. */
  send(clientId: string, event: string, data: object): void
  sendPreview(clientId: string, picture: Buffer): void
}

/** Ended jobs remembered. */
const ENTRIES_KEPT = 1_000

/** One GPU: jobs run one after the other, the lowest number first, whether or not anybody asks for them. */
export function makeMachine({ latencyMs, bill, now, store, send, sendPreview }: MachineOptions) {
  const runGraph = makeRunner({ latencyMs, store, send, sendPreview })
  let jobs: readonly Job[] = []
  let counter = 0
  const history = new Map<string, Entry>()

  function pump(): void {
    if (jobs.some(({ isRunning }) => isRunning)) return
    const [next] = jobs.filter(({ isReady }) => isReady).toSorted((a, b) => a.number - b.number)
    if (next === undefined) return
    next.isRunning = true
    void run(next)
  }

  async function becomeReady(job: Job, waitMs: number): Promise<void> {
    await sleep(waitMs, undefined, { ref: false })
    job.isReady = true
    pump()
  }

  async function run(job: Job): Promise<void> {
    const { id, clientId } = job
    const messages: [string, object][] = []
    const say = (event: string, data: object) => {
      messages.push([event, { prompt_id: id, ...data, timestamp: now() }])
      send(clientId, event, { prompt_id: id, ...data })
    }
    say('execution_start', {})
    const ended = await runGraph(job, say)
    const isGood = ended.event === 'execution_success'
    if (isGood)
      for (const [node, output] of Object.entries(ended.outputs))
        send(clientId, 'executed', { node, output, prompt_id: id })
    say(ended.event, ended.data)
    const status = { status_str: isGood ? 'success' : 'error', completed: isGood, messages } as const
    jobs = jobs.filter((other) => other !== job)
    history.set(id, { prompt: itemOf(job), outputs: ended.outputs, status })
    for (const oldest of history.keys()) {
      if (history.size <= ENTRIES_KEPT) break
      history.delete(oldest)
    }
    const noted = record(job, ended)
    if (ended.delivered === undefined) noted(true)
    else ended.delivered(noted)
    // What says that it is over comes last.
    send(clientId, 'executing', { node: null, prompt_id: id })
    pump()
  }

  function record(
    { graph, faults, headerNames, extraData }: Job,
    { outcome, event, made }: Pick<Ended, 'outcome' | 'event' | 'made'>,
  ): (complete: boolean) => void {
    return bill.record({
      simulator: 'comfyui',
      method: 'prompt',
      model: modelOf(graph),
      tier: null,
      images: made.length,
      ...(made.length > 0 && { pictures: made }),
      tokens: null,
      outcome,
      status: event === 'execution_interrupted' ? null : 200,
      billed_nanos: '0',
      faults,
      header_names: headerNames,
      request_complete: true,
      request: { prompt: graph, extra_data: extraData },
    })
  }

  return {
    /** Its place in the order of all jobs. */
    queue(submission: Submission): number {
      const { faults, isFirst } = submission
      counter += 1
      const waitMs = amount(faults, 'queue') ?? 0
      const number = isFirst ? -counter : counter
      const interruption = new AbortController()
      const job: Job = { ...submission, number, interruption, isRunning: false, isReady: false }
      jobs = [...jobs, job]
      void becomeReady(job, waitMs)
      return number
    },
    knows: (id: string): boolean => history.has(id) || jobs.some((job) => job.id === id),
    listed: () => ({
      queue_running: jobs.filter(({ isRunning }) => isRunning).map(itemOf),
      queue_pending: jobs.filter(({ isRunning }) => !isRunning).map(itemOf),
    }),
    remaining: (): number => jobs.length,
    entry: (id: string) => history.get(id),
    /** Those of the named ones that wait; all that wait when none is named. */
    remove(ids: readonly unknown[] | undefined): void {
      for (const job of jobs.filter(({ id, isRunning }) => !isRunning && (ids?.includes(id) ?? true))) {
        record(job, { outcome: 'incomplete', event: 'execution_interrupted', made: [] })(true)
        jobs = jobs.filter((other) => other !== job)
      }
    },
    /** One job if it runs; whatever runs when none is named. */
    interrupt(id: unknown): void {
      for (const job of jobs) if (job.isRunning && (id === undefined || job.id === id)) job.interruption.abort()
    },
    forget(ids: readonly unknown[]): void {
      for (const id of ids) history.delete(String(id))
    },
  }
}

export type Machine = ReturnType<typeof makeMachine>

/** As the queue and the history have it: `[number, id, graph, extra_data, outputs]`. */
function itemOf({ number, id, graph, extraData, clientId }: Job): readonly unknown[] {
  return [number, id, graph, { ...extraData, client_id: clientId }, outputsOf(graph)]
}

function modelOf(graph: Graph): string {
  const named = Object.values(graph).flatMap(({ inputs }) => [inputs['ckpt_name'], inputs['unet_name']])
  return named.find((name) => typeof name === 'string') ?? 'none'
}
