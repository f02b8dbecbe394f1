import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

import { type Faults, withoutFaults } from '../faults.ts'
import { makeFiles } from '../files.ts'
import { paint } from '../painter.ts'
import { type PaidCall, receiveCall } from '../paid-call.ts'
import { base64Form, damaged } from '../picture-faults.ts'
import { PictureText } from '../picture-json.ts'
import { baseOf, type Handler, sendRefusal, type SimulatorOptions } from '../simulator.ts'
import { type Job, understand } from './check.ts'
import { keyRefusal, REFUSALS, refusalFor, refusalOf } from './errors.ts'
import type { Host } from './models.ts'

const BODY_LIMIT = 64 * 1024 * 1024

/**
 * Ark as far as pictures need it: the one endpoint that makes them, the list of jobs that a key may look at, and files under `/files`,
 * which are public as the real ones are, and refuse a credential that was sent along.
 * Source: https://docs.byteplus.com/en/docs/ModelArk/1666945 (read 2026-11-22).
 */
export function arkSimulator(host: Host): (options: SimulatorOptions) => Handler {
  return ({ bill, latencyMs, now }) => {
    const files = makeFiles()

    return async (request, response, path) => {
      const { pathname } = new URL(path, 'http://sandbox')
      const [, fileName] = /^\/files\/([\w.-]+)$/u.exec(pathname) ?? []
      if (fileName !== undefined) return await files.deliver(request, response, fileName)
      const asked = `${request.method} ${pathname}`
      if (asked === 'POST /api/v3/images/generations') return await generate(request, response, baseOf(request, path))
      const refusal = keyRefusal(request.headers.authorization, false)
      if (refusal) return sendRefusal(response, refusal)
      if (asked !== 'GET /api/v3/contents/generations/tasks') return sendRefusal(response, refusalFor(404))
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"total":0,"items":[]}')
    }

    async function generate(request: IncomingMessage, response: ServerResponse, base: string): Promise<void> {
      const call = await receiveCall<Job>(
        request,
        response,
        { bill, latencyMs },
        {
          simulator: host,
          method: 'images/generations',
          limitBytes: BODY_LIMIT,
          read: (received) => understand(received, host),
          refusal: refusalFor,
        },
      )
      if (call === undefined) return
      const { faults, input: job } = call
      const refusal = REFUSALS[faults.refusal ?? '']
      if (refusal !== undefined) return call.reject(refusalOf(400, refusal), 'blocked')
      if (faults.refusal !== undefined && faults.refusal !== 'one') {
        const message = `The sandbox knows these refusals: ${[...Object.keys(REFUSALS), 'one'].join(', ')}.`
        return call.reject(refusalOf(400, { code: 'InvalidParameter', message }))
      }
      const count = faults['no-image'] !== undefined ? 0 : job.count - (faults.refusal === 'one' ? 1 : 0)
      const pictures = await Promise.all(Array.from({ length: count }, (_, index) => pictureOf(job, faults, index)))
      const data = pictures.map((bytes) => itemOf(bytes, call, base))
      await call.answer(documentOf(job, faults, data), {
        outcome: count > 0 ? 'answered' : 'blocked',
        nanos: BigInt(count) * job.model.nanos,
        pictures,
      })
    }

    function itemOf(
      bytes: Buffer,
      { faults, input: { width, height, isInline, format } }: PaidCall<Job>,
      base: string,
    ) {
      const size = `${width}x${height}`
      if (isInline) return { b64_json: new PictureText(bytes, base64Form(faults)), size }
      const name = files.put({ name: `${randomUUID()}.${format}`, type: `image/${format}`, bytes, faults })
      return { url: `${base}/files/${name}?X-Tos-Expires=86400`, size }
    }

    function documentOf(job: Job, faults: Faults, data: readonly object[]): object {
      const refused = faults.refusal === 'one' ? [{ error: REFUSALS['output'] }] : []
      const tokens = data.length * Math.floor((job.width * job.height) / 256)
      const isBare = faults['no-image']?.endsWith('missing') === true
      return {
        model: job.id,
        created: Math.floor(now() / 1000),
        ...(!isBare && { data: [...data, ...refused] }),
        ...(!isBare &&
          !('no-usage' in faults) && {
            usage: { generated_images: data.length, output_tokens: tokens, total_tokens: tokens },
          }),
      }
    }
  }
}

async function pictureOf(job: Job, faults: Faults, index: number): Promise<Buffer> {
  const part = 'wrong-size' in faults ? 2 : 1
  const other = job.format === 'png' ? 'jpeg' : 'png'
  const painted = await paint({
    prompt: withoutFaults(job.prompt),
    seed: `${JSON.stringify(job.steering)}${index === 0 ? '' : ` ${index + 1}`}`,
    width: Math.floor(job.width / part),
    height: Math.floor(job.height / part),
    format: 'wrong-mime' in faults ? other : job.format,
    references: job.pictures.map(({ bytes }) => bytes),
  })
  return damaged(painted, faults)
}
