/**
 * Every table, once, for both engines. Text ids, epoch milliseconds, integer booleans, JSON as text. A column or alias ending
 * in `_nanos` is `bigint`, everything else a number or text; db/ converts by that name on both engines.
 */
export interface Schema {
  workspaces: WorkspaceRow
  api_keys: ApiKeyRow
  key_spend: KeySpendRow
  balances: BalanceRow
  transactions: TransactionRow
  postings: PostingRow
  holds: HoldRow
  generations: GenerationRow
  attempts: AttemptRow
  assets: AssetRow
  generation_images: GenerationImageRow
  continuations: ContinuationRow
  idempotency_keys: IdempotencyKeyRow
  settings: SettingRow
}

export interface WorkspaceRow {
  id: string
  name: string
  is_default: number
  created_at: number
}

export interface ApiKeyRow {
  /** SHA-256 of the key's full text, lower-case hex. The text itself is nowhere. */
  hash: string
  workspace_id: string
  name: string
  label: string
  mode: 'live' | 'test' | 'admin'
  disabled: number
  deleted_at: number | null
  limit_nanos: bigint | null
  limit_reset: 'daily' | 'weekly' | 'monthly' | null
  expires_at: number | null
  created_at: number
  updated_at: number | null
}

/** Spend of a key in one UTC window: `total`, `day:2026-11-22`, `week:2026-11-16` (its Monday), `month:2026-11`. A hold counts in the windows of the moment it was made. */
export interface KeySpendRow {
  key_hash: string
  window: string
  held_nanos: bigint
  settled_nanos: bigint
}

/** A cache of the postings, changed in the same transaction as they are. */
export interface BalanceRow {
  account: string
  balance_nanos: bigint
}

export interface TransactionRow {
  id: string
  kind: string
  /** Makes a retry free: the second insert of the same key is no transaction at all. */
  idempotency_key: string
  generation_id: string | null
  created_at: number
}

/** Append-only; a trigger refuses UPDATE and DELETE on both engines. */
export interface PostingRow {
  id: string
  transaction_id: string
  account: string
  amount_nanos: bigint
}

export interface HoldRow {
  generation_id: string
  workspace_id: string
  mode: 'live' | 'test'
  key_hash: string
  amount_nanos: bigint
  /** Where the amount came from and its rest returns to: the prepaid balance, or the operator's own funds (metered). */
  funded_by: 'balance' | 'operator'
  state: 'pending' | 'posted' | 'voided'
  charge_nanos: bigint | null
  /** The prices in force when the hold was made, JSON: the charge uses these and no others. */
  pricing: string
  created_at: number
  resolved_at: number | null
}

export interface GenerationRow {
  id: string
  workspace_id: string
  mode: 'live' | 'test'
  key_hash: string
  status: 'held' | 'running' | 'stored' | 'settled' | 'voided'
  /** The process that runs it and until when it may be trusted to; the sweep takes over what has lapsed. */
  owner: string
  lease_until: number
  deadline_at: number
  surface: string
  streamed: number
  model_requested: string
  model_served: string
  provider: string | null
  /** The request without bytes, JSON: pictures stand as their facts. Null where prompts are not kept. */
  request: string | null
  references_count: number
  /** CallerFacts, JSON. */
  caller: string
  /** What was agreed before anything was sent (Terms), JSON. */
  terms: string
  /** The last progress that its provider reported, JSON; written at most once a second. */
  progress: string | null
  /** 1 once somebody asked another node to cancel it. */
  cancel_asked: number
  /** The receipt, JSON, once the generation has ended. */
  receipt: string | null
  /** Why there is no picture, as the first caller was told it (Failure), JSON. */
  failure: string | null
  /** TokenUsage, JSON. */
  usage: string | null
  text: string | null
  native_finish_reason: string | null
  created_at: number
  finished_at: number | null
}

/** One row per paid upstream call, committed and durable before its first byte leaves. */
export interface AttemptRow {
  id: string
  generation_id: string
  n: number
  provider: string
  model: string
  /** Which of the provider's credentials, by its place in the setting. */
  credential: number
  /** Why this call was made: `first`, `other: the provider answered 503`. */
  why: string
  state: 'sent' | 'ok' | 'not_billed' | 'billed_no_output' | 'unknown'
  status: number | null
  upstream_id: string | null
  /** What the provider took for it, as far as known. */
  cost_nanos: bigint | null
  error: string | null
  sent_at: number
  finished_at: number | null
  ms: number | null
}

/** One row per distinct picture. Small pictures live in `inline`, the others in a file named by their hash. */
export interface AssetRow {
  sha256: string
  media_type: string
  width: number
  height: number
  bytes: number
  inline: Uint8Array | null
  created_at: number
}

/** Who names an asset. A file goes when no row here names it. */
export interface GenerationImageRow {
  generation_id: string
  /** `output` reaches the caller, `original` is what an output was converted from, `reference` came in with the request. */
  role: 'output' | 'original' | 'reference'
  position: number
  sha256: string
  converted_from: string | null
  created_at: number
  expires_at: number
}

/** What a provider wants to see again with a picture that it made (thought signatures), for 24 hours. */
export interface ContinuationRow {
  workspace_id: string
  mode: 'live' | 'test'
  model: string
  sha256: string
  token: string
  expires_at: number
}

/** What a caller's `Idempotency-Key` means: one generation, whose row is written in the same transaction. */
export interface IdempotencyKeyRow {
  workspace_id: string
  mode: 'live' | 'test'
  /** Method and route: `POST /api/v1/images`. */
  scope: string
  key: string
  /** SHA-256 of what was asked, hex. */
  fingerprint: string
  generation_id: string
  created_at: number
  /** Null until the generation has ended. */
  expires_at: number | null
}

export interface SettingRow {
  name: string
  value: string
}
