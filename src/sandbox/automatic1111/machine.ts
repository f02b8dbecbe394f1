import sharp from 'sharp'

import { withoutFaults } from '../faults.ts'
import { paint } from '../painter.ts'
import type { Job } from './job.ts'

interface Running {
  readonly job: Job
  readonly startedAt: number
  readonly totalMs: number
  /** Resolves when somebody interrupts it. */
  readonly interruption: Promise<void>
  interrupt(): void
}

const STEPS = 20
const PREVIEW_SIDE = 64
const FINISHED_REMEMBERED = 16

export type Machine = ReturnType<typeof makeMachine>

/** One GPU behind the program's lock: whoever comes second waits with its socket open. */
export function makeMachine({ now }: { readonly now: () => number }) {
  let running: Running | undefined
  let turns: Promise<void> = Promise.resolve()
  const pending = new Set<string>()
  const finished: string[] = []

  function progressOf({ startedAt, totalMs }: Running): number {
    return totalMs === 0 ? 0.5 : Math.min(0.95, (now() - startedAt) / totalMs)
  }

  return {
    /** Waits for the lock. The picture takes `totalMs`; the function returned gives the lock back. */
    async turn(job: Job, totalMs: number): Promise<{ readonly interruption: Promise<void>; end(): void }> {
      pending.add(job.taskId)
      const before = turns
      const { promise, resolve } = Promise.withResolvers<void>()
      turns = promise
      await before
      pending.delete(job.taskId)
      const stop = Promise.withResolvers<void>()
      running = { job, startedAt: now(), totalMs, interruption: stop.promise, interrupt: stop.resolve }
      return {
        interruption: stop.promise,
        end() {
          running = undefined
          finished.push(job.taskId)
          if (finished.length > FINISHED_REMEMBERED) finished.shift()
          resolve()
        },
      }
    },
    /** Whatever runs; nobody is asked whose it is. */
    interrupt: (): void => running?.interrupt(),

    /** POST /internal/progress: one task by its name. */
    async taskProgress(id: unknown, seen: unknown, wantsPreview: boolean): Promise<object> {
      const isActive = running !== undefined && running.job.taskId === id
      const base = { active: isActive, queued: pending.has(String(id)), completed: finished.includes(String(id)) }
      if (running === undefined || !isActive) {
        return { ...base, progress: null, eta: null, live_preview: null, id_live_preview: -1, textinfo: 'Waiting...' }
      }
      const fraction = progressOf(running)
      const number = Math.floor(fraction * STEPS)
      const isNew = wantsPreview && number !== seen && number > 0
      const preview = isNew ? await previewOf(running.job, fraction) : null
      return { ...base, progress: fraction, eta: 1, live_preview: preview, id_live_preview: number, textinfo: null }
    },

    /** GET /sdapi/v1/progress: whatever runs. */
    async progress(skipsPicture: boolean): Promise<object> {
      const fraction = running === undefined ? 0 : progressOf(running)
      const picture = running === undefined || skipsPicture ? null : await previewOf(running.job, fraction)
      return {
        progress: fraction,
        eta_relative: running === undefined ? 0 : 1,
        state: {
          skipped: false,
          interrupted: false,
          job: running === undefined ? '' : 'scripts_txt2img',
          job_count: running === undefined ? 0 : 1,
          job_no: 0,
          sampling_step: Math.floor(fraction * STEPS),
          sampling_steps: running === undefined ? 0 : STEPS,
        },
        current_image: picture?.replace(/^.*,/u, '') ?? null,
        textinfo: null,
      }
    },
  }
}

/** A small JPEG as a data URI, the sharper the more was done. */
async function previewOf({ prompt, fingerprint, width, height }: Job, fraction: number): Promise<string> {
  const scale = PREVIEW_SIDE / Math.max(width, height)
  const side = (length: number) => Math.max(16, Math.round(length * scale))
  const size = { width: side(width), height: side(height) }
  const painted = await paint({ prompt: withoutFaults(prompt), seed: fingerprint, ...size, format: 'jpeg' })
  const blurred = await sharp(painted)
    .blur(0.5 + 3 * (1 - fraction))
    .jpeg()
    .toBuffer()
  return `data:image/jpeg;base64,${blurred.toString('base64')}`
}
