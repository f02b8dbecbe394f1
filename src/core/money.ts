/** US dollars in nano-dollars: 1 USD = 1_000_000_000n. */
export type Nanos = bigint & { readonly __unit: 'nanos' }

export const NANOS_PER_USD = 1_000_000_000n

export const ZERO = 0n as Nanos

/** A price as a pair, never a pre-divided fraction: `rate` for every `per` units. */
export interface Rate {
  readonly rate: Nanos
  readonly per: bigint
}

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/

/**
 * Dollars written as a decimal string, as exact nanos. Throws on anything but digits with at most nine significant decimals:
 * a price that does not fit the ledger's scale is a mistake in data, not a thing to round. Use `rateOf` for finer prices.
 */
export function usd(decimal: string): Nanos {
  const { rate, per } = rateOf(decimal)
  if (per !== 1n) throw new RangeError(`${decimal} USD is finer than a nano-dollar`)
  return rate
}

/** Dollars per unit written as a decimal string of any precision, as an exact rate: `0.0000000013` is 13 nanos per 10 units. */
export function rateOf(decimal: string): Rate {
  const match = DECIMAL.exec(decimal)
  if (match === null) throw new RangeError(`not a decimal number: ${JSON.stringify(decimal)}`)
  const [, sign = '', whole = '0', written = ''] = match
  const fraction = written.replace(/0+$/, '')
  const digits = BigInt(whole + fraction.padEnd(9, '0'))
  const per = 10n ** BigInt(Math.max(0, fraction.length - 9))
  return { rate: (sign === '-' ? -digits : digits) as Nanos, per }
}

/** Price of `count` units at `rate` per `per` units. Rounds up, once: we never undercharge by a fraction. */
export function priceOf(count: bigint, { rate, per }: Rate): Nanos {
  return ((count * rate + per - 1n) / per) as Nanos
}

export function sum(amounts: Iterable<Nanos>): Nanos {
  let total = 0n
  for (const amount of amounts) total += amount
  return total as Nanos
}

export function add(a: Nanos, b: Nanos): Nanos {
  return (a + b) as Nanos
}

export function subtract(a: Nanos, b: Nanos): Nanos {
  return (a - b) as Nanos
}

/** Decimal dollars without trailing zeros, exact: the form in which money leaves Plantain. `0.0336`, `-1.5`, `0`. */
export function formatUsd(nanos: Nanos): string {
  return decimalText(nanos, 9)
}

/** Dollars per single unit, exact to the last digit: the `unit_price_usd` of a receipt line. */
export function formatRate({ rate, per }: Rate): string {
  const digits = String(per).length - 1
  if (per !== 10n ** BigInt(digits)) throw new RangeError(`a rate's denominator is a power of ten, not ${per}`)
  return decimalText(rate, 9 + digits)
}

/** Dollars as a JSON number, for wire formats that demand one (OpenRouter's `usage.cost`). Never read back into the ledger. */
export function usdNumber(nanos: Nanos): number {
  return Number(formatUsd(nanos))
}

function decimalText(value: bigint, scale: number): string {
  const sign = value < 0n ? '-' : ''
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
  const fraction = digits.slice(-scale).replace(/0+$/, '')
  return `${sign}${digits.slice(0, -scale)}${fraction && `.${fraction}`}`
}
