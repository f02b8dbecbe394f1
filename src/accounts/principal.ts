/** Who is calling: an API key that was found, is not disabled and has not expired. */
export interface Principal {
  /** SHA-256 of the key's full text, lower-case hex. */
  readonly keyHash: string
  readonly workspaceId: string
  readonly mode: 'live' | 'test' | 'admin'
  /** Masked, safe to log: `sk-pl-live-ab12…9xyz`. */
  readonly label: string
  /** Whether it is the command line of whoever owns the data: the local key, never a key of the database. */
  readonly isLocal?: true
}
