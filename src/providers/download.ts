import type { Dispatcher } from 'undici'

import { HeldSlices } from '../core/held-slices.ts'
import type { JsonBlob } from '../core/json-blob.ts'
import type { PictureMemory } from '../core/picture-memory.ts'
import { err, ok, type Result } from '../core/result.ts'
import { SliceKeeper } from '../core/slice-keeper.ts'
import { type PaceLimits, watchBody } from './answer-body.ts'
import { exchange } from './exchange.ts'
import { slept } from './poll.ts'
import type { Call, UpstreamFailure } from './provider.ts'

/** The guarded connector, as far as it is needed here: one GET by an address that somebody else chose, without any credential. */
export interface ForeignFetch {
  get(
    url: string,
    options: { readonly signal: AbortSignal; readonly maxBytes: number },
  ): Promise<
    Result<Arriving, { readonly reason: string; readonly message: string; readonly status?: number | undefined }>
  >
}

/** A file on its way here. The body throws when it breaks off. */
interface Arriving {
  readonly mediaType: string | undefined
  /** As announced; undefined when it was not. */
  readonly byteLength: number | undefined
  readonly body: AsyncIterable<Buffer>
}

export interface DownloadHints {
  /** What the provider called the file, for hosts that do not say. */
  readonly mediaType?: string | undefined
}

interface DownloadParts {
  readonly agent: Dispatcher
  readonly limits: PaceLimits & { readonly askMs: number; readonly silenceMs: number; readonly answerBytes: number }
  readonly foreign: ForeignFetch | undefined
  readonly memory: PictureMemory | undefined
}

/** Why one try failed, as the end of a sentence, and whether another could do better. */
interface Missed {
  readonly reason: string
  readonly again: boolean
  readonly status?: number | undefined
}

/** The picture has been paid for, so its host gets several chances, half a second, one and two apart. */
const TRIES = 4
const FIRST_PAUSE_MS = 500

/** Refusals that another try would only repeat. */
const FINAL = new Set(['not_allowed', 'too_large', 'encoded', 'wrong_type'])

/**
 * Downloads one delivered picture into a blob, fed to the call's intake while it arrives. The base URL's own origin and those that the
 * operator has named are asked directly, without following redirects; every other address goes through the guarded connector. By
 * then the picture exists and is charged: the download is tried again, the call never, and every failure is `billed: 'yes'`.
 */
