import type { ImageRequest } from './image-request.ts'
import type { Nanos } from './money.ts'
import type { Mode, Receipt, ReceiptRoute, TokenUsage } from './receipt.ts'

/** How often a key's limit starts over, at 00:00 UTC; weeks begin on Monday. */
export type LimitReset = 'daily' | 'weekly' | 'monthly'

/** A question that a surface can put without generating anything. `http/` answers it from the rooms that know. */
export type Ask =
  | { readonly ask: 'key' }
  | {
      readonly ask: 'keys.list'
      readonly includeDisabled: boolean
      readonly offset: number
      readonly limit: number
      readonly workspaceId?: string
    }
  | { readonly ask: 'keys.create'; readonly key: NewKey }
  | { readonly ask: 'keys.get'; readonly hash: string }
  | { readonly ask: 'keys.update'; readonly hash: string; readonly change: KeyChange }
  | { readonly ask: 'keys.delete'; readonly hash: string }
  | { readonly ask: 'credits' }
  | { readonly ask: 'balance' }
  | { readonly ask: 'credits.add'; readonly grant: CreditGrant }
  | { readonly ask: 'audit' }
  | { readonly ask: 'generation'; readonly id: string }
  | { readonly ask: 'content'; readonly id: string }
  | { readonly ask: 'receipt'; readonly id: string }
  | { readonly ask: 'cancel'; readonly id: string }
  | { readonly ask: 'receipts'; readonly limit: number; readonly cursor?: string }
  | { readonly ask: 'estimate'; readonly request: ImageRequest }
  | { readonly ask: 'providers.health' }

/** What each ask is answered with, when it is answered. Catalogue questions are not asks: surfaces read the catalogue themselves. */
export interface Answers {
  readonly key: KeyFacts
  readonly 'keys.list': readonly KeyFacts[]
  readonly 'keys.create': { readonly facts: KeyFacts; /** The full text, shown this once. */ readonly key: string }
  readonly 'keys.get': KeyFacts
  readonly 'keys.update': KeyFacts
  readonly 'keys.delete': { readonly deleted: true }
  readonly credits: { readonly totalCredits: Nanos; readonly totalUsage: Nanos }
  /** Of the key's own mode; an admin key sees both. */
  readonly balance: readonly Balance[]
  readonly 'credits.add': Balance
  /** Empty when every sum is right. */
  readonly audit: readonly { readonly check: string; readonly subject: string; readonly message: string }[]
  readonly generation: GenerationFacts
  readonly content: GenerationContent
  readonly receipt: Receipt
  /** Voided; what could not be cancelled is a failure. */
  readonly cancel: Receipt
  readonly receipts: { readonly receipts: readonly Receipt[]; readonly cursor: string | undefined }
  readonly estimate: Estimate
  readonly 'providers.health': ProvidersHealth
}

export interface NewKey {
  readonly name: string
  /** Absent: live. An admin key is made for the local command line alone. */
  readonly mode?: Mode | 'admin'
  readonly limit?: Nanos
  readonly limitReset?: LimitReset
  /** Epoch milliseconds. */
  readonly expiresAt?: number
  readonly workspaceId?: string
}

export interface CreditGrant {
  readonly amount: Nanos
  readonly mode: Mode
  /** From now on live traffic is paid from this balance instead of the operator's own funds. */
  readonly prepaid: boolean
  /** The same text adds the money once. */
  readonly idempotencyKey: string
}

export interface Balance {
  readonly mode: Mode
  readonly available: Nanos
  readonly held: Nanos
  /** How live traffic is paid; the test balance is always prepaid. */
  readonly liveMode: 'metered' | 'prepaid'
}

/** Absent leaves a field as it is; `null` clears it. */
export interface KeyChange {
  readonly name?: string
  readonly disabled?: boolean
  readonly limit?: Nanos | null
  readonly limitReset?: LimitReset | null
}

