import { type Nanos, usd } from '../../core/money.ts'
import { err, ok, type Result as Either } from '../../core/result.ts'
import type { Answer } from '../failure.ts'
import type { Poll } from '../poll.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { errorFailure } from './errors.ts'
import { readResult, type Result } from './wire.ts'

/** A task that is `Ready`. */
export interface Ready {
  /** A signed address that is good for ten minutes. */
  readonly sample: string
  readonly cost: Nanos | undefined
}

/** Said of a task that is not over; how far it is, if that is told. */
export type Tell = (status: string, fraction: number | undefined) => void

/** How one question after a task is to be read. A task's own word counts under any HTTP status: they have been seen with 422. */
export function readPoll(answer: Answer, { clock }: Call, tell: Tell): Either<Poll<Ready>, UpstreamFailure> {
  const result = readResult(answer.value)
  if (result === undefined) {
    if (answer.status === 404) return ok({ is: 'over', failure: unknownTask(answer), sure: false })
    return err(errorFailure(answer, clock))
  }
  const status = result.status ?? result.state ?? ''
  const over = (failure: Partial<UpstreamFailure>): Either<Poll<Ready>, UpstreamFailure> => {
    const base = { kind: 'unavailable', billed: 'no', status: answer.status, raw: answer.raw, message: '' } as const
    return ok({ is: 'over', failure: { ...base, code: status, ...failure }, sure: true })
  }
  switch (status) {
    case 'Ready':
      return result.result?.sample === undefined
        ? over({
            kind: 'no_image',
            billed: 'yes',
            message: 'The task is ready, but has no picture.',
            ...costOf(result),
          })
        : ok({ is: 'done', value: { sample: result.result.sample, cost: costOf(result).cost } })
    case 'Request Moderated':
      return over({ kind: 'refused', message: `The request was refused by moderation${reasonOf(result)}.` })
    case 'Content Moderated':
      return over({ kind: 'refused', message: `The finished picture was refused by moderation${reasonOf(result)}.` })
    case 'Error':
    case 'Failed':
      return over({ message: `The task failed${reasonOf(result)}.` })
    case 'Task not found':
      return ok({ is: 'over', failure: unknownTask(answer), sure: false })
    default:
      // `Pending`, `Reasoning`, `Generating`, and whatever else may come to be said of a task that is not over.
      tell(status, result.progress)
      return ok({ is: 'waiting' })
  }
}

function reasonOf({ details }: Result): string {
  const reasons = [...(details?.['Moderation Reasons'] ?? []), ...(details?.error === undefined ? [] : [details.error])]
  return reasons.length === 0 ? '' : `: ${reasons.join(', ').replace(/\.$/, '')}`
}

function costOf({ cost, result }: Result): { readonly cost?: Nanos } {
  const credits = cost ?? result?.cost
  return credits === undefined ? {} : { cost: nanosOf(credits) }
}

/** A credit is one US cent. */
export function nanosOf(credits: number): Nanos {
  return usd((credits / 100).toFixed(9))
}

function unknownTask({ raw }: Answer): UpstreamFailure {
  const message = 'Black Forest Labs knows no such task, or not any more.'
  return { kind: 'unavailable', billed: 'unknown', status: 404, code: 'Task not found', message, raw }
}
