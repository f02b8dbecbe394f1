import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { systemClock } from '../core/clock.ts'
import { arkSimulator } from './ark/ark.ts'
import { automatic1111Simulator } from './automatic1111/automatic1111.ts'
import { azureSimulator } from './azure/azure.ts'
import { makeBill } from './bill.ts'
import type { BillReport } from './bill.ts'
import { bflSimulator } from './bfl/bfl.ts'
import { comfyUiSimulator } from './comfyui/comfyui.ts'
import { dashScopeSimulator } from './dashscope/dashscope.ts'
import { falSimulator } from './fal/fal.ts'
import { geminiSimulator } from './gemini/gemini.ts'
import { ideogramSimulator } from './ideogram/ideogram.ts'
import { midjourneySimulator } from './midjourney/midjourney.ts'
import { openAiSimulator } from './openai/openai.ts'
import { OPENAI_COMPATIBLE_SIMULATORS } from './openai-compatible/all.ts'
import { openRouterSimulator } from './openrouter/openrouter.ts'
import { type Detail, paintingIn } from './painter.ts'
import { recraftSimulator } from './recraft/recraft.ts'
import { replicateSimulator } from './replicate/replicate.ts'
import type { Handler, SimulatorOptions } from './simulator.ts'
import { stabilitySimulator } from './stability/stability.ts'
import { vertexSimulator } from './vertex/vertex.ts'
import { xaiSimulator } from './xai/xai.ts'

export interface SandboxOptions {
  /** 0, the default, lets the system choose. */
  readonly port?: number
  /** Loopback unless said otherwise. */
  readonly host?: string
  /** Whether models that their makers have shut down are served as they were (test keys) or refused as they are now. */
  readonly retired: 'serve' | 'refuse'
  /** Default `fine`; `coarse` takes a tenth of the time, for test suites. */
  readonly pictures?: Detail
  /** A typical wait before each answer in milliseconds: 0 in tests, several hundred for the feel of it. Default 0. */
  readonly latencyMs?: number
  /** In [0, 1), for response ids; pictures and counts depend on the request alone. */
  readonly random?: () => number
}

export interface Sandbox {
  /** Without a trailing slash. `/_sandbox/bill` under it tells what would have been billed, `POST /_sandbox/reset` starts over. */
  readonly url: string
  /** Where a provider's requests go instead of its own host; undefined for providers without a simulator. */
  baseUrlFor(providerSlug: string): string | undefined
  readonly simulated: readonly { readonly provider: string }[]
  bill(): BillReport
  /** Ends every connection; calls under way are cut off. Closing twice is harmless. */
  close(): Promise<void>
}

/** Takes a connection over that wants to become a socket; `path` as a handler gets it. */
type Upgrade = (request: IncomingMessage, stream: Duplex, path: string) => void

interface Simulator {
  make(options: SimulatorOptions): Handler & { readonly upgrade?: Upgrade }
  /** What the provider's own base URL ends with, where it is more than a host. */
  readonly basePath?: string
}

/** Every simulator by the slug of its provider, which is also its prefix. What each serves stands in simulates.ts. */
const SIMULATORS: Readonly<Record<string, Simulator>> = {
  'google-ai-studio': { make: geminiSimulator },
  'google-vertex': { make: vertexSimulator },
  openrouter: { make: openRouterSimulator, basePath: '/api/v1' },
  fal: { make: falSimulator },
  openai: { make: openAiSimulator, basePath: '/v1' },
  azure: { make: azureSimulator },
  ...OPENAI_COMPATIBLE_SIMULATORS,
  recraft: { make: recraftSimulator, basePath: '/v1' },
  'black-forest-labs': { make: bflSimulator },
  replicate: { make: replicateSimulator, basePath: '/v1' },
  alibaba: { make: dashScopeSimulator },
  seed: { make: arkSimulator('seed'), basePath: '/api/v3' },
  volcengine: { make: arkSimulator('volcengine'), basePath: '/api/v3' },
  stability: { make: stabilitySimulator },
  xai: { make: xaiSimulator, basePath: '/v1' },
  automatic1111: { make: automatic1111Simulator },
  comfyui: { make: comfyUiSimulator },
  midjourney: { make: midjourneySimulator },
  ideogram: { make: ideogramSimulator },
}

const SIMULATED = Object.keys(SIMULATORS).map((provider) => ({ provider }))

/** Starts one server with every simulator under its provider's slug. */
export async function startSandbox({
  port = 0,
  host = '127.0.0.1',
  retired,
  pictures = 'fine',
  latencyMs = 0,
  random = () => randomInt(2 ** 32) / 2 ** 32,
}: SandboxOptions): Promise<Sandbox> {
  const bill = makeBill()
  const options = { retired, latencyMs, random, bill, now: systemClock.now }
  const handlers = new Map(Object.entries(SIMULATORS).map(([slug, { make }]) => [slug, make(options)]))
  const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    answer(request, response).catch((error: unknown) => fail(response, error))
  })
  // Connections that have become sockets: the server does not count them among its own any more.
  const upgraded = new Set<Duplex>()
  server.on('upgrade', (request, stream, head) => {
    upgraded.add(stream)
    stream.on('close', () => upgraded.delete(stream))
    if (head.length > 0) stream.unshift(head)
    const [, slug = '', below = ''] = /^\/([\w-]+)(\/.*)$/.exec(request.url ?? '') ?? []
    const upgrade = handlers.get(slug)?.upgrade
    if (upgrade === undefined) stream.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')
    else upgrade(request, stream, below)
  })
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  const actualPort = typeof address === 'object' && address ? address.port : port
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`
  return {
    url,
    baseUrlFor(slug) {
      const simulator = Object.hasOwn(SIMULATORS, slug) ? SIMULATORS[slug] : undefined
      return simulator && `${url}/${slug}${simulator.basePath ?? ''}`
    },
    simulated: SIMULATED,
    bill: () => bill.report(),
    async close() {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      for (const stream of upgraded) stream.destroy()
      await once(server, 'close')
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/'
    const [, slug = '', below] = /^\/([\w-]+)(\/.*)$/.exec(path) ?? []
    const handler = handlers.get(slug)
    if (handler !== undefined && below !== undefined) {
      return await paintingIn(pictures, () => handler(request, response, below))
    }
    if (request.method === 'POST' && path === '/_sandbox/reset') {
      bill.reset()
      response.writeHead(204).end()
      return
    }
    const known = request.method === 'GET' && path === '/_sandbox/bill'
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify(known ? bill.report() : { error: 'There is no simulator at this path.', simulated: SIMULATED }),
    )
  }
}

/** A fault of the simulator's own says so, lest it pass for one of the provider's. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(500, { 'content-type': 'text/plain' })
  response.end(`The sandbox failed: ${error instanceof Error ? error.stack : String(error)}\n`)
}
