import type { IncomingMessage, ServerResponse } from 'node:http'

import { amount, type Faults, readFaults, withoutFaults } from '../faults.ts'
import { receive } from '../network-faults.ts'
import { paint } from '../painter.ts'
import { receiveCall, type Received, type Understood } from '../paid-call.ts'
import { base64Form, damaged } from '../picture-faults.ts'
import { PictureText } from '../picture-json.ts'
import { type Handler, isRefusal, type Refusal, sendJson, sendRefusal, type SimulatorOptions } from '../simulator.ts'
import { CHECKPOINTS } from './checkpoints.ts'
import { checkFields, complaint, exception, outOfMemory } from './fields.ts'
import { type Job, toJob } from './job.ts'
import { makeMachine } from './machine.ts'

const BODY_LIMIT = 256 * 1024 * 1024

/**
 * One machine with AUTOMATIC1111's web UI, started with `--api`: pictures from words and from pictures, progress by task and of the
 * machine, interrupting, the list of checkpoints. It lets in whoever says nothing, and anybody but users named `invalid`, `locked` or
 * `empty`. Not simulated: extensions, scripts, upscaling, settings.
 * Source: modules/api/api.py and modules/progress.py of https://github.com/AUTOMATIC1111/stable-diffusion-webui (read 2026-11-22).
 */
export function automatic1111Simulator({ bill, latencyMs, random, now }: SimulatorOptions): Handler {
  const machine = makeMachine({ now })

  /** Questions that cost nothing, and the one order. */
  const ASKED: Readonly<Record<string, (query: URLSearchParams) => unknown>> = {
    'GET /sdapi/v1/progress': (query) => machine.progress(query.get('skip_current_image') === 'true'),
    'GET /sdapi/v1/sd-models': () => CHECKPOINTS,
    'POST /sdapi/v1/interrupt'() {
      machine.interrupt()
      return {}
    },
  }

  return async (request, response, path) => {
    const { pathname, searchParams } = new URL(path, 'http://sandbox')
    const route = `${request.method} ${pathname}`
    if (route === 'POST /sdapi/v1/txt2img') return await make(request, response, 'txt2img')
    if (route === 'POST /sdapi/v1/img2img') return await make(request, response, 'img2img')
    // The web UI's own route is not behind the API's door.
    if (route === 'POST /internal/progress') return await tellTask(request, response)
    const answer = ASKED[route]
    if (answer === undefined) return sendRefusal(response, { status: 404, body: { detail: 'Not Found' } })
    const refusal = authRefusal(request.headers.authorization)
    if (refusal) return sendRefusal(response, refusal)
    sendJson(response, await answer(searchParams))
  }

  async function make(
    request: IncomingMessage,
    response: ServerResponse,
    method: 'txt2img' | 'img2img',
  ): Promise<void> {
    let turn: Awaited<ReturnType<typeof machine.turn>> | undefined
    try {
      const call = await receiveCall<Job>(
        request,
        response,
        { bill, latencyMs },
        {
          simulator: 'automatic1111',
          method,
          limitBytes: BODY_LIMIT,
          refusal: refusalFor,
          async read(received) {
            const understood = await read(received, method)
            // The lock comes before the work; how long that takes is asked for in the prompt.
            if (!isRefusal(understood)) turn = await machine.turn(understood.input, totalOf(understood.prompt))
            return understood
          },
        },
      )
      if (call === undefined) return
      const { input: job, faults } = call
      if (faults.refusal !== undefined) {
        return call.reject(exception(400, 'The web UI refuses nothing for what it shows.'))
      }
      const pictures = await Promise.all(Array.from({ length: job.count }, (_, index) => paintOne(job, index, faults)))
      const missing = faults['no-image']
      const made = missing === undefined ? pictures : []
      await call.answer(answerOf(job, made, faults), {
        outcome: missing === undefined ? 'answered' : 'blocked',
        pictures: made,
      })
      if (faults.hang !== undefined) await turn?.interruption
    } finally {
      turn?.end()
    }
  }

  async function read({ headers, json }: Received, method: 'txt2img' | 'img2img'): Promise<Understood<Job> | Refusal> {
    const refusal = authRefusal(headers.authorization)
    if (refusal) return refusal
    const fields = checkFields(method, json())
    if (isRefusal(fields)) return fields
    const job = await toJob(method, fields, random)
    return isRefusal(job) ? job : { model: job.checkpoint.model_name, prompt: job.prompt, input: job, nanos: 0n }
  }

  function totalOf(prompt: string): number {
    const faults = readFaults(undefined, prompt)
    return latencyMs + (typeof faults === 'string' ? 0 : (amount(faults, 'delay') ?? 0))
  }

  async function tellTask(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await receive(request, {}, 1024 * 1024)
    const { id_task: id, id_live_preview: seen = -1, live_preview: wants = true, ...rest } = parsed(body)
    if (
      typeof id !== 'string' ||
      typeof seen !== 'number' ||
      typeof wants !== 'boolean' ||
      Object.keys(rest).length > 0
    )
      return sendRefusal(response, complaint(['body'], 'field required', 'value_error.missing'))
    sendJson(response, await machine.taskProgress(id, seen, wants))
  }
}

async function paintOne(job: Job, index: number, faults: Faults): Promise<Buffer> {
  const half = 'wrong-size' in faults ? 2 : 1
  const painted = await paint({
    prompt: withoutFaults(job.prompt),
    seed: `${job.fingerprint}${job.seed + index}`,
    width: Math.max(1, Math.floor(job.width / half)),
    height: Math.max(1, Math.floor(job.height / half)),
    format: 'wrong-mime' in faults ? 'jpeg' : 'png',
    references: job.references,
  })
  return damaged(painted, faults)
}

function answerOf(job: Job, pictures: readonly Buffer[], faults: Faults): object {
  const { prompt, seed, width, height, checkpoint, count } = job
  const info = {
    prompt,
    seed,
    all_seeds: Array.from({ length: count }, (_, index) => seed + index),
    width,
    height,
    sd_model_name: checkpoint.model_name,
    sd_model_hash: checkpoint.hash,
    infotexts: [`${prompt}\nSteps: 20, Seed: ${seed}, Size: ${width}x${height}, Model: ${checkpoint.model_name}`],
  }
  const images = pictures.map((bytes) => new PictureText(bytes, base64Form(faults)))
  const isMissing = faults['no-image']?.endsWith('missing') === true
  return { images: isMissing ? null : images, parameters: { prompt, width, height }, info: JSON.stringify(info) }
}

/** HTTP Basic, where it is said at all. */
function authRefusal(authorization: string | undefined): Refusal | undefined {
  if (authorization === undefined) return undefined
  const [, encoded] = /^Basic (\S+)$/u.exec(authorization) ?? []
  const credential = encoded === undefined ? 'invalid' : Buffer.from(encoded, 'base64').toString('utf8')
  return /invalid|locked|empty/u.test(credential) ? exception(401, 'Incorrect username or password') : undefined
}

/** 429 and 503 are a proxy's. */
function refusalFor(status: number): Refusal {
  if (status === 500) return outOfMemory()
  if (status === 422) return complaint(['body', 'prompt'], 'str type expected', 'type_error.str')
  return status === 400 ? exception(400, 'Sampler not found') : { status, body: { detail: `Status ${status}` } }
}

function parsed(body: Buffer | string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}
