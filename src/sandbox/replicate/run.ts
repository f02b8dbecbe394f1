import { type Faults, withoutFaults } from '../faults.ts'
import { sha256 } from '../network-faults.ts'
import { paint } from '../painter.ts'
import { damaged } from '../picture-faults.ts'
import type { Task } from './check.ts'

/** How a prediction ended. */
export interface Ended {
  readonly status: 'succeeded' | 'failed'
  readonly pictures: readonly Buffer[]
  readonly error: string | null
}

/** What models say of a prompt that they do not want, by the fault's word for it. */
const REFUSALS: Readonly<Record<string, string>> = {
  nsfw: 'NSFW content detected. Try running it again, or try a different prompt.',
  e005: 'The input or output was flagged as sensitive. Please try again with different inputs. (E005) (sQ8vX2)',
}

/** Runs a prediction, or has it end as the faults ask for. */
export async function run(task: Task, faults: Faults): Promise<Ended> {
  const failed = { status: 'failed', pictures: [] } as const
  if (faults['run-status'] !== undefined) {
    return { ...failed, error: `Prediction failed: the worker answered ${faults['run-status']}; E1001` }
  }
  if (faults.refusal !== undefined) return { ...failed, error: REFUSALS[faults.refusal] ?? faults.refusal }
  if (faults['no-image'] !== undefined) return { status: 'succeeded', pictures: [], error: null }
  const painted = Array.from({ length: task.count }, (_, index) => paintOne(task, index, faults))
  return { status: 'succeeded', pictures: await Promise.all(painted), error: null }
}

async function paintOne(
  { fields, prompt, pictures, mask, ...task }: Task,
  index: number,
  faults: Faults,
): Promise<Buffer> {
  const half = 'wrong-size' in faults ? 2 : 1
  const { prompt: _, ...steering } = fields
  const painted = await paint({
    prompt: withoutFaults(prompt),
    seed: JSON.stringify([index, steering, mask && sha256(mask.bytes)], withoutPictures),
    width: Math.max(1, Math.floor(task.width / half)),
    height: Math.max(1, Math.floor(task.height / half)),
    format: task.format,
    references: pictures.map(({ bytes }) => bytes),
  })
  return damaged(painted, faults)
}

function withoutPictures(_: string, value: unknown): unknown {
  return typeof value === 'string' && value.startsWith('data:') ? undefined : value
}
