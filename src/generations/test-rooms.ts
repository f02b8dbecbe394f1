import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after } from 'node:test'

import { type Assets, makeAssets } from '../assets/assets.ts'
import { base64Blob } from '../assets/test-pictures.ts'
import { catalogOf } from '../catalog/catalog.ts'
import type { Model } from '../catalog/model.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import type { Failure } from '../core/errors.ts'
import type { GenerationId } from '../core/ids.ts'
import type { ImageRequest } from '../core/image-request.ts'
import type { Delivery, Mode, Receipt, TokenUsage } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Database } from '../db/database.ts'
import type { AttemptRow } from '../db/schema.ts'
import { scratchDirectory } from '../db/test-database.ts'
import { openDatabase } from '../db/open.ts'
import { SUNDAY, type TestBook, testBook } from '../ledger/test-ledger.ts'
import type { Call, Generated, Provider, UpstreamFailure } from '../providers/provider.ts'
import { makeGuardedFetch } from '../outbound/guarded-fetch.ts'
import { makeForgetfulBook, makeHealthBook } from '../router/health-book.ts'
import type { Setup } from '../router/plan.ts'
import { makeRouting } from '../router/routing.ts'
import type { makeAdmit } from './admit.ts'
import { type Departures, openDepartures } from './departures.ts'
import type { Engine, Owner } from './engine-port.ts'
import type { Fetch } from './fetch.ts'
import { makeGenerations } from './generations.ts'
import { attemptsOf } from './store.ts'

/** What a fake provider does with one call; it has departed by then. */
export type Answering = (request: ImageRequest, call: Call) => Promise<Result<Generated, UpstreamFailure>>

/** For tests only: the engine with real rows, real files and real money, and fake providers behind the port. */
export interface Rooms {
  readonly engine: Engine
  readonly admit: ReturnType<typeof makeAdmit>
  readonly recover: () => Promise<number>
  readonly departures: Departures
  /** Another process on the same data, as after a crash of the one that `engine` belongs to. */
  afterDeath(): { readonly engine: Engine; readonly recover: () => Promise<number>; readonly fetch: Fetch }
  readonly fetch: Fetch
  readonly database: Database
  readonly assets: Assets
  readonly book: TestBook
  readonly owner: Owner
  /** Of the asset store. */
  readonly directory: string
  /** Every call that reached a provider, in order. */
  readonly calls: readonly { readonly provider: string; readonly request: ImageRequest }[]
  /** Errors that ended a generation; a test that expects none finds none. */
  readonly crashes: readonly unknown[]
  /** Moves the wall clock. */
  pass(ms: number): void
  /** Starts a generation and waits for its end. */
  generate(request?: Partial<ImageRequest>): Promise<Result<Delivery, Failure>>
  /** The receipt as it was written down, and the rows of its calls. */
  written(id: string): Promise<{ receipt: Receipt; attempts: AttemptRow[]; hold: HoldFacts }>
  /** Lists every generation, newest first. */
  receipts(): Promise<readonly Receipt[]>
}

export interface HoldFacts {
  readonly state: string
  readonly amount: bigint
  readonly charge: bigint | null
  readonly pricing: string
}

export interface RoomsOptions {
  readonly models?: readonly Model[]
  /** By provider slug, in the order of the routes. */
  readonly providers: Readonly<Record<string, Answering>>
  /** What providers do that can be asked about a call, by slug. */
  readonly asking?: Readonly<Record<string, Pick<Provider, 'resume' | 'cancel'>>>
  readonly mode?: Mode
  readonly balance?: bigint
  readonly store?: 'on' | 'off'
  readonly textAllowance?: number
  readonly keepPrompts?: boolean
  readonly reencode?: boolean
  readonly onDifferent?: 'deliver' | 'pro_rata' | 'failover'
  /** Lets a test listen in on the database. */
  readonly watch?: (database: Database) => Database
  /** Lets a test break the asset store. */
  readonly spoil?: (assets: Assets) => Assets
}

