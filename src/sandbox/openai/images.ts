import type { IncomingMessage, ServerResponse } from 'node:http'

import { amount } from '../faults.ts'
import { type PaidCall, receiveCall } from '../paid-call.ts'
import type { Refusal, SimulatorOptions } from '../simulator.ts'
import { imagesDocument, imagesStream } from './document.ts'
import { moderated, refusal } from './errors.ts'
import { type Find, type Job, readJob } from './job.ts'
import { pictureOf, previewOf } from './pictures.ts'

/** One of the two operations, behind one of the two doors. */
export interface Door {
  readonly simulator: 'openai' | 'azure'
  readonly operation: Job['operation']
  /** Why nobody gets in with this request. */
  readonly closed: Refusal | undefined
  readonly find: Find
  /** The deployment in the path. */
  readonly named?: string
  /** Shapes of refusals that this door alone knows, by the names of faults. */
  readonly refusals: Readonly<Record<string, Refused>>
  refusalFor(status: number): Refusal
}

/** Sixteen pictures of 50 MB would fit; nobody sends as much. */
const BODY_LIMIT = 200 * 1024 * 1024

/** Words that moderation does not let pass, unless it was asked to be mild. */
const GORE = /\bgore\b/iu

/** Faults of providers with drafts, thoughts, a queue or addresses. */
const ELSEWHERE = ['drafts', 'thought-image', 'queue', 'run-status', 'delivery-gone'] as const

/** Makes pictures, or what the faults make of it. */
export async function answerImages(
  request: IncomingMessage,
  response: ServerResponse,
  options: SimulatorOptions,
  door: Door,
): Promise<void> {
  const { simulator, operation, closed, find, named, refusalFor } = door
  response.setHeader('x-request-id', `req_${Math.floor(options.random() * 2 ** 32).toString(16)}`)
  const call = await receiveCall<Job>(request, response, options, {
    simulator,
    method: `images/${operation}`,
    limitBytes: BODY_LIMIT,
    read: async (received) => closed ?? (await readJob(received, operation, find, named)),
    refusal: refusalFor,
  })
  if (call === undefined) return
  const { faults, input: job } = call
  const strange = ELSEWHERE.find((name) => name in faults)
  if (strange !== undefined) {
    return call.reject(refusal(400, `OpenAI has nothing that the fault "${strange}" could happen to.`))
  }
  const refused = refusalOf(call, door)
  if (refused !== undefined) return await refuse(call, refused)
  await deliver(call, job, Math.floor(options.now() / 1000), door)
}

export interface Refused {
  readonly refusal: Refusal
  /** Whether the picture was made before it was withheld. */
  readonly isMade: boolean
}

function refusalOf({ faults, input: job }: PaidCall<Job>, { refusals }: Door): Refused | undefined {
  const isGory = job.moderation === 'auto' && GORE.test(job.prompt)
  if (isGory) return { refusal: moderated('input', 'violence'), isMade: false }
  if (faults.refusal === undefined) return undefined
  const [shape = '', stage = 'input', category = 'violence'] = faults.refusal.split(':')
  if (shape === 'moderation' && (stage === 'input' || stage === 'output')) {
    return { refusal: moderated(stage, category), isMade: stage === 'output' }
  }
  const found = refusals[shape]
  if (found !== undefined) return found
  const known = ['moderation:input', 'moderation:output', ...Object.keys(refusals)].join(', ')
  const message = `The sandbox has no refusal "${faults.refusal}". There are: ${known}.`
  return { refusal: refusal(400, message), isMade: false }
}

/** A picture that was made and withheld has taken its tokens; in a stream it is told after the first preview. */
async function refuse(call: PaidCall<Job>, { refusal: refused, isMade }: Refused): Promise<void> {
  const { input: job, faults, nanos } = call
  if (!isMade) return call.reject(refused, 'blocked')
  const ending = { outcome: 'blocked', nanos } as const
  if (!job.isStream) return await call.answer(refused.body, { ...ending, status: refused.status })
  const made = await pictureOf(job, faults, 0)
  const previews = await previewsOf(job, made)
  await stream(call, [made], previews, errorIn(refused), ending)
}

async function deliver(call: PaidCall<Job>, job: Job, created: number, { refusalFor }: Door): Promise<void> {
  const { faults } = call
  const count = faults['no-image'] === undefined ? job.n : 0
  const pictures = await Promise.all(Array.from({ length: count }, (_, index) => pictureOf(job, faults, index)))
  if (!job.isStream) {
    return await call.answer(imagesDocument(job, pictures, faults, created), { outcome: 'answered', pictures })
  }
  const previews = await previewsOf(job, pictures[0])
  const status = amount(faults, 'stream-error')
  if (status !== undefined) {
    return await stream(call, pictures, previews, errorIn(refusalFor(status)), { outcome: 'failed', nanos: 0n })
  }
  await stream(call, pictures, previews, undefined, { outcome: 'answered' }, created)
}

async function previewsOf(job: Job, picture: Buffer | undefined): Promise<readonly Buffer[]> {
  if (picture === undefined) return []
  return await Promise.all(Array.from({ length: job.previews }, (_, index) => previewOf(picture, job, index)))
}

async function stream(
  call: PaidCall<Job>,
  pictures: readonly Buffer[],
  previews: readonly Buffer[],
  error: unknown,
  ending: { readonly outcome: 'answered' | 'blocked' | 'failed'; readonly nanos?: bigint },
  created = 0,
): Promise<void> {
  const segments = imagesStream(call.input, pictures, previews, call.faults, { created, error })
  const isWhole = error === undefined
  await call.answer(
    undefined,
    { ...ending, ...(isWhole && { pictures }) },
    { contentType: 'text/event-stream', segments },
  )
}

function errorIn({ body }: Refusal): unknown {
  return typeof body === 'object' && body !== null && 'error' in body ? body.error : body
}
