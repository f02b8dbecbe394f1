import type { IncomingMessage, ServerResponse } from 'node:http'
import { amount } from '../faults.ts'
import { receiveCall } from '../paid-call.ts'
import type { SimulatorOptions } from '../simulator.ts'
import { answerTo } from './answer.ts'
import { checkRequest } from './check.ts'
import type { Job } from './check.ts'
import { badRequest, invalidArgument, modelNotFound, refusalBody } from './errors.ts'
import type { Refusal } from './errors.ts'
import type { SimulatedModel } from './models.ts'
import { readBody } from './schema.ts'
import { documentSegments, streamSegments } from './document.ts'
import { sendJson, told } from './send.ts'
import type { Surface } from './surface.ts'
import { countUsage, priceOf, textTokens } from './usage.ts'

export type Method = 'generateContent' | 'streamGenerateContent' | 'countTokens'

export interface GenerateCall extends SimulatorOptions {
  readonly surface: Surface
  readonly method: Method
  readonly modelId: string
  readonly model: SimulatedModel | undefined
  readonly sse: boolean
  /** Known before the body: a bad key, a missing model. */
  readonly refusal: Refusal | undefined
}

/** Inline requests of 100 MB, base64 included. Source: https://ai.google.dev/gemini-api/docs/file-input-methods (read 2026-11-22). */
const BODY_LIMIT = 100 * 1024 * 1024
const TOO_LARGE = `Request payload size exceeds the limit: ${BODY_LIMIT} bytes. Please use the File API to upload your files instead of passing directly as inline data.`

/** One generation: checked, painted, billed, sent. Counting tokens takes no time and costs nothing. */
export async function answerGenerate(
  request: IncomingMessage,
  response: ServerResponse,
  options: GenerateCall,
): Promise<void> {
  const { surface, method, modelId, sse, random } = options
  const isCount = method === 'countTokens'
  const isStream = method === 'streamGenerateContent'
  const refused = (refusal: Refusal) => told(refusal, isStream && !sse)
  const call = await receiveCall<Job>(request, response, options, {
    simulator: surface.simulator,
    method,
    model: modelId,
    limitBytes: BODY_LIMIT,
    isQueued: isCount,
    refusal: (status, retryAfter) => refused(surface.refusalFor(status, modelId, retryAfter)),
    tooLarge: refused(invalidArgument(TOO_LARGE)),
    misspelt: (says) => refused(invalidArgument(says)),
    async read({ json }) {
      const job = await accepted(json(), options)
      if ('code' in job) return refused(job)
      const nanos = priceOf(job.model, countUsage(job, 1))
      return { model: modelId, prompt: isCount ? '' : job.text, input: job, nanos, tier: job.size }
    },
  })
  if (call === undefined) return
  const { faults, input: job } = call
  if (isCount) return sendJson(response, tokensOf(job))

  const answer = await answerTo(job, faults, responseId(random))
  if ('code' in answer) return call.reject(refused(answer))
  const { outcome, pictures = [] } = answer
  // `billed=yes` bills a picture that no answer told of.
  const used = faults.billed === 'yes' && pictures.length === 0 ? countUsage(job, 1) : answer.used
  const ending = { outcome, nanos: priceOf(job.model, used), tokens: { ...used }, pictures }
  const status = amount(faults, 'stream-error')
  const failure = status === undefined ? undefined : refusalBody(surface.refusalFor(status, modelId, undefined))
  await call.answer(undefined, ending, {
    contentType: isStream && sse ? 'text/event-stream' : 'application/json; charset=UTF-8',
    segments: isStream ? streamSegments(answer, sse ? 'sse' : 'array', failure) : documentSegments(answer),
  })
}

async function accepted(json: unknown, call: GenerateCall): Promise<Job | Refusal> {
  if (call.refusal) return call.refusal
  if (!call.model) return modelNotFound(call.modelId, 'v1beta', call.method)
  if (json === undefined) {
    return badRequest([{ field: '', description: 'Invalid JSON payload received. Unexpected token.' }])
  }
  const read = readBody(json, call.method === 'countTokens' ? 'count' : 'generate', call.surface.request)
  return 'code' in read ? read : checkRequest(call.model, read, call.surface)
}

function tokensOf(job: Job): object {
  const text = textTokens(job.text)
  const image = job.pictures.length * job.model.tokensPerInput
  const details = [
    { modality: 'TEXT', tokenCount: text },
    ...(image > 0 ? [{ modality: 'IMAGE', tokenCount: image }] : []),
  ]
  return { totalTokens: text + image, promptTokensDetails: details }
}

function responseId(random: () => number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-'
  return Array.from({ length: 22 }, () => letters[Math.floor(random() * letters.length)]).join('')
}