export function makeDownload({ agent, limits, foreign, memory }: DownloadParts) {
  return async (call: Call, address: string, hints: DownloadHints = {}): Promise<Result<JsonBlob, UpstreamFailure>> => {
    const url = URL.parse(address)
    if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
      return err(undelivered({ reason: 'its address is not a plain http or https one', again: false }))
    }
    let missed: Missed = { reason: 'the deadline passed', again: false }
    for (let tries = 0; tries < TRIES && (tries === 0 || missed.again); tries += 1) {
      if (tries > 0 && !(await slept(call, FIRST_PAUSE_MS * 2 ** (tries - 1)))) break
      if (call.signal.aborted) break
      const arriving = isTrusted(call, url) ? await fetchOwn(call, url) : await fetchForeign(call, url)
      const taken = arriving.ok ? await take(call, arriving.value, hints) : arriving
      if (taken.ok) return taken
      missed = taken.error
    }
    return err({ ...undelivered(missed, url), ...(call.signal.aborted && { kind: 'timeout' }) })
  }

  async function fetchOwn(call: Call, url: URL): Promise<Result<Arriving, Missed>> {
    const under = exchange(agent, {
      method: 'GET',
      url,
      headers: { accept: 'image/*', 'accept-encoding': 'identity' },
      body: undefined,
      signal: call.signal,
      headersMs: limits.askMs,
      silenceMs: limits.silenceMs,
    })
    const head = await under.head.then(ok, () => err({ reason: 'its host could not be reached', again: true }))
    if (!head.ok) return head
    const { status, headers } = head.value
    const encoding = headers['content-encoding'] ?? 'identity'
    if (status !== 200 || encoding !== 'identity') {
      await under.body[Symbol.asyncIterator]().return?.()
      if (status === 200) return err({ reason: 'it came compressed', again: false, status })
      return err({ reason: `its host answered ${status}`, again: status < 300 || status >= 400, status })
    }
    const length = Number(headers['content-length'] ?? Number.NaN)
    const body = watchBody(under.body, limits, call.clock)
    return ok({
      mediaType: headers['content-type'],
      byteLength: Number.isFinite(length) ? length : undefined,
      body: whole(body.bytes, body.problem),
    })
  }

  async function fetchForeign({ signal }: Call, url: URL): Promise<Result<Arriving, Missed>> {
    if (foreign === undefined) return err({ reason: 'its host is not one that this gateway may ask', again: false })
    const fetched = await foreign.get(url.href, { signal, maxBytes: limits.answerBytes })
    if (fetched.ok) return fetched
    const { reason, message, status } = fetched.error
    return err({ reason: lowerFirst(message.replace(/\.$/, '')), again: !FINAL.has(reason), status })
  }

  async function take(call: Call, arriving: Arriving, hints: DownloadHints): Promise<Result<JsonBlob, Missed>> {
    const intake = call.intakeBytes()
    const keeper = new SliceKeeper()
    const held = new HeldSlices(memory)
    let bytes = 0
    const keep = async (complete: readonly Buffer[]) => {
      for (const slice of complete) {
        held.add(slice)
        await intake.write(slice)
        await held.relieve(intake, false)
      }
    }
    try {
      for await (const chunk of arriving.body) {
        bytes += chunk.length
        if (bytes > limits.answerBytes) break
        await keep(keeper.add(chunk, 0, chunk.length))
      }
      const last = keeper.flush()
      if (last !== undefined) await keep([last])
    } catch {
      intake.abort()
      held.drop()
      return err({ reason: 'it broke off while it was coming', again: true })
    }
    const missed = incomplete(bytes, arriving.byteLength)
    if (missed !== undefined) {
      intake.abort()
      held.drop()
      return err(missed)
    }
    intake.end()
    await held.relieve(intake, true)
    return ok(held.blob('binary', mediaTypeOf(arriving) ?? hints.mediaType, intake))
  }

  function incomplete(bytes: number, announced: number | undefined): Missed | undefined {
    if (bytes > limits.answerBytes) return { reason: `it has more than ${limits.answerBytes} bytes`, again: false }
    if (bytes === 0 || (announced !== undefined && bytes !== announced)) {
      return { reason: 'it did not come whole', again: true }
    }
    return undefined
  }
}

function isTrusted({ baseUrl, deliveryOrigins = [] }: Call, { origin }: URL): boolean {
  return [baseUrl, ...deliveryOrigins].some((named) => URL.parse(named)?.origin === origin)
}

/** A picture's own type; what hosts say of files that they know nothing about is no type. */
function mediaTypeOf({ mediaType }: Arriving): string | undefined {
  const type = mediaType?.split(';')[0]?.trim().toLowerCase()
  return type?.startsWith('image/') ? type : undefined
}

/** The same bytes, with a throw where the watched body merely ends. */
async function* whole(bytes: AsyncIterable<Buffer>, problem: () => string | undefined): AsyncGenerator<Buffer> {
  yield* bytes
  const reason = problem()
  if (reason !== undefined) throw new Error(reason)
}

/** The address is not repeated: signed ones are as good as a key. */
function undelivered({ reason, status }: Missed, url?: URL): UpstreamFailure {
  const from = url === undefined ? '' : ` from ${url.hostname}`
  return {
    kind: 'no_image',
    billed: 'yes',
    ...(status !== undefined && { status }),
    message: `The picture was made, but it could not be downloaded${from}: ${reason}.`,
    raw: '',
  }
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
