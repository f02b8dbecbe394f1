import { pino } from 'pino'

import { startGateway, type TestGatewayHere } from '../support/gateway.ts'
import { bearer } from '../support/generations.ts'
import type { DatabaseKind } from '../support/home.ts'
import { type Simulator, startSimulator } from '../support/simulator.ts'
import { makeTenant, type Tenant } from '../support/tenants.ts'

/** Two workspaces in one gateway whose live keys buy from a simulator that counts. */
export interface World {
  readonly gateway: TestGatewayHere
  readonly simulator: Simulator
  readonly a: Tenant
  readonly b: Tenant
  ask(key: string | undefined, asking: Asking): Promise<Told>
  /** Lines of the log since the last time. */
  log(): readonly Readonly<Record<string, unknown>>[]
  stop(): Promise<void>
}

export interface Asking {
  readonly method?: string
  /** With its query. */
  readonly path: string
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
}

export interface Told {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
}

/** Sent along by every call, so that answers differ in nothing that is not theirs. */
const REQUEST_ID = 'req-of-a-probe'

export async function openWorld(database: DatabaseKind): Promise<World> {
  const simulator = await startSimulator('refuse')
  const lines: string[] = []
  const gateway = await startGateway({
    database,
    logger: pino({ level: 'trace', base: null }, { write: (line: string) => void lines.push(line) }),
    environment: {
      GEMINI_API_KEY: 'a-key',
      PLANTAIN_GOOGLE_BASE_URL: simulator.google,
      FAL_KEY: 'a-key',
      PLANTAIN_FAL_BASE_URL: simulator.fal,
      // So that a picture which comes back as a reference stays the same picture.
      PLANTAIN_REENCODE: 'off',
    },
  })
  return {
    gateway,
    simulator,
    a: await makeTenant(gateway, 'Aardvark'),
    b: await makeTenant(gateway, 'Bison'),
    ask: async (key, asking) => await ask(gateway.url, key, asking),
    log: () => lines.splice(0).map((line) => JSON.parse(line) as Record<string, unknown>),
    async stop() {
      await gateway.stop()
      await simulator.stop()
    },
  }
}

async function ask(
  url: string,
  key: string | undefined,
  { method = 'GET', path, body, headers }: Asking,
): Promise<Told> {
  const answer = await fetch(url + path, {
    method,
    headers: {
      'x-request-id': REQUEST_ID,
      ...(key !== undefined && bearer(key)),
      ...(body && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  })
  return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) }
}