/** Opens everything; it is closed and removed when the test file ends. */
export async function makeRooms(options: RoomsOptions): Promise<Rooms> {
  const { models = [tokenModel()], mode = 'test', balance = 100_000_000_000n, store = 'on' } = options
  const root = scratchDirectory()
  const directory = join(root, 'assets')
  const { clock, pass } = movedClock()
  const opened = await openDatabase({ directory: root, clock, onFatal: rethrow })
  const database = options.watch?.(opened) ?? opened
  const real = await makeAssets({ directory, store, db: database, clock, keepImagesDays: 30 })
  const assets = options.spoil?.(real) ?? real
  after(async () => {
    await real.close()
    await opened.close()
    rmSync(root, { recursive: true, force: true })
  })

  const book = await testBook(opened, { mode, balance })
  const { ledger, workspaceId, keyHash } = book
  const calls: { provider: string; request: ImageRequest }[] = []
  const providers = new Map(
    Object.entries(options.providers).map(([id, answer]): [string, Provider] => [
      id,
      {
        id,
        async generate(request, call) {
          calls.push({ provider: id, request })
          call.departing()
          return await answer(request, call)
        },
        ...options.asking?.[id],
      },
    ]),
  )
  const crashes: unknown[] = []
  const parts = {
    catalog: catalogOf(models),
    setup: setupTo(Object.keys(options.providers)),
    routing: { live: makeRouting(clock, makeHealthBook), test: makeRouting(clock, makeForgetfulBook) },
    providers,
    access: async (slug: string) => ({ baseUrl: `https://${slug}.test`, credential: 'secret' }),
    displayName: (slug: string) => `The ${slug} provider`,
    outbound: makeGuardedFetch({ clock }),
    assets,
    ledger,
    database,
    clock,
    settings: {
      onRetired: 'successor',
      onDifferent: options.onDifferent ?? 'deliver',
      deadlineMs: 300_000,
      textAllowance: options.textAllowance ?? 4096,
      keepPrompts: options.keepPrompts ?? true,
      reencode: options.reencode ?? false,
    },
    onCrash: (_id: string, error: unknown) => crashes.push(error),
  } as const
  const processOf = (processId: string) => {
    const departures = openDepartures({ directory: root, processId, clock })
    return { ...makeGenerations({ ...parts, processId, departures }), departures }
  }
  const { admit, engine, fetch, recover, departures } = processOf('this-process')
  const owner: Owner = {
    workspaceId,
    mode,
    keyHash,
    caller: { requestId: 'req-test' },
    surface: 'openrouter/test',
    streamed: false,
  }

  return {
    engine,
    admit,
    recover,
    departures,
    afterDeath: () => processOf('the-next-process'),
    fetch,
    database,
    assets,
    book,
    owner,
    directory,
    calls,
    crashes,
    pass,
    async generate(request) {
      const started = await engine.start(asking(request), owner)
      return started.ok ? await engine.wait(started.value.id, AbortSignal.timeout(10_000)) : started
    },
    async written(id) {
      const receipt = await fetch.receipt(id, owner)
      if (!receipt.ok) throw new Error(receipt.error.message)
      const hold = await opened.db
        .selectFrom('holds')
        .selectAll()
        .where('generation_id', '=', id)
        .executeTakeFirstOrThrow()
      return {
        receipt: receipt.value,
        attempts: await attemptsOf(opened.db, id),
        hold: { state: hold.state, amount: hold.amount_nanos, charge: hold.charge_nanos, pricing: hold.pricing },
      }
    },
    async receipts() {
      const page = await fetch.receipts(owner, 100, undefined)
      if (!page.ok) throw new Error(page.error.message)
      return page.value.receipts
    },
  }
}

/** A request for one picture by one user turn. */
export function asking(request: Partial<ImageRequest> = {}): ImageRequest {
  return { model: 'test/tokens', turns: [{ role: 'user', parts: [{ type: 'text', text: 'a fox' }] }], ...request }
}

