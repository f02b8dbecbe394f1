import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Receipt } from '../../src/core/receipt.ts'
import { audit } from '../../src/ledger/auditor.ts'
import { startGateway, type TestGatewayHere } from '../support/gateway.ts'
import { bearer, until } from '../support/generations.ts'
import { type DatabaseKind, type Home, makeHome } from '../support/home.ts'
import { receiptOf } from '../support/receipts.ts'
import { openRoad, type Road } from '../support/road.ts'
import type { Simulator } from '../support/simulator.ts'
import { assertClassed } from './classed.ts'
import { PROMPT } from './raw-answers.ts'

export const MODEL = 'google/gemini-nano-banana-2.1'

const PROVIDERS = {
  google: { slug: 'google-ai-studio', key: 'GEMINI_API_KEY', base: 'PLANTAIN_GOOGLE_BASE_URL' },
  openrouter: { slug: 'openrouter', key: 'OPENROUTER_API_KEY', base: 'PLANTAIN_OPENROUTER_BASE_URL' },
  fal: { slug: 'fal', key: 'FAL_KEY', base: 'PLANTAIN_FAL_BASE_URL' },
} as const

export type ProviderName = keyof typeof PROVIDERS

/** All three make the same model; the third has no such endpoint of its own, so the operator has it served by another. */
const THREE_ROUTES = [
  {
    id: MODEL,
    routes: [
      { provider: 'google-ai-studio', model: 'gemini-nano-banana-2.1' },
      { provider: 'openrouter', model: MODEL },
      {
        provider: 'fal',
        model: 'fal-ai/flux/schnell',
        pricing: { basis: 'image', entries: [{ billable: 'output_image', unit: 'image', usd: '0.003' }] },
      },
    ],
  },
]

/** One gateway with live keys, and a road to each of its providers. */
export interface Scene extends AsyncDisposable {
  readonly gateway: TestGatewayHere
  readonly home: Home
  readonly roads: Readonly<Record<ProviderName, Road>>
  buy(wish?: Wish): Promise<Bought>
  /** The books once nothing is held any more: what the providers billed beside what the gateway wrote down. */
  books(): Promise<Books>
}

export interface Wish {
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  readonly path?: string
}

export interface Bought {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly ms: number
  readonly error:
    | { readonly code: string; readonly provider: string | undefined; readonly requestId: string }
    | undefined
  /** Undefined where nothing was admitted. */
  readonly receipt: Receipt | undefined
}

/** Nano-dollars. */
export interface Books {
  readonly revenue: bigint
  readonly providerCost: bigint
  readonly loss: bigint
  /** By the simulator, and by the raw answers. */
  readonly billed: bigint
}

export interface SceneOptions {
  readonly simulator: Simulator
  /** Those that have a key. Default: google alone. */
  readonly providers?: readonly ProviderName[]
  readonly database?: DatabaseKind
  readonly home?: Home
  /** Over the rest: a credential, another base URL. */
  readonly environment?: Readonly<Record<string, string>>
}

export async function openScene(options: SceneOptions): Promise<Scene> {
  const { simulator, providers = ['google'], database = 'sqlite', environment } = options
  const home = options.home ?? (await makeHome(database))
  const roads = {
    google: await openRoad(simulator.google),
    openrouter: await openRoad(simulator.openrouter),
    fal: await openRoad(simulator.fal),
  }
  const catalog = join(home.directory, 'catalog.json')
  writeFileSync(catalog, JSON.stringify(THREE_ROUTES))
  const access = providers.map((name) => {
    const { key, base } = PROVIDERS[name]
    return { [key]: `the-key-of-${name}`, [base]: roads[name].url }
  })
  const gateway = await startGateway({
    home,
    environment: Object.assign(
      {
        PLANTAIN_CATALOG: catalog,
        PLANTAIN_LOG_LEVEL: 'silent',
        PLANTAIN_ROUTE_ORDER: 'google-ai-studio,openrouter,fal',
      },
      ...access,
      environment,
    ),
  })
  return {
    gateway,
    home,
    roads,
    buy: (wish = {}) => buy(gateway, wish),
    books: () => booksOf(gateway, simulator, Object.values(roads)),
    async [Symbol.asyncDispose]() {
      await gateway.stop()
      for (const road of Object.values(roads)) await road.stop()
      if (options.home === undefined) await home.remove()
    },
  }
}

async function buy(gateway: TestGatewayHere, { body, headers, path = '/api/v1/images' }: Wish): Promise<Bought> {
  const startedAt = performance.now()
  const answer = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { ...bearer(gateway.keys.live), 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: MODEL, prompt: PROMPT, ...body }),
    signal: AbortSignal.timeout(330_000),
  })
  const text = await answer.text()
  const ms = performance.now() - startedAt
  const id = answer.headers.get('x-generation-id')
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    ms,
    error: answer.ok ? undefined : assertClassed(answer, text, path),
    receipt: id === null ? undefined : await receiptOf(gateway, gateway.keys.live, id),
  }
}

async function booksOf(
  { database, gateway }: TestGatewayHere,
  simulator: Simulator,
  roads: readonly Road[],
): Promise<Books> {
  const { db } = database
  await until('the last hold to be resolved', async () => {
    const pending = await db.selectFrom('holds').select('generation_id').where('state', '=', 'pending').execute()
    return pending.length === 0 && gateway.engine.inFlight().length === 0 ? true : undefined
  })
  assert.deepEqual(await audit(database), [], 'the auditor finds nothing')
  const rows = await db.selectFrom('balances').selectAll().execute()
  const balance = (name: string): bigint =>
    rows.find(({ account }) => account.endsWith(`live:${name}`))?.balance_nanos ?? 0n
  assert.equal(balance('held'), 0n, 'nothing is held')
  const { recent } = await simulator.bill()
  const marks = new Set(roads.map(({ mark }) => mark))
  const simulated = recent.filter((call) => call.header_names.some((name) => marks.has(name)))
  return {
    revenue: balance('revenue'),
    providerCost: balance('provider_cost'),
    loss: balance('unbilled_loss'),
    billed: [
      ...simulated.map((call) => BigInt(call.billed_nanos)),
      ...roads.map((road) => road.rawBilledNanos()),
    ].reduce((total, nanos) => total + nanos, 0n),
  }
}

/** `google ok`, `openrouter not_billed`, by attempt. */
export function attemptsOf({ receipt }: Bought): readonly string[] {
  const nameOf = (slug: string) => Object.entries(PROVIDERS).find(([, provider]) => provider.slug === slug)?.[0] ?? slug
  return (receipt?.attempts ?? []).map(({ provider, state }) => `${nameOf(provider)} ${state}`)
}
