import type { QueryExecutorProvider } from 'kysely'

export type Engine = 'sqlite' | 'postgres'

/** One step of the schema. Runs in a transaction on both engines; never edited once released. */
export interface Migration {
  readonly number: number
  readonly name: string
  /** Raw SQL only: today's schema type knows nothing of the tables of its time. */
  up(trx: QueryExecutorProvider, engine: Engine): Promise<void>
}
