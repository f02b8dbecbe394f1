import type { Charge } from '../catalog/charge.ts'
import { add, formatUsd, type Nanos, priceOf, rateOf, subtract, ZERO } from '../core/money.ts'
import type { Billable, ReceiptLine } from '../core/receipt.ts'

export interface Capped {
  readonly charge: Charge
  /** What the charge would have been beyond the hold: the operator bears it, the receipt names it. */
  readonly saved: Nanos
}

/** What keeps its place longest. Words and thoughts are what outgrows an allowance, so they give way first. */
const KEPT_FIRST: readonly Billable[] = ['output_image', 'input_image', 'input_text', 'output_text']

/**
 * A charge that is never above its hold: our estimate was too low, so the rest is ours. Lines are cut to whole units, so that each
 * still is quantity times price and they still sum to the charge, which may then be up to a unit below the hold.
 */
export function capped(charge: Charge, hold: Nanos): Capped {
  if (charge.total <= hold) return { charge, saved: ZERO }
  const fitted = new Map<ReceiptLine, ReceiptLine>()
  let total = ZERO
  for (const line of charge.lines.toSorted((a, b) => place(a) - place(b))) {
    const { quantity, amount } = fit(line, subtract(hold, total))
    total = add(total, amount)
    if (quantity > 0n) fitted.set(line, { ...line, quantity: String(quantity), usd: formatUsd(amount) })
  }
  const lines = charge.lines.flatMap((line) => fitted.get(line) ?? [])
  return { charge: { ...charge, lines, total }, saved: subtract(charge.total, total) }
}

function place({ billable }: ReceiptLine): number {
  return KEPT_FIRST.indexOf(billable)
}

/** As many whole units of a line as the room allows. */
function fit({ quantity, unit_price_usd: price }: ReceiptLine, room: Nanos): { quantity: bigint; amount: Nanos } {
  const rate = rateOf(price)
  const asked = BigInt(quantity)
  const most = rate.rate === 0n ? asked : (room * rate.per) / rate.rate
  const units = most < asked ? most : asked
  return { quantity: units, amount: priceOf(units, rate) }
}