export interface KeyFacts {
  /** SHA-256 of the key's full text, lower-case hex: its public id. */
  readonly hash: string
  readonly name: string
  /** Masked form, safe to show: `sk-pl-live-ab12…9xyz`. */
  readonly label: string
  readonly mode: Mode | 'admin'
  readonly disabled: boolean
  readonly limit: Nanos | undefined
  readonly limitReset: LimitReset | undefined
  /** Never below zero. Open holds count as spent. */
  readonly limitRemaining: Nanos | undefined
  readonly usage: { readonly total: Nanos; readonly daily: Nanos; readonly weekly: Nanos; readonly monthly: Nanos }
  readonly createdAt: number
  readonly updatedAt: number | undefined
  readonly expiresAt: number | undefined
  readonly workspaceId: string
}

/** A receipt with what OpenRouter's `GET /generation` tells beside it. */
export interface GenerationFacts {
  readonly receipt: Receipt
  readonly usage: TokenUsage
  /** Display name. */
  readonly provider: string | undefined
  readonly streamed: boolean
  readonly finishReason: string | undefined
  readonly nativeFinishReason: string | undefined
  readonly references: number
  readonly caller: CallerFacts
  readonly workspaceId: string
}

/** What a caller's headers and body said about who is calling; written with the generation, never logged. */
export interface CallerFacts {
  readonly referer?: string
  readonly title?: string
  readonly origin?: string
  readonly userAgent?: string
  readonly user?: string
  readonly sessionId?: string
  readonly requestId: string
}

export interface GenerationContent {
  /** The conversation without picture bytes, or undefined where prompts are not kept. */
  readonly turns: readonly { readonly role: string; readonly text: string; readonly images: number }[] | undefined
  readonly completion: string | undefined
  readonly error: Receipt['error']
  readonly provider: string | undefined
}

export interface Estimate {
  /** `served` is the model of the first route. */
  readonly model: { readonly requested: string; readonly served: string }
  /** What the dearest of the routes that may be tried would hold. */
  readonly hold: Nanos
  /** What the pictures alone cost at the list price of the first route, without prompt and words. */
  readonly typical: Nanos
  /** Of the first route. */
  readonly priceVersion: string
  readonly routes: readonly EstimatedRoute[]
  readonly warnings: Receipt['warnings']
}

/** A route as the receipt would tell it, with its prices where it may be tried. */
export interface EstimatedRoute extends ReceiptRoute {
  readonly price?: { readonly hold: Nanos; readonly typical: Nanos }
}

/** What this process has learned about the providers it called. Times are epoch milliseconds. */
export interface ProvidersHealth {
  readonly retries: {
    /** Of the last minute: runs that began, and attempts after the first. */
    readonly calls: number
    readonly retries: number
    readonly inFlight: number
    /** Retries that the budget still allows. */
    readonly left: number
    /** Since the start. */
    readonly totals: {
      readonly retries: number
      readonly refused: { readonly retries: number; readonly ambiguous: number }
    }
  }
  readonly providers: readonly ProviderHealth[]
}

export interface ProviderHealth {
  readonly provider: string
  readonly inFlight: number
  readonly queued: number
  /** Attempts after a failure that may have been charged, in the last ten minutes. */
  readonly ambiguous: { readonly used: number; readonly left: number }
  readonly models: readonly ModelHealth[]
}

export interface ModelHealth {
  /** The provider's own id. */
  readonly model: string
  readonly state: 'good' | 'outage' | 'ejected'
  /** Of the last good calls; undefined while there are too few to tell. */
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
  /** Calls since the start by how they ended. */
  readonly outcomes: Readonly<Record<'good' | 'fault' | 'limited' | 'denied' | 'neutral', number>>
  readonly credentials: readonly CredentialHealth[]
}

export interface CredentialHealth {
  /** Its position in the setting, from 0. */
  readonly credential: number
  readonly breaker: 'closed' | 'open' | 'half_open'
  readonly openUntil: number | undefined
  /** Of the last two minutes. */
  readonly calls: number
  readonly failures: number
  readonly failuresInRow: number
  readonly rateLimitedUntil: number | undefined
  /** The provider did not accept the credential; it is passed over until then. */
  readonly deniedUntil: number | undefined
}
