/** One value as every store sees it, whatever engine it came from. */
export type StoredValue = string | number | bigint | Uint8Array | null

/**
 * What the driver read, by the name of its column or alias: what ends in `_nanos` is a bigint, every other number a number.
 * Neither driver can tell by type (`sum` of a bigint is `numeric` on PostgreSQL). Throws on an integer that a number cannot hold.
 */
export function storedValue(column: string, value: unknown): StoredValue {
  if (value === null || typeof value === 'string' || value instanceof Uint8Array) return value
  if (column.endsWith('_nanos')) {
    if (typeof value === 'bigint') return value
    if (typeof value === 'number') return BigInt(value)
  }
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return exactNumber(column, value)
  if (typeof value === 'boolean') return value ? 1 : 0
  throw new TypeError(`${column} came back as ${typeof value}, which no column is stored as`)
}

function exactNumber(column: string, value: bigint): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new RangeError(`${column} holds ${value}, too large for a number`)
  return number
}
