import type { JsonBlob } from './json-blob.ts'

/**
 * The receipt: what was asked, delivered and charged, to the nano-dollar. It is a wire document and has one shape everywhere:
 * this is what `GET /api/v1/generations/{id}` answers, and what is written down when a generation ends. Dollars are decimal
 * strings; `lines` sum exactly to `charge_usd`.
 */
export interface Receipt {
  readonly id: string
  /** `held` and `running` are answered while the work goes on; a written receipt is `settled` or `voided`. */
  readonly status: 'held' | 'running' | 'stored' | 'settled' | 'voided'
  readonly mode: Mode
  readonly created_at: string
  readonly finished_at: string | null
  readonly model: { readonly requested: string; readonly served: string; readonly version: string | null }
  readonly requested: {
    readonly n: number
    readonly resolution: string | null
    readonly aspect_ratio: string | null
    readonly format: string | null
  }
  readonly delivered: number
  readonly images: readonly ReceiptImage[]
  readonly lines: readonly ReceiptLine[]
  readonly price_version: string
  readonly hold_usd: string
  readonly charge_usd: string
  /** What the provider took from the operator: its own figure where it reports one, else the list price of what it reported. */
  readonly provider_cost_usd: string
  /**
   * What the caller was spared, by kind. `hold_cap`: usage beyond the hold, which the operator bears. `pro_rata`: pixels that were asked
   * and did not come, where the operator's setting says so.
   */
  readonly savings: readonly { readonly kind: string; readonly usd: string }[]
  readonly attempts: readonly ReceiptAttempt[]
  /** Every route that could have served it, in the order of the plan, and why it was taken, moved back or left out. */
  readonly routes: readonly ReceiptRoute[]
  /** Where what was delivered is not what was asked. */
  readonly differences: readonly Difference[]
  readonly warnings: readonly Warning[]
  /** Whether the pictures can be fetched again. */
  readonly stored: boolean
  readonly error: ReceiptError | null
  /** Only while it runs; null as long as its provider has not told anything. */
  readonly progress?: ReceiptProgress | null
}

export interface ReceiptProgress {
  /** 0 to 1. */
  readonly fraction: number | null
  readonly message: string | null
  /** Calls before this one at the provider. */
  readonly queue_position: number | null
}

export type Mode = 'live' | 'test'

export interface ReceiptImage {
  readonly index: number
  readonly sha256: string
  readonly media_type: string
  readonly width: number
  readonly height: number
  readonly bytes: number
  /** Media type of the provider's original, when the caller asked for another format and it was converted here. */
  readonly converted_from: string | null
  readonly url: string | null
  readonly expires_at: string | null
}

export interface ReceiptLine {
  readonly billable: Billable
  readonly unit: Unit
  readonly quantity: string
  readonly unit_price_usd: string
  readonly usd: string
}

export type Billable = 'output_image' | 'output_text' | 'input_text' | 'input_image'
export type Unit = 'token' | 'image' | 'megapixel' | 'request'

export interface ReceiptAttempt {
  readonly n: number
  readonly provider: string
  readonly model: string
  /** Why this call was made: `first`, `other: the provider answered 503`. */
  readonly why: string
  readonly state: AttemptState
  readonly status: number | null
  readonly sent_at: string
  readonly ms: number | null
  readonly upstream_id: string | null
}

export interface ReceiptRoute {
  readonly provider: string
  /** The provider's own id of the model. */
  readonly model: string
  /** The catalogue's id of the model. */
  readonly served: string
  readonly taken: boolean
  readonly why: string
}

export interface Difference {
  /** Index of the picture; null for what concerns all of them. */
  readonly image: number | null
  readonly field: 'n' | 'size' | 'aspect_ratio' | 'resolution'
  readonly asked: string
  readonly delivered: string
}

export type AttemptState = 'sent' | 'ok' | 'not_billed' | 'billed_no_output' | 'unknown'

export interface Warning {
  readonly code: string
  readonly field: string | null
  readonly message: string
}

export interface ReceiptError {
  readonly code: string
  readonly status: number
  readonly message: string
}

/** Tokens as the provider reported them, summed over the calls that are charged. All counts are whole numbers. */
export interface TokenUsage {
  /** Text and pictures going in. */
  readonly inputTokens: number
  readonly inputTextTokens: number
  readonly inputImageTokens: number
  /** Everything coming out: pictures, words and thoughts. */
  readonly outputTokens: number
  readonly outputImageTokens: number
  readonly thoughtTokens: number
}

export const NO_TOKENS: TokenUsage = {
  inputTokens: 0,
  inputTextTokens: 0,
  inputImageTokens: 0,
  outputTokens: 0,
  outputImageTokens: 0,
  thoughtTokens: 0,
}

/** A finished generation as a surface presents it: the receipt, and beside it what is too heavy or too dialect-bound to be in it. */
export interface Delivery {
  readonly receipt: Receipt
  /** One per `receipt.images`, in order. */
  readonly pictures: readonly JsonBlob[]
  /** Words that came with the pictures. */
  readonly text: string | undefined
  readonly usage: TokenUsage
  /** Display name of the provider that served it, `Google AI Studio`. */
  readonly provider: string
  /** The provider's own word for why it stopped, `STOP`. */
  readonly nativeFinishReason: string | undefined
}

/** Something to show while a generation runs. Never billed, never stored. */
export type Progress =
  | {
      readonly type: 'status'
      readonly fraction?: number
      readonly message?: string
      /** Calls before this one at the provider. */
      readonly queuePosition?: number
    }
  | { readonly type: 'preview'; readonly index: number; readonly picture: JsonBlob }

/** The one shape in which progress reaches a caller, on a poll as in a stream. */
export function toldProgress({ fraction, message, queuePosition }: Told): ReceiptProgress {
  return { fraction: fraction ?? null, message: message ?? null, queue_position: queuePosition ?? null }
}

type Told = Omit<Extract<Progress, { type: 'status' }>, 'type'>
