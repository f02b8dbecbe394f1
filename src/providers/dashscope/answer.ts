import type { PictureSource } from '../../core/blob-fields.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { type Answer, unusableAnswer } from '../failure.ts'
import type { Upstream } from '../http.ts'
import type { Poll } from '../poll.ts'
import type { Call, Generated, GeneratedImage, UpstreamFailure } from '../provider.ts'
import { errorFailure, failedTask } from './errors.ts'
import { placesIn, readReply, type Reply } from './wire.ts'

/**
 * Where the pictures of a call are. Words that come along are the prompt as DashScope rewrote it, which is nothing that the model
 * wanted to say, and are not handed on.
 */
export interface Outcome {
  readonly places: readonly PictureSource[]
  readonly requestId?: string
}

/** The answer of one call that waited for its pictures. */
export function readAnswer(answer: Answer, { clock }: Call): Result<Outcome, UpstreamFailure> {
  const reply = readReply(answer.value)
  // An error has been seen under 200, where it has a code and nothing else.
  if (answer.status >= 300 || (reply?.code !== undefined && reply.code !== '' && placesIn(reply).length === 0)) {
    return err(errorFailure(answer, clock))
  }
  return outcomeOf(answer, reply)
}

/** The id under which a task is asked after. */
export function readSubmission(answer: Answer, { clock }: Call): Result<string, UpstreamFailure> {
  if (answer.status >= 300) return err(errorFailure(answer, clock))
  const taskId = readReply(answer.value)?.output?.task_id
  return taskId === undefined || taskId === ''
    ? err(unusableAnswer(answer.status, 'it does not say under which id', answer.raw))
    : ok(taskId)
}

/** How a task stands. An unknown status counts as still running, until the deadline. */
export function readTask(answer: Answer, { clock, progress }: Call): Result<Poll<Outcome>, UpstreamFailure> {
  if (answer.status >= 300) return err(errorFailure(answer, clock))
  const reply = readReply(answer.value)
  const { task_status: status = '', code, message } = reply?.output ?? {}
  switch (status) {
    case 'SUCCEEDED': {
      const outcome = outcomeOf(answer, reply)
      return ok(outcome.ok ? { is: 'done', value: outcome.value } : { is: 'over', failure: outcome.error, sure: true })
    }
    case 'FAILED':
      return ok({ is: 'over', failure: failedTask(answer, code, message), sure: true })
    case 'CANCELED':
      return ok({ is: 'over', failure: failedTask(answer, 'Canceled', 'The task was cancelled.'), sure: true })
    case 'UNKNOWN':
      return ok({ is: 'over', failure: unknownTask(answer), sure: false })
    case 'PENDING':
      progress({ type: 'status', message: 'Waiting in the queue.' })
      return ok({ is: 'waiting' })
    default:
      progress({ type: 'status', message: 'The picture is being made.' })
      return ok({ is: 'waiting' })
  }
}

/** Tasks are kept for a day; what became of one before that nobody can tell any more. */
function unknownTask({ status, raw }: Answer): UpstreamFailure {
  return { kind: 'unavailable', billed: 'unknown', status, raw, message: 'DashScope does not know the task.' }
}

/** Some pictures of several may be missing: the others are worth having, and only they are charged. */
function outcomeOf(answer: Answer, reply: Reply | undefined): Result<Outcome, UpstreamFailure> {
  const places = reply === undefined ? [] : placesIn(reply)
  const requestId = reply?.request_id
  if (places.length > 0) return ok({ places, ...(requestId !== undefined && { requestId }) })
  const failed = reply?.output?.results.find(({ code }) => code !== undefined)
  if (failed !== undefined) return err(failedTask(answer, failed.code, failed.message))
  const { status, raw } = answer
  const isFree = reply?.usage?.image_count === 0
  return err({
    kind: 'no_image',
    billed: isFree ? 'no' : 'yes',
    status,
    raw,
    message: 'DashScope answered without a picture.',
  })
}

/** Fetches every picture at once: the addresses are good for a day. Those that can be had are handed over. */
export async function fetchPictures(
  upstream: Upstream,
  call: Call,
  { places }: Outcome,
): Promise<Result<Pick<Generated, 'images'>, UpstreamFailure>> {
  const fetched = await Promise.all(places.map((place) => pictureAt(upstream, call, place)))
  const images = fetched.flatMap((picture) => (picture.ok ? [picture.value] : []))
  const missed = fetched.find((picture) => !picture.ok)
  return images.length === 0 && missed !== undefined ? missed : ok({ images })
}

async function pictureAt(
  upstream: Upstream,
  call: Call,
  place: PictureSource,
): Promise<Result<GeneratedImage, UpstreamFailure>> {
  if (place.type === 'inline') return ok({ blob: place.blob })
  const blob = await upstream.download(call, place.url)
  return blob.ok ? ok({ blob: blob.value }) : blob
}
