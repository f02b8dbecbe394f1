import type { IncomingMessage, ServerResponse } from 'node:http'

import sharp from 'sharp'

import { type Faults, withoutFaults } from '../faults.ts'
import { makeFiles } from '../files.ts'
import { readPicture } from '../input-picture.ts'
import { paint } from '../painter.ts'
import { type PaidCall, receiveCall } from '../paid-call.ts'
import { base64Form, damaged } from '../picture-faults.ts'
import { PictureText } from '../picture-json.ts'
import { baseOf, isRefusal, sendJson, sendRefusal } from '../simulator.ts'
import type { Handler, Refusal, SimulatorOptions } from '../simulator.ts'
import { checkBody, type Job } from './check.ts'
import { creditRefusal, keyRefusal, refusalFor } from './errors.ts'

const BODY_LIMIT = 50 * 1024 * 1024

/** Taken for a prompt that its rules stop. Source: "usage guidelines violation fee", https://docs.x.ai/docs/models (read 2026-11-22). */
const FEE_NANOS = 50_000_000n

/** Ticks in a nano-dollar: 10,000,000,000 of them are a dollar. */
const TICKS = 10n

const CALLS: Readonly<Record<string, string>> = {
  '/v1/images/generations': 'images/generations',
  '/v1/images/edits': 'images/edits',
}

/**
 * xAI's REST API as far as pictures need it: generations, edits, what a key is, and the files that it hands over by address under `/files`.
 * Source: the OpenAPI document behind https://docs.x.ai/developers/rest-api-reference (read 2026-11-22). Not simulated: its chat models,
 * files by id, references by public address, batches.
 */
export function xaiSimulator(options: SimulatorOptions): Handler {
  const files = makeFiles()

  return async (request, response, path) => {
    const { pathname } = new URL(path, 'http://sandbox')
    const [, fileName] = /^\/files\/([\w-]+\.jpeg)$/u.exec(pathname) ?? []
    if (request.method === 'GET' && fileName !== undefined) return await files.deliver(request, response, fileName)
    const method = CALLS[pathname]
    if (request.method === 'POST' && method !== undefined) return await make(request, response, path, method)
    if (request.method === 'GET' && pathname === '/v1/api-key') return tellKey(request, response)
    sendRefusal(response, keyRefusal(request.headers.authorization) ?? refusalFor(404))
  }

  async function make(request: IncomingMessage, response: ServerResponse, path: string, method: string): Promise<void> {
    const isEdit = method === 'images/edits'
    const call = await receiveCall<Job>(request, response, options, {
      simulator: 'xai',
      method,
      limitBytes: BODY_LIMIT,
      refusal: (status) => refusalFor(status),
      async read({ headers, json }) {
        const { authorization } = headers
        const body = json()
        const job =
          keyRefusal(authorization) ??
          creditRefusal(authorization) ??
          (body === undefined ? refusalFor(400, 'The request body is not valid JSON.') : checkBody(body, isEdit))
        if (isRefusal(job)) return job
        if (!(await areReadable(job))) return refusalFor(400, 'The input image could not be decoded.')
        return { model: job.model.id, prompt: job.prompt, input: job, nanos: nanosOf(job), tier: job.resolution }
      },
    })
    if (call === undefined) return
    const blocked = refusalIn(call)
    if (blocked !== undefined) return refuse(response, call, blocked)
    const pictures = await Promise.all(Array.from({ length: call.input.n }, (_, index) => painted(call, index)))
    const { faults, input } = call
    const withheld = withheldIn(faults, input.n)
    const data = pictures.map((bytes, index) => {
      if (index < withheld) return { b64_json: '', url: null, respect_moderation: false }
      const shown =
        input.format === 'b64_json'
          ? { b64_json: new PictureText(bytes, base64Form(faults)), url: null }
          : { b64_json: null, url: `${baseOf(request, path)}/files/${put(bytes, faults, call.prompt, index)}` }
      const label = 'wrong-mime' in faults ? 'image/png' : 'image/jpeg'
      return { ...shown, mime_type: label, revised_prompt: withoutFaults(call.prompt), respect_moderation: true }
    })
    const usage = 'no-usage' in faults ? {} : { usage: usageOf(call.nanos) }
    const gone = faults['no-image']
    const document =
      gone === undefined ? { data, ...usage } : { ...(gone.endsWith('missing') ? {} : { data: [] }), ...usage }
    await call.answer(document, {
      outcome: 'answered',
      pictures: gone === undefined ? pictures.slice(withheld) : [],
    })
  }

  function put(bytes: Buffer, faults: Faults, prompt: string, index: number): string {
    const name = `${Buffer.from(prompt).toString('hex').slice(0, 24)}-${Math.floor(options.random() * 1e9)}-${index}.jpeg`
    return files.put({ name, type: 'image/jpeg', bytes, faults })
  }
}