/** 1,000 tokens a picture at 30 µ$, text at 3 µ$, input at 1 µ$; one picture per call; served by `first`, then by `second`. */
export function tokenModel(more: Partial<Model> = {}): Model {
  return {
    id: 'test/tokens',
    name: 'Tokens',
    author: 'test',
    description: 'Priced by the token.',
    created: 0,
    aliases: [],
    status: 'active',
    openWeights: false,
    modes: ['generate', 'edit'],
    inputModalities: ['text', 'image'],
    outputModalities: ['image'],
    routes: [
      { provider: 'first', model: 'tokens-at-first' },
      { provider: 'second', model: 'tokens-at-second' },
    ],
    pricing: {
      basis: 'token',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [
        { billable: 'output_image', unit: 'token', usd: '0.00003' },
        { billable: 'output_text', unit: 'token', usd: '0.000003' },
        { billable: 'input_text', unit: 'token', usd: '0.000001' },
        { billable: 'input_image', unit: 'token', usd: '0.000001' },
      ],
      note: undefined,
    },
    aspectRatios: 'any',
    tiers: ['1K', '2K'],
    maxReferences: 4,
    maxNPerCall: 1,
    supports: { mask: false, seed: true, transparentBackground: false, negativePrompt: false, streaming: false },
    formats: ['png'],
    tokens: { outputPerImage: { '1K': 1000, '2K': 1500 }, inputPerImage: 500 },
    sources: [],
    asOf: '2026-11-22',
    notes: undefined,
    ...more,
  }
}

/** Four cents a picture, up to four of them in one call. */
export function imageModel(more: Partial<Model> = {}): Model {
  const { tokens: _, ...rest } = tokenModel()
  return {
    ...rest,
    id: 'test/images',
    maxNPerCall: 4,
    pricing: {
      basis: 'image',
      version: '2026-11-22.1',
      confidence: 'high',
      entries: [{ billable: 'output_image', unit: 'image', usd: '0.04' }],
      note: undefined,
    },
    ...more,
  }
}

/** Usage of one usual picture: 1,000 tokens of it, 100 of words, 10 of prompt. It costs 0.03031 at the prices above. */
export const USUAL: TokenUsage = {
  inputTokens: 10,
  inputTextTokens: 10,
  inputImageTokens: 0,
  outputTokens: 1100,
  outputImageTokens: 1000,
  thoughtTokens: 0,
}

export function delivering(pictures: readonly Buffer[], more: Partial<Generated> = {}): Answering {
  return async () => ok(generatedOf(pictures, more))
}

export function generatedOf(pictures: readonly Buffer[], more: Partial<Generated> = {}): Generated {
  return { images: pictures.map((bytes) => ({ blob: base64Blob(bytes) })), usage: USUAL, ...more }
}

export function failing(failure: Partial<UpstreamFailure>): Answering {
  return async () => err({ kind: 'unavailable', billed: 'no', message: 'It is down.', raw: '', ...failure })
}

/** Waits for `open` before it answers. */
export function gated(answer: Answering) {
  const gate = Promise.withResolvers<void>()
  const reached = Promise.withResolvers<void>()
  const answering: Answering = async (request, call) => {
    reached.resolve()
    await gate.promise
    return await answer(request, call)
  }
  return { answering, reached: reached.promise, open: gate.resolve }
}

export function idOf(outcome: Result<Delivery, Failure>): GenerationId {
  if (!outcome.ok) throw new Error(outcome.error.message)
  return outcome.value.receipt.id as GenerationId
}

function movedClock(): { clock: Clock; pass: (ms: number) => void } {
  let offset = SUNDAY - systemClock.now()
  return {
    clock: { ...systemClock, now: () => systemClock.now() + offset },
    pass: (ms) => {
      offset += ms
    },
  }
}

function setupTo(providers: readonly string[]): Setup {
  const isKnown = (provider: string) => providers.includes(provider)
  return {
    isImplemented: isKnown,
    credentials: (provider) => (isKnown(provider) ? 1 : 0),
    isSimulated: isKnown,
    settingsOf: () => [],
    passThrough: () => [],
    limitsOf: () => undefined,
    slugOf: (name) => name,
    keepsData: () => 'unknown',
    simulatedModels: [],
    operatorOrder: [],
  }
}

function rethrow(error: Error): never {
  throw error
}
