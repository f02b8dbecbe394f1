import type { Compilable, CompiledQuery, Kysely, QueryResult } from 'kysely'

import type { Schema } from './schema.ts'

/** Stands for a value until the query is run: a column of one of the rows it is run with. */
class Placeholder {
  readonly row: number
  readonly column: string

  constructor(row: number, column: string) {
    this.row = row
    this.column = column
  }
}

type Value<Values> = <Name extends keyof Values & string>(name: Name) => Values[Name]

type Run<Values, Row> = (db: Kysely<Schema>, values: Values) => Promise<QueryResult<Row>>

/**
 * A query of the hot path: built and compiled by Kysely once per engine, then only run with new values. Building costs more than
 * SQLite takes for the whole statement. `value(name)` may stand wherever a single value may; the shape of the query must not depend
 * on the values.
 */
export function prepared<Values extends object, Row = unknown>(
  build: (db: Kysely<Schema>, value: Value<Values>) => Compilable<Row>,
): Run<Values, Row> {
  const run = compiledOnce<Values, Row>((db) => build(db, (name) => placeholder(0, name)))
  return (db, values) => run(db, [values])
}

/** The same for an insert of whole rows, compiled once for every number of rows. */
export function preparedRows<Values extends object>(
  columns: readonly (keyof Values & string)[],
  build: (db: Kysely<Schema>, rows: readonly Values[]) => Compilable,
): Run<readonly Values[], unknown> {
  return compiledOnce<Values, unknown>((db, count) =>
    build(
      db,
      Array.from(
        { length: count },
        (_, row) => Object.fromEntries(columns.map((column) => [column, placeholder(row, column)])) as Values,
      ),
    ),
  )
}

function compiledOnce<Values extends object, Row>(
  build: (db: Kysely<Schema>, count: number) => Compilable<Row>,
): Run<readonly Values[], Row> {
  const compiled = new WeakMap<object, Map<number, CompiledQuery<Row>>>()
  return (db, rows) => {
    const { adapter } = db.getExecutor()
    const byCount = compiled.get(adapter) ?? new Map<number, CompiledQuery<Row>>()
    compiled.set(adapter, byCount)
    const query = byCount.get(rows.length) ?? build(db, rows.length).compile()
    byCount.set(rows.length, query)
    const parameters = query.parameters.map((parameter) =>
      parameter instanceof Placeholder ? rows[parameter.row]?.[parameter.column as keyof Values] : parameter,
    )
    return db.executeQuery({ ...query, parameters })
  }
}

/** The builder passes a value through untouched, so whatever type it is taken for, the placeholder comes out among the parameters. */
function placeholder(row: number, column: string): never {
  return new Placeholder(row, column) as never
}
