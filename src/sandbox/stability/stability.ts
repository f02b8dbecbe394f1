import type { IncomingMessage, ServerResponse } from 'node:http'
import sharp from 'sharp'
import { hashOf } from '../painting/random.ts'
import { withoutFaults } from '../faults.ts'
import { receiveCall } from '../paid-call.ts'
import type { PaidCall, Received, Understood } from '../paid-call.ts'
import { base64Form, damaged } from '../picture-faults.ts'
import { PictureText } from '../picture-json.ts'
import { isRefusal, sendRefusal } from '../simulator.ts'
import type { Handler, Refusal, SimulatorOptions } from '../simulator.ts'
import { checkForm } from './check.ts'
import type { Form } from './check.ts'
import { endpointAt } from './endpoints.ts'
import type { Endpoint } from './endpoints.ts'
import { badRequest, flagged, foreignLanguage, isWithoutCredit, keyRefusal, notFound, refusalFor } from './errors.ts'
import { makePicture } from './picture.ts'

const SERVICE = /^\/v2beta\/stable-image\/([\w-]+\/[\w-]+)$/u
/** Source: the same file: "maximum request size is 10MiB". */
const LIMIT_BYTES = 10 * 1024 * 1024
/** A credit is a cent. */
const NANOS_PER_MILLICREDIT = 10_000n

interface Asked {
  readonly endpoint: Endpoint
  readonly form: Form
}

/**
 * Stability's services as far as pictures need them, and the balance. Every body is a form; the picture comes in JSON, which has to be
 * asked for: the other answer, the bytes by themselves, is not simulated.
 * Source: its OpenAPI file, as generated into tryAGI/StabilityAI (read 2026-11-22).
 */
export function stabilitySimulator({ latencyMs, random, bill }: SimulatorOptions): Handler {
  return async (request, response, path) => {
    const { pathname } = new URL(path, 'http://sandbox')
    if (request.method === 'GET' && pathname === '/v1/user/balance') return balance(request, response)
    const [, service = ''] = SERVICE.exec(pathname) ?? []
    if (request.method !== 'POST') return sendRefusal(response, notFound())
    const call = await receiveCall<Asked>(
      request,
      response,
      { bill, latencyMs },
      {
        simulator: 'stability',
        method: service,
        limitBytes: LIMIT_BYTES,
        read: (received) => read(received, service),
        refusal: refusalFor,
      },
    )
    if (call !== undefined) await answer(call, random)
  }
}

function balance({ headers }: IncomingMessage, response: ServerResponse): void {
  const refusal = keyRefusal(headers.authorization)
  // To be told that there is nothing left costs nothing.
  if (refusal !== undefined && refusal.status !== 402) return sendRefusal(response, refusal)
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ credits: isWithoutCredit(headers.authorization) ? 0 : 742.5 }))
}

async function read(received: Received, service: string): Promise<Understood<Asked> | Refusal> {
  const { headers } = received
  const refusal = keyRefusal(headers.authorization)
  if (refusal !== undefined) return refusal
  const endpoint = endpointAt(service)
  if (endpoint === undefined) return notFound()
  if (headers['content-type']?.startsWith('multipart/form-data') !== true) {
    return badRequest('content-type: must be multipart/form-data')
  }
  if (headers.accept !== 'application/json') return badRequest('accept: the sandbox answers application/json alone')
  const data = await received.form()
  if (data === undefined) return badRequest('body: is not a form')
  const form = await checkForm(endpoint, data)
  if (isRefusal(form)) return form
  const { texts, image, mask } = form
  return {
    model: texts['model'] ?? (service === 'generate/sd3' ? 'sd3.5-large' : service),
    prompt: texts['prompt'] ?? '',
    input: { endpoint, form },
    nanos: BigInt(endpoint.credits(texts)) * NANOS_PER_MILLICREDIT,
    summary: { ...texts, ...(image && { image: image.bytes.length }), ...(mask && { mask: mask.bytes.length }) },
  }
}

async function answer(call: PaidCall<Asked>, random: () => number): Promise<void> {
  const { faults, prompt, input } = call
  const { refusal } = faults
  if (refusal === 'prompt') return call.reject(flagged(), 'blocked')
  if (refusal === 'language') return call.reject(foreignLanguage())
  if (refusal !== undefined && refusal !== 'output') {
    return call.reject(badRequest(`The sandbox has no refusal "${refusal}". There are: prompt, output, language.`))
  }
  const words = withoutFaults(prompt)
  const { texts } = input.form
  const seed = Number(texts['seed'] ?? 0) || 1 + (hashOf(words) % 4_294_967_294)
  const headers = {
    'x-request-id': Math.floor(random() * 2 ** 48)
      .toString(16)
      .padStart(12, '0'),
  }
  const contentType = `application/json; type=image/${texts['output_format'] ?? 'png'}`
  if (faults['no-image'] !== undefined) {
    const empty = { ...(faults['no-image'] === 'images-empty' && { image: '' }), finish_reason: 'SUCCESS', seed }
    return await call.answer(empty, { outcome: 'answered' }, { contentType, headers })
  }
  const made = await makePicture(input.endpoint, input.form, words)
  const shown = refusal === 'output' ? await sharp(made).blur(24).toBuffer() : made
  const sized = 'wrong-size' in faults ? await halved(shown) : shown
  const picture = damaged(sized, faults)
  await call.answer(
    {
      image: new PictureText(picture, base64Form(faults)),
      finish_reason: refusal === 'output' ? 'CONTENT_FILTERED' : 'SUCCESS',
      seed,
    },
    { outcome: refusal === 'output' ? 'blocked' : 'answered', nanos: call.nanos, pictures: [picture] },
    { contentType, headers },
  )
}

async function halved(picture: Buffer): Promise<Buffer> {
  const { width, height } = await sharp(picture).metadata()
  return await sharp(picture)
    .resize(Math.round(width / 2), Math.round(height / 2))
    .toBuffer()
}
