import type { Faults } from '../faults.ts'
import { type Button, gridButtons, singleButtons } from './buttons.ts'
import type { Drawing } from './drawing.ts'

/** What has become of a task. */
export type Ending = { readonly failReason: string } | { readonly files: Files }

/** Addresses: of all pictures together, and of each where the account gives them so. */
export interface Files {
  readonly all: string | undefined
  readonly each: readonly string[] | undefined
}

/** A task as the proxy keeps it. */
export interface Task {
  readonly id: string
  readonly action: string
  readonly botType: string
  /** The prompt as it was sent. */
  readonly text: string
  /** Undefined: it will not come to that. */
  readonly drawing: Drawing | undefined
  readonly faults: Faults
  readonly submitTime: number
  /** Whether it waits for what a window is to be answered. */
  readonly isWindow: boolean
}

/** How far a task is: what the jobs know of it. */
export interface Standing {
  readonly state: 'queued' | 'running' | 'done' | 'cancelled'
  readonly fraction: number
  readonly ending: Ending | undefined
}

/** An original proxy has neither buttons nor pictures one by one. */
export type Kind = 'buttons' | 'singles' | 'original'

/** A task as it is told. Sources: docs/api.md of novicezk/midjourney-proxy, TaskInfo of trueai-org's (read 2026-11-22). */
export function documentOf(task: Task, { state, fraction, ending }: Standing, kind: Kind): object {
  const files = ending !== undefined && 'files' in ending ? ending.files : undefined
  const failReason = ending !== undefined && 'failReason' in ending ? ending.failReason : null
  const isRunning = state === 'running'
  const base = {
    id: task.id,
    action: task.action,
    status: statusOf(task, state, failReason),
    prompt: task.text,
    promptEn: task.text,
    description: `/imagine ${task.text}`,
    state: null,
    submitTime: task.submitTime,
    startTime: isRunning || ending ? task.submitTime + 1 : null,
    finishTime: ending ? task.submitTime + 2 : null,
    progress: files ? '100%' : isRunning ? `${Math.floor(fraction * 100)}%` : state === 'queued' ? '0%' : '',
    imageUrl: files?.all ?? null,
    failReason,
    properties: { finalPrompt: task.text },
  }
  if (kind === 'original') return base
  return {
    ...base,
    botType: task.botType,
    buttons: files ? buttonsOf(task) : [],
    ...(files?.each && { imageUrls: files.each.map((url) => ({ url, thumbnail: `${url}?width=320` })) }),
    version: `v ${task.drawing?.prompt.flags['v'] ?? '7'}`,
  }
}

export function buttonsOf({ id, drawing }: Task): readonly Button[] {
  return drawing?.makes === 4 ? gridButtons(`job-${id}`) : singleButtons(`job-${id}`)
}

function statusOf({ isWindow }: Task, state: Standing['state'], failReason: string | null): string {
  if (isWindow) return 'MODAL'
  if (state === 'queued') return 'NOT_START'
  if (state === 'running') return 'IN_PROGRESS'
  return failReason === null ? 'SUCCESS' : 'FAILURE'
}
