import { startGateway, type TestGatewayHere } from './gateway.ts'
import { bearer } from './generations.ts'
import { type DatabaseKind, type Home, makeHome } from './home.ts'
import { type Simulator, startSimulator } from './simulator.ts'

export const MODEL = 'google/gemini-nano-banana-2.1'

/** A gateway whose live keys buy from a simulator that counts, and the calls that buy there. */
export interface Shop {
  readonly gateway: TestGatewayHere
  readonly simulator: Simulator
  readonly home: Home
  /** Buys one picture. */
  buy(wish?: Wish): Promise<Bought>
  /** Calls that the provider has seen. */
  calls(): Promise<number>
  /** The same data in a new gateway. */
  restart(): Promise<Shop>
  stop(): Promise<void>
}

export interface Wish {
  readonly prompt?: string
  /** `Idempotency-Key`. */
  readonly key?: string
  readonly apiKey?: string
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  readonly path?: string
  /** Another gateway on the same data. */
  readonly url?: string
}

export interface Bought {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** `error.metadata.code`, where it failed. */
  readonly code: string | undefined
  readonly id: string
}

export async function openShop(
  kind: DatabaseKind = 'sqlite',
  environment: Readonly<Record<string, string>> = {},
): Promise<Shop> {
  return await shopIn(await makeHome(kind), await startSimulator('refuse'), environment)
}

async function shopIn(home: Home, simulator: Simulator, more: Readonly<Record<string, string>>): Promise<Shop> {
  const environment = { GEMINI_API_KEY: 'a-key', PLANTAIN_GOOGLE_BASE_URL: simulator.google, ...more }
  const gateway = await startGateway({ home, environment })
  return {
    gateway,
    simulator,
    home,
    buy: async (wish = {}) => await buy(gateway, wish),
    calls: async () => (await simulator.bill()).calls,
    async restart() {
      await gateway.stop()
      return await shopIn(home, simulator, more)
    },
    async stop() {
      await gateway.stop()
      await simulator.stop()
      await home.remove()
    },
  }
}

async function buy(gateway: TestGatewayHere, wish: Wish): Promise<Bought> {
  const { prompt = 'A red kite.', key, apiKey = gateway.keys.live, body, headers } = wish
  const { path = '/api/v1/images', url = gateway.url } = wish
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: {
      ...bearer(apiKey),
      'content-type': 'application/json',
      ...(key !== undefined && { 'idempotency-key': key }),
      ...headers,
    },
    body: JSON.stringify({ model: MODEL, prompt, ...body }),
    signal: AbortSignal.timeout(30_000),
  })
  const text = await answer.text()
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    code: answer.ok ? undefined : (JSON.parse(text) as { error: { metadata: { code: string } } }).error.metadata.code,
    id: answer.headers.get('x-generation-id') ?? '',
  }
}
