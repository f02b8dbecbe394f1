import { amount, type Faults, withoutFaults } from '../faults.ts'
import { paint } from '../painter.ts'
import { damaged } from '../picture-faults.ts'
import type { Job } from './check.ts'
import { REFUSALS, type Trouble, troubleFor } from './errors.ts'

/** What became of a request. */
export interface Made {
  readonly pictures: readonly Buffer[]
  /** Pictures that were refused one by one. */
  readonly refused: number
  readonly nanos: bigint
}

/** Why nothing was made, and under which status that is told where it is told at once. */
export interface NotMade extends Trouble {
  readonly status: number
}

/** Paints what is asked for, or ends as the faults want it. */
export async function make(job: Job, faults: Faults, nanos: bigint): Promise<Made | NotMade> {
  const status = amount(faults, 'run-status')
  if (status !== undefined) return { status, ...troubleFor(status) }
  const refusal = faults.refusal === undefined ? undefined : REFUSALS[faults.refusal]
  if (refusal) return { status: 400, ...refusal }
  if (faults.refusal !== undefined && faults.refusal !== 'one') {
    const known = [...Object.keys(REFUSALS), 'one'].join(', ')
    return { status: 400, code: 'InvalidParameter', message: `The sandbox knows these refusals: ${known}.` }
  }
  if (faults['no-image'] !== undefined) return { pictures: [], refused: 0, nanos: 0n }
  const refused = faults.refusal === 'one' ? 1 : 0
  const wanted = Array.from({ length: job.count - refused }, (_, index) => pictureOf(job, faults, index))
  const pictures = await Promise.all(wanted)
  return { pictures, refused, nanos: (nanos * BigInt(pictures.length)) / BigInt(job.count) }
}

async function pictureOf(job: Job, faults: Faults, index: number): Promise<Buffer> {
  const part = 'wrong-size' in faults ? 2 : 1
  const { seed = '', ...steering } = job.steering
  const steered = Object.entries(steering).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const painted = await paint({
    prompt: withoutFaults(job.prompt),
    seed: `${JSON.stringify(seed)}${steered.length > 0 ? JSON.stringify(steered) : ''}${index === 0 ? '' : ` ${index + 1}`}`,
    width: Math.floor(job.width / part),
    height: Math.floor(job.height / part),
    format: 'wrong-mime' in faults ? 'jpeg' : 'png',
    references: job.pictures.map(({ bytes }) => bytes),
  })
  return damaged(painted, faults)
}
