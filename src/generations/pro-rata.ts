import type { Charge } from '../catalog/charge.ts'
import { formatUsd, type Nanos, sum, usd } from '../core/money.ts'
import type { ReceiptLine } from '../core/receipt.ts'

const PARTS = 1_000_000

/**
 * A charge for the share of the asked pixels that came. Pictures and megapixels are scaled, their quantities becoming fractions; tokens
 * are not: fewer pixels were fewer tokens already. Each line is rounded up once.
 */
export function proRata(charge: Charge, share: number): Charge {
  if (share >= 1) return charge
  const parts = BigInt(Math.ceil(share * PARTS))
  const lines = charge.lines.map((line): ReceiptLine => (line.unit === 'token' ? line : scaled(line, parts)))
  return { ...charge, lines, total: sum(lines.map((line) => usd(line.usd))) }
}

function scaled(line: ReceiptLine, parts: bigint): ReceiptLine {
  const whole = BigInt(PARTS)
  const amount = ((usd(line.usd) * parts + whole - 1n) / whole) as Nanos
  const quantity = Number(line.quantity) * (Number(parts) / PARTS)
  return { ...line, quantity: String(Number(quantity.toFixed(6))), usd: formatUsd(amount) }
}
