/** One way to break a promise on purpose, and the tests that have to notice. */
export interface Sabotage {
  /** Number of the promise, `M1`, or what design.md promises. */
  readonly promise: string
  /** What the edits do to it, in words. */
  readonly deed: string
  readonly edits: readonly Edit[]
  /** Test files that must go red. */
  readonly tests: readonly string[]
  /** Only the tests with such names, where a file has slow ones. */
  readonly only?: string
  /** For what is broken in the engine itself, or needs its server: the tests get TEST_DATABASE_URL. Otherwise SQLite alone is tried. */
  readonly needsPostgres?: true
  /** Cheap enough to be tried at every `npm test`. */
  readonly quick?: true
}

export interface Edit {
  readonly file: string
  /** Stands exactly once in the file. */
  readonly find: string
  readonly put: string
}
