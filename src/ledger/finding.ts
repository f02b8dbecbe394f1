/** One thing that must not be. An honest ledger has none. */
export interface Finding {
  /** Number of the broken rule, `A1`. */
  readonly check: string
  /** The transaction, account, hold, key, asset, generation or call it was found at. */
  readonly subject: string
  /** The rule, what was found and what it should be. */
  readonly message: string
}

/** Findings per rule that are reported: what breaks a rule often breaks it everywhere, and people read the report. */
export const REPORTED = 100
