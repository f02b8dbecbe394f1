import { createHash } from 'node:crypto'
import { Agent, type IncomingMessage, request } from 'node:http'

/** What came of one request. */
export interface Called {
  readonly status: number
  /** Of the picture, every byte of it decoded; undefined where the answer had none or broke off. */
  readonly sha256: string | undefined
  /** The beginning of an answer without a picture. */
  readonly text: string
}

const MARK = Buffer.from('"b64_json":"')
const QUOTE = 0x22
const KEPT = 4096

/** One connection per caller, as a hundred people would have. */
const agent = new Agent({ maxSockets: Infinity })

/** Asks for one picture on OpenAI's route, reads it at its own pace, at most `bytesPerSecond`, and never holds more than a piece of it. */
export async function call(url: string, key: string, bytesPerSecond = Infinity): Promise<Called> {
  const body = JSON.stringify({ model: 'google/gemini-nano-banana-2.1', prompt: 'a paper lantern on a wet street' })
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${url}/v1/images/generations`, {
      method: 'POST',
      agent,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': body.length },
    })
      .once('response', resolve)
      .once('error', reject)
      .end(body)
  })
  const hash = createHash('sha256')
  let state: 'before' | 'within' | 'after' = 'before'
  let held = Buffer.alloc(0)
  let head = ''
  let read = 0
  const startedAt = performance.now()
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (head.length < KEPT) head += chunk.toString('latin1', 0, KEPT)
    read += chunk.length
    let rest: Buffer = held.length > 0 ? Buffer.concat([held, chunk]) : chunk
    held = Buffer.alloc(0)
    if (state === 'before') {
      const at = rest.indexOf(MARK)
      if (at >= 0) {
        state = 'within'
        rest = rest.subarray(at + MARK.length)
      } else held = Buffer.from(rest.subarray(-MARK.length))
    }
    if (state === 'within') {
      const quote = rest.indexOf(QUOTE)
      const characters = quote < 0 ? rest.subarray(0, rest.length - (rest.length % 4)) : rest.subarray(0, quote)
      hash.update(Buffer.from(characters.toString('latin1'), 'base64'))
      if (quote >= 0) state = 'after'
      else held = Buffer.from(rest.subarray(characters.length))
    }
    const aheadMs = (read / bytesPerSecond) * 1000 - (performance.now() - startedAt)
    if (aheadMs > 0) await new Promise((resolve) => setTimeout(resolve, aheadMs))
  }
  const isWhole = response.complete && state === 'after'
  return {
    status: response.statusCode ?? 0,
    sha256: isWhole ? hash.digest('hex') : undefined,
    text: isWhole ? '' : head,
  }
}
