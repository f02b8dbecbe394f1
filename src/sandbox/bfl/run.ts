import { type Faults, withoutFaults } from '../faults.ts'
import { sha256 } from '../network-faults.ts'
import { paint } from '../painter.ts'
import { damaged } from '../picture-faults.ts'
import type { Task } from './check.ts'

/** How a task ended: what `get_result` says of it from then on. */
export interface Ended {
  readonly status: string
  readonly picture?: Buffer
  /** Whether the task is ready without what it should have. */
  readonly isBare?: boolean
  readonly details?: unknown
}

/** Runs a task, or has it end as the faults ask for. */
export async function run(task: Task, faults: Faults): Promise<Ended> {
  if (faults['run-status'] !== undefined) {
    return { status: 'Error', details: { error: `The worker failed with ${faults['run-status']}` } }
  }
  if (faults.refusal !== undefined) {
    return {
      status: faults.refusal === 'content' ? 'Content Moderated' : 'Request Moderated',
      details: { 'Moderation Reasons': ['Derivative Works Filter'] },
    }
  }
  if (faults['no-image'] !== undefined) return { status: 'Ready', isBare: true }
  return { status: 'Ready', picture: await pictureOf(task, faults) }
}

async function pictureOf({ fields, prompt, pictures, mask, format, ...size }: Task, faults: Faults): Promise<Buffer> {
  const half = 'wrong-size' in faults ? 2 : 1
  const { prompt: _, webhook_url: _url, webhook_secret: _secret, ...steering } = fields
  const painted = await paint({
    prompt: withoutFaults(prompt),
    seed: JSON.stringify({ ...steering, ...(mask && { mask: sha256(mask.bytes) }) }).slice(0, 10_000),
    width: Math.max(1, Math.floor(size.width / half)),
    height: Math.max(1, Math.floor(size.height / half)),
    format,
    references: pictures.map(({ bytes }) => bytes),
  })
  return damaged(painted, faults)
}
