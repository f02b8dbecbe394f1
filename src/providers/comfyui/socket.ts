import { Agent, WebSocket } from 'undici'

import { JsonBlob } from '../../core/json-blob.ts'
import type { Call } from '../provider.ts'
import { credentialOf } from './server.ts'
import { type Event, readEvent } from './wire.ts'

/** News of one job while it lasts. Nothing depends on them: whoever misses all of them finds the same in the history. */
export interface News {
  /** Resolves when the job may have ended since the last time this was asked. */
  ended(): Promise<void>
  close(): void
}

interface Watched {
  readonly promptId: string
  readonly clientId: string
  /** Pictures on the way that the caller wants to be shown. */
  readonly previews: number
}

/** A frame is a preview at most; twice the sides of any picture that is made here fit. */
const FRAME_BYTES = 32 * 1024 * 1024

/** Sockets of their own: the shared pool speaks no WebSocket. */
const agent = new Agent({ connect: { timeout: 5_000 }, webSocket: { maxPayloadSize: FRAME_BYTES } })

const ENDINGS = new Set(['execution_success', 'execution_error', 'execution_interrupted'])

/** First four bytes of a binary frame: what it is; for a picture the next four say its format. */
const PREVIEW = 1
const PREVIEW_TYPES: Readonly<Record<number, string>> = { 1: 'image/jpeg', 2: 'image/png' }

/**
 * Opens ComfyUI's socket for one job: its steps become progress, its previews are shown at even distances. What comes is sent to the
 * client id that queued the job, which is the job's own, so that nobody sees another's pictures.
 * Source: server.py and comfy_execution/progress.py of https://github.com/Comfy-Org/ComfyUI (read 2026-11-22).
 */
export function listen(call: Call, { promptId, clientId, previews }: Watched): News {
  let news = Promise.withResolvers<void>()
  let fraction = 0
  let shown = 0
  const socket = open(call, clientId)
  // A socket that fails is no failure: the job is asked after all the same.
  socket?.addEventListener('error', () => {})
  socket?.addEventListener('message', (message) => {
    const data: unknown = message.data
    if (typeof data === 'string') hear(readEvent(data))
    else if (data instanceof ArrayBuffer) look(Buffer.from(data))
  })

  function hear(event: Event | undefined): void {
    if (event === undefined || (event.data.prompt_id ?? promptId) !== promptId) return
    const { type, data } = event
    if (ENDINGS.has(type) || (type === 'executing' && data.node === null)) news.resolve()
    if (type !== 'progress' || data.value === undefined || data.max === undefined || data.max <= 0) return
    fraction = Math.min(1, Math.max(0, data.value / data.max))
    call.progress({ type: 'status', fraction, message: 'The picture is being made.' })
  }

  /** The first preview comes when its share of the work is done, and so on: they are not all spent on the first steps. */
  function look(frame: Buffer): void {
    if (shown >= previews || fraction < (shown + 1) / (previews + 1)) return
    if (frame.length <= 8 || frame.readUInt32BE(0) !== PREVIEW) return
    const picture = new JsonBlob('binary', [frame.subarray(8)], PREVIEW_TYPES[frame.readUInt32BE(4)])
    call.progress({ type: 'preview', index: shown, picture })
    shown += 1
  }

  return {
    async ended() {
      await news.promise
      news = Promise.withResolvers()
    },
    close: () => socket?.close(),
  }
}

/** Undefined where the address or the credential is one that nothing can be sent with: the questions after the job say so. */
function open(call: Call, clientId: string): WebSocket | undefined {
  try {
    const url = new URL(`${call.baseUrl.replace(/\/$/, '')}/ws`)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    url.search = new URLSearchParams({ clientId }).toString()
    const socket = new WebSocket(url, { dispatcher: agent, headers: credentialOf(call) })
    socket.binaryType = 'arraybuffer'
    return socket
  } catch {
    return undefined
  }
}
