import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

import { receive } from '../network-faults.ts'
import { type Handler, type Refusal, sendRefusal, type SimulatorOptions } from '../simulator.ts'
import { parsed } from './body.ts'
import { upload, view } from './files.ts'
import { makeMachine } from './machine.ts'
import { acceptSocket, type Socket } from './socket.ts'
import { makeStore } from './store.ts'
import { makeSubmit } from './submit.ts'

const ORDER_LIMIT = 1024 * 1024

/** Event types of binary frames, and formats of the pictures in them. */
const PREVIEW_IMAGE = 1
const JPEG = 1

/**
 * One machine with ComfyUI: graphs, queue, history, uploads, files and the socket. It has a proxy in front of it that turns away bearers
 * named `invalid`, `locked` or `empty` and lets everybody else through, with a key or without. Not simulated: custom nodes,
 * /object_info, prompts in the pictures' metadata, jobs by /api/jobs.
 * Source: server.py and execution.py of https://github.com/Comfy-Org/ComfyUI (read 2026-11-22).
 */
export function comfyUiSimulator({ latencyMs, bill, now }: SimulatorOptions) {
  const store = makeStore()
  const sockets = new Map<string, Socket>()
  const machine = makeMachine({
    latencyMs,
    bill,
    now,
    store,
    send: (clientId, type, data) => sockets.get(clientId)?.sendText(JSON.stringify({ type, data })),
    sendPreview(clientId, picture) {
      const head = Buffer.alloc(8)
      head.writeUInt32BE(PREVIEW_IMAGE, 0)
      head.writeUInt32BE(JPEG, 4)
      sockets.get(clientId)?.sendBinary(Buffer.concat([head, picture]))
    },
  })
  const submit = makeSubmit({ bill, machine, store })

  const handle: Handler = async (request, response, path) => {
    const { pathname: written, searchParams } = new URL(path, 'http://sandbox')
    const pathname = written.replace(/^\/api(?=\/)/u, '')
    const turnedAway = proxyRefusal(request.headers.authorization)
    if (request.method === 'POST' && pathname === '/prompt') return await submit(request, response, turnedAway)
    if (turnedAway) return sendRefusal(response, turnedAway)
    return request.method === 'POST'
      ? await post(request, response, pathname)
      : await get(response, pathname, searchParams)
  }

  async function get(response: ServerResponse, pathname: string, query: URLSearchParams): Promise<void> {
    if (pathname === '/view') return await view(store, response, query)
    if (pathname === '/queue') return tell(response, machine.listed())
    if (pathname === '/prompt') return tell(response, queueInfo())
    if (pathname === '/system_stats') return tell(response, SYSTEM_STATS)
    const [, id] = /^\/history\/([\w-]+)$/u.exec(pathname) ?? []
    if (id === undefined) return absent(response)
    const entry = machine.entry(id)
    tell(response, entry === undefined ? {} : { [id]: entry })
  }

  /** Orders are answered with nothing, whether or not there was anything to do. */
  async function post(request: IncomingMessage, response: ServerResponse, pathname: string): Promise<void> {
    if (pathname === '/upload/image') {
      const named = await upload(store, request, response)
      if (named !== undefined) tell(response, named)
      return
    }
    if (!['/queue', '/interrupt', '/history'].includes(pathname)) return absent(response)
    const { delete: ids = [], clear, prompt_id: id } = parsed(await receive(request, {}, ORDER_LIMIT)) ?? {}
    const named: readonly unknown[] = Array.isArray(ids) ? ids : []
    if (pathname === '/interrupt') machine.interrupt(id)
    if (pathname === '/history') machine.forget(named)
    if (pathname === '/queue') machine.remove(clear === true ? undefined : named)
    response.writeHead(200, { 'content-length': 0 }).end()
  }

  function upgrade(request: IncomingMessage, stream: Duplex, path: string): void {
    const { pathname, searchParams } = new URL(path, 'http://sandbox')
    const clientId = searchParams.get('clientId') ?? randomUUID().replaceAll('-', '')
    const isHere = /^(\/api)?\/ws$/u.test(pathname) && proxyRefusal(request.headers.authorization) === undefined
    const closed = () => {
      if (sockets.get(clientId) === socket) sockets.delete(clientId)
    }
    const socket = isHere ? acceptSocket(request, stream, closed) : undefined
    if (socket === undefined) {
      stream.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
      return
    }
    sockets.set(clientId, socket)
    socket.sendText(JSON.stringify({ type: 'status', data: { status: queueInfo(), sid: clientId } }))
  }

  function queueInfo(): object {
    return { exec_info: { queue_remaining: machine.remaining() } }
  }

  return Object.assign(handle, { upgrade })
}

function tell(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
}

function absent(response: ServerResponse): void {
  response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404: Not Found')
}

function proxyRefusal(authorization: string | undefined): Refusal | undefined {
  if (authorization === undefined) return undefined
  const key = /^Bearer (\S+)$/u.exec(authorization)?.[1]
  if (key === undefined || key.includes('invalid')) return { status: 401, body: { error: 'Unauthorized' } }
  return /locked|empty/u.test(key) ? { status: 403, body: { error: 'Forbidden' } } : undefined
}

const SYSTEM_STATS = {
  system: { os: 'posix', comfyui_version: '0.3.64', pytorch_version: '2.8.0+cu128', argv: ['main.py'] },
  devices: [{ name: 'NVIDIA GeForce RTX 4090', type: 'cuda', vram_total: 25_757_220_864, vram_free: 19_542_310_912 }],
}
