import { add, formatRate, formatUsd, type Nanos, priceOf, rateOf, ZERO } from '../core/money.ts'
import type { Billable, ReceiptLine } from '../core/receipt.ts'
import type { Model, PriceEntry } from './model.ts'
import {
  additionalFor,
  dearestFor,
  entryFor,
  expectedTokens,
  heldTokens,
  lookedUp,
  type Looked,
  PIXELS_PER_MEGAPIXEL,
  pixelsOf,
  type PriceSnapshot,
  type PriceTraits,
  snapshotOf,
} from './price.ts'
import { areaOf, readTier } from './tier.ts'

export interface QuoteRequest extends PriceTraits {
  /** Pictures wanted. */
  readonly n: number
  /** UTF-8 bytes of all prompt text: no tokenizer makes more tokens than bytes. */
  readonly promptBytes: number
  /** Pictures sent along, the mask included. */
  readonly references: number
}

export interface Quote {
  /** What is held before anything is sent: enough for the dearest outcome that the request allows. */
  readonly hold: Nanos
  /** What the pictures cost at list price when everything goes as usual: no words, no thoughts. */
  readonly typical: Nanos
  /** How the hold is made up; they sum to it. */
  readonly lines: readonly ReceiptLine[]
}

/** Tokens of words and thoughts that a hold covers per call, unless the operator says otherwise. */
const TEXT_ALLOWANCE = 4096

/** Megapixels of a picture whose size nobody knows beforehand, at most: what the largest megapixel-priced models make. */
const MOST_MEGAPIXELS = 4

/**
 * What a request would cost at most and usually. Every call sends the prompt and the references again, so n pictures by n calls
 * hold them n times. Throws on an unpriced model: admission never lets one through.
 */
export function quote(model: Model, request: QuoteRequest, textAllowance: number = TEXT_ALLOWANCE): Quote {
  const price = snapshotOf(model)
  if (price.basis === 'unpriced') throw new RangeError(`${model.id} has no price to quote`)
  const calls = Math.ceil(request.n / model.maxNPerCall)
  const looked = lookedUp(price, request, request.references > 0)
  const sum = makeSum()
  if (price.basis === 'token') holdTokens(price, looked, { ...request, calls, textAllowance }, sum)
  else holdPictures(price, looked, { ...request, calls }, sum)
  return { hold: sum.total(), typical: typicalOf(price, looked, request), lines: sum.lines() }
}

function holdTokens(
  price: PriceSnapshot,
  looked: Looked,
  {
    n,
    calls,
    promptBytes,
    references,
    textAllowance,
  }: QuoteRequest & { readonly calls: number; readonly textAllowance: number },
  sum: Sum,
): void {
  const quantities: Record<Billable, number> = {
    output_image: n * heldTokens(price, looked),
    output_text: calls * textAllowance,
    input_text: calls * promptBytes,
    input_image: calls * references * (price.tokens?.inputPerImage ?? 0),
  }
  for (const billable of ['output_image', 'output_text', 'input_text', 'input_image'] as const) {
    const entry = entryFor(price, billable, looked)
    if (entry !== undefined) sum.add(entry, quantities[billable])
  }
}

function holdPictures(
  price: PriceSnapshot,
  looked: Looked,
  { n, calls, references }: QuoteRequest & { readonly calls: number },
  sum: Sum,
): void {
  const output = dearestFor(price, 'output_image', looked)
  if (output !== undefined)
    addPictures(price, output, n, Math.ceil(mostPixels(price, looked) / PIXELS_PER_MEGAPIXEL), sum)
  const input = dearestFor(price, 'input_image', looked)
  if (input !== undefined) addPictures(price, input, calls * references, MOST_MEGAPIXELS, sum)
}

function addPictures(price: PriceSnapshot, entry: PriceEntry, count: number, megapixels: number, sum: Sum): void {
  if (entry.unit !== 'megapixel') return sum.add(entry, count)
  const additional = additionalFor(price, entry.billable)
  sum.add(entry, additional === undefined ? count * megapixels : count)
  if (additional !== undefined) sum.add(additional, count * (megapixels - 1))
}

function mostPixels({ maxPixels }: PriceSnapshot, { size, resolution }: Looked): number {
  const tier = resolution === undefined ? undefined : readTier(resolution)
  const asked = (size === undefined ? undefined : pixelsOf(size)) ?? (tier === undefined ? undefined : areaOf(tier))
  return asked ?? maxPixels ?? MOST_MEGAPIXELS * PIXELS_PER_MEGAPIXEL
}

function typicalOf(price: PriceSnapshot, looked: Looked, { n }: QuoteRequest): Nanos {
  const entry = entryFor(price, 'output_image', looked) ?? dearestFor(price, 'output_image', looked)
  if (entry === undefined) return ZERO
  const sum = makeSum()
  if (entry.unit === 'token') sum.add(entry, n * expectedTokens(price, looked))
  else
    addPictures(
      price,
      entry,
      n,
      looked.size === undefined ? 1 : Math.ceil(mostPixels(price, looked) / PIXELS_PER_MEGAPIXEL),
      sum,
    )
  return sum.total()
}

interface Sum {
  add(entry: PriceEntry, quantity: number): void
  total(): Nanos
  lines(): readonly ReceiptLine[]
}

function makeSum(): Sum {
  const lines: ReceiptLine[] = []
  let total = ZERO
  return {
    add({ billable, unit, usd }, quantity) {
      if (quantity === 0) return
      const rate = rateOf(usd)
      const amount = priceOf(BigInt(quantity), rate)
      total = add(total, amount)
      lines.push({
        billable,
        unit,
        quantity: String(quantity),
        unit_price_usd: formatRate(rate),
        usd: formatUsd(amount),
      })
    },
    total: () => total,
    lines: () => lines,
  }
}
