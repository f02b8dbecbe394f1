import type { IncomingMessage, ServerResponse } from 'node:http'
import { amount } from '../faults.ts'
import { type PaidCall, receiveCall, type Received, type Understood } from '../paid-call.ts'
import { isRefusal, type Refusal, type SimulatorOptions } from '../simulator.ts'
import { answerTo } from './answer.ts'
import type { Answer, Api } from './answer.ts'
import { checkChat, checkImages } from './check.ts'
import type { Job } from './check.ts'
import { chatDocument, chatStream, imagesDocument } from './document.ts'
import type { Ends } from './document.ts'
import { invalidRequest, keyRefusal, modelNotFound, refusalFor } from './errors.ts'
import type { SimulatedModel } from './model.ts'
import { readChatBody, readImagesBody } from './schema.ts'
import { costOf, countCall } from './usage.ts'

export interface GenerateCall extends SimulatorOptions {
  readonly api: Api
  readonly models: readonly SimulatedModel[]
}

interface Asked {
  readonly job: Job
  readonly isStream: boolean
}

/** 30 MB of pictures have been seen to be the limit; base64 makes 40 of them. */
const BODY_LIMIT = 40 * 1024 * 1024

/** One generation: checked, painted, billed, sent. */
export async function answerGenerate(
  request: IncomingMessage,
  response: ServerResponse,
  options: GenerateCall,
): Promise<void> {
  const id = generationId(options)
  response.setHeader('x-generation-id', id)
  const call = await receiveCall(request, response, options, {
    simulator: 'openrouter',
    method: options.api,
    limitBytes: BODY_LIMIT,
    refusal: (status) => refusalFor(status),
    misspelt: invalidRequest,
    read: (received) => understood(received, options),
  })
  if (call === undefined) return
  const { faults, input } = call
  const answer = await answerTo(input.job, faults, options.api)
  if (isRefusal(answer)) return call.reject(answer, answer.status === 403 ? 'blocked' : 'rejected')
  await deliver(call, answer, { id, created: Math.floor(options.now() / 1000) }, options.api)
}

async function understood(
  { headers, json }: Received,
  { api, models }: GenerateCall,
): Promise<Understood<Asked> | Refusal> {
  const refusal = keyRefusal(headers.authorization)
  if (refusal) return refusal
  const sent = json()
  if (sent === undefined) return invalidRequest('Invalid JSON body')
  const body = api === 'images' ? readImagesBody(sent) : readChatBody(sent)
  if (isRefusal(body)) return body
  const model = models.find(({ id }) => id === body.model)
  if (model === undefined) return modelNotFound(body.model)
  const job = await ('messages' in body ? checkChat(model, body) : checkImages(model, body))
  if (isRefusal(job)) return job
  // The Images API passes `stream` over where the host sends no previews, and none of these hosts does.
  const isStream = 'messages' in body && body.stream === true
  return {
    model: model.id,
    prompt: job.text,
    input: { job, isStream },
    nanos: costOf(countCall(job, 1)),
    tier: job.tier,
  }
}

async function deliver(call: PaidCall<Asked>, answer: Answer, ends: Ends, api: Api): Promise<void> {
  const { faults, input } = call
  const { job, isStream } = input
  // `billed=yes` bills a picture that no answer told of.
  const used = faults.billed === 'yes' && answer.pictures.length === 0 ? countCall(job, 1) : answer.used
  const { costIn: _in, costOut: _out, ...tokens } = used
  const pictures = answer.pictures.map(({ bytes }) => bytes)
  const ending = { outcome: answer.outcome, nanos: costOf(used), tokens, pictures }
  if (isStream) {
    const status = amount(faults, 'stream-error')
    // In a stream the code has to be a number and the metadata to name a type.
    const error = status === undefined ? undefined : refusalFor(status).body.error
    const segments = chatStream(answer, job, faults, ends, error)
    return await call.answer(undefined, ending, { contentType: 'text/event-stream', segments })
  }
  const document = api === 'images' ? imagesDocument(answer, faults, ends) : chatDocument(answer, job, faults, ends)
  await call.answer(document, ending)
}

function generationId({ now, random }: SimulatorOptions): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  const tail = Array.from({ length: 20 }, () => letters[Math.floor(random() * letters.length)]).join('')
  return `gen-${Math.floor(now() / 1000)}-${tail}`
}