/** A key tells of itself whether or not its team has credit. */
function tellKey({ headers }: IncomingMessage, response: ServerResponse): void {
  const refusal = keyRefusal(headers.authorization)
  const isBlocked = headers.authorization?.includes('blocked') === true
  if (refusal && !isBlocked) return sendRefusal(response, refusal)
  const key = {
    redacted_api_key: 'xai-...b14o',
    user_id: '00000000-0000-0000-0000-000000000001',
    name: 'sandbox',
    create_time: '2026-11-22T00:00:00Z',
    modify_time: '2026-11-22T00:00:00Z',
    modified_by: '00000000-0000-0000-0000-000000000001',
    team_id: '00000000-0000-0000-0000-000000000002',
    acls: ['api-key:model:*', 'api-key:endpoint:*'],
    api_key_id: '00000000-0000-0000-0000-000000000003',
    team_blocked: false,
    api_key_blocked: isBlocked,
    api_key_disabled: false,
  }
  sendJson(response, key)
}

async function areReadable({ references }: Job): Promise<boolean> {
  const read = await Promise.all(references.map(readPicture))
  return read.every((picture) => picture !== undefined)
}

/** Each picture made and each picture read. */
function nanosOf({ model, n, resolution, quality, references }: Job): bigint {
  const look = { resolution, quality, isEdit: references.length > 0 }
  return BigInt(n) * model.price(look) + BigInt(references.length) * model.input
}

function usageOf(nanos: bigint) {
  return { cost_in_usd_ticks: Number(nanos * TICKS) }
}

interface Blocked {
  readonly refusal: Refusal
  readonly nanos: bigint
}

/** `input`: the prompt is stopped, for a fee of which nothing is said. Anything else but a flag: the picture is made, charged, withheld. */
function refusalIn({ faults, nanos }: PaidCall<Job>): Blocked | undefined {
  const { refusal } = faults
  if (refusal === undefined || refusal === 'flag' || refusal === 'flag-one') return undefined
  if (refusal === 'input') {
    const error = 'Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_SANDBOX'
    return { refusal: refusalFor(403, error), nanos: FEE_NANOS }
  }
  const body = { code: 'imagine:content-moderated', error: 'Generated image rejected by content moderation.' }
  return { refusal: { status: 400, body: { ...body, usage: usageOf(nanos) } }, nanos }
}

function refuse(response: ServerResponse, call: PaidCall<Job>, { refusal, nanos }: Blocked): void {
  const ended = call.record({ outcome: 'blocked', status: refusal.status, nanos })
  response.once('finish', () => ended(true))
  sendRefusal(response, refusal)
}

/** How many of the pictures, from the first on, come without their bytes. */
function withheldIn({ refusal }: Faults, n: number): number {
  return refusal === 'flag' ? n : refusal === 'flag-one' ? 1 : 0
}

async function painted({ input, faults }: PaidCall<Job>, index: number): Promise<Buffer> {
  const { model, prompt, references, quality = '', user } = input
  const [width, height] = await sizeOf(input)
  const halved = 'wrong-size' in faults ? 2 : 1
  const picture = await paint({
    prompt: withoutFaults(prompt),
    seed: `${model.id} ${quality} ${user} ${index}`,
    width: Math.round(width / halved),
    height: Math.round(height / halved),
    format: 'jpeg',
    references,
  })
  return damaged(picture, faults)
}

/** About one megapixel, or four, in sides that are multiples of 16; unasked, the ratio of the first reference, or a square. */
async function sizeOf({ ratio, resolution, references }: Job): Promise<readonly [width: number, height: number]> {
  const side = resolution === '2k' ? 2048 : 1024
  const [across, down] = ratio === 'auto' ? await ratioOf(references[0]) : ratio.split(':').map(Number)
  const stretch = Math.sqrt((across ?? 1) / (down ?? 1))
  return [sixteenths(side * stretch), sixteenths(side / stretch)]
}

function sixteenths(length: number): number {
  return Math.max(16, Math.floor(length / 16) * 16)
}

async function ratioOf(reference: Buffer | undefined): Promise<readonly number[]> {
  if (reference === undefined) return [1, 1]
  const { width, height } = await sharp(reference).metadata()
  return [width, height]
}
