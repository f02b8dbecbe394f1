import { randomUUID } from 'node:crypto'

import type { Faults } from '../faults.ts'
import type { Job as QueuedJob } from '../jobs.ts'
import type { Job } from './check.ts'
import { REFUSALS, type Trouble } from './errors.ts'
import type { Way } from './models.ts'

/** What a task has come to. */
export interface Task {
  /** Of the files. */
  readonly names: readonly string[]
  readonly refused: number
  readonly way: Way
  readonly faults: Faults
  readonly trouble?: Trouble
}

/** The answer of a model that makes its pictures while the caller waits: all of them in one choice. */
export function atOnceBody({ model, prompt, width, height }: Job, faults: Faults, places: readonly string[]): object {
  const content = [...places.map((image) => ({ image })), ...(model.speaks ? [{ text: `${prompt}, in detail` }] : [])]
  const choices = places.length === 0 ? [] : [{ finish_reason: 'stop', message: { role: 'assistant', content } }]
  return {
    output: faults['no-image']?.endsWith('missing') ? {} : { choices },
    ...usage(faults, { image_count: places.length, width, height }),
    request_id: randomUUID(),
  }
}

const STATES = { queued: 'PENDING', running: 'RUNNING', done: 'SUCCEEDED', cancelled: 'CANCELED' } as const

/** A task as it stands; a failed one is told with 200 like any other. */
export function taskBody(
  id: string,
  job: QueuedJob<Task> | undefined,
  placeOf: (name: string) => string,
): Readonly<Record<string, unknown>> {
  const known = { request_id: randomUUID() }
  if (job === undefined) return { ...known, output: { task_id: id, task_status: 'UNKNOWN' } }
  const { state, result } = job
  if (result === undefined) return { ...known, output: { task_id: id, task_status: STATES[state] } }
  const { names, trouble, faults } = result
  if (trouble !== undefined) {
    const { code, message } = trouble
    return { ...known, output: { task_id: id, task_status: 'FAILED', code, message } }
  }
  return {
    ...known,
    output: { task_id: id, task_status: STATES[state], ...outcomeOf(result, names.map(placeOf)) },
    ...usage(faults, { image_count: names.length }),
  }
}

function outcomeOf({ way, refused, faults, names }: Task, places: readonly string[]): object {
  if (faults['no-image']?.endsWith('missing')) return {}
  if (way === 'image-generation') {
    const choices = places.map((image) => ({
      finish_reason: 'stop',
      message: { role: 'assistant', content: [{ type: 'image', image }] },
    }))
    return { finished: true, choices }
  }
  const results = [...places.map((url) => ({ url })), ...Array.from({ length: refused }, () => REFUSALS['output'])]
  return {
    results,
    task_metrics: { TOTAL: names.length + refused, SUCCEEDED: names.length, FAILED: refused },
  }
}

function usage({ 'no-usage': none, 'no-image': without }: Faults, counted: object): object {
  return none !== undefined || without?.endsWith('missing') ? {} : { usage: counted }
}
