import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { systemClock } from '../core/clock.ts'
import { makeBill } from './bill.ts'
import type { BillReport } from './bill.ts'
import { falSimulator } from './fal/fal.ts'
import { geminiSimulator } from './gemini/gemini.ts'
import { openRouterSimulator } from './openrouter/openrouter.ts'

export interface SandboxOptions {
  /** 0, the default, lets the system choose. */
  readonly port?: number
  /** Loopback unless said otherwise. */
  readonly host?: string
  /** Whether models that their makers have shut down are served as they were (test keys) or refused as they are now. */
  readonly retired: 'serve' | 'refuse'
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

const SIMULATED = [{ provider: 'google-ai-studio' }, { provider: 'openrouter' }, { provider: 'fal' }] as const

/** What a provider's own base URL ends with, where it is more than a host. */
const BASE_PATHS: Readonly<Record<string, string>> = { openrouter: '/api/v1' }

/** Starts one server with every simulator under its provider's slug. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { port = 0, host = '127.0.0.1', retired, latencyMs = 0, random = () => randomInt(2 ** 32) / 2 ** 32 } = options
  const bill = makeBill()
  const gemini = geminiSimulator({ retired, latencyMs, random, bill })
  const openRouter = openRouterSimulator({ retired, latencyMs, random, bill, now: systemClock.now })
  const fal = falSimulator({ retired, latencyMs, bill })
  const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    answer(request, response).catch((error: unknown) => fail(response, error))
  })
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  const actualPort = typeof address === 'object' && address ? address.port : port
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`
  return {
    url,
    baseUrlFor: (slug) =>
      SIMULATED.some(({ provider }) => provider === slug) ? `${url}/${slug}${BASE_PATHS[slug] ?? ''}` : undefined,
    simulated: SIMULATED,
    bill: () => bill.report(),
    async close() {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/'
    const prefix = '/google-ai-studio'
    if (path.startsWith(`${prefix}/`)) return gemini(request, response, path.slice(prefix.length))
    if (path.startsWith('/openrouter/')) return openRouter(request, response, path.slice('/openrouter'.length))
    if (path.startsWith('/fal/')) return fal(request, response, path.slice('/fal'.length))
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
