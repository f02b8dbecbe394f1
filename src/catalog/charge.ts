import { add, formatRate, formatUsd, type Nanos, priceOf, rateOf, ZERO } from '../core/money.ts'
import type { Billable, ReceiptLine, TokenUsage, Unit, Warning } from '../core/receipt.ts'
import type { PriceEntry } from './model.ts'
import {
  additionalFor,
  dearestFor,
  entryFor,
  expectedTokens,
  type Looked,
  lookedUp,
  megapixels,
  type Pixels,
  type PriceSnapshot,
  type PriceTraits,
} from './price.ts'

export { type PriceSnapshot, type PriceTraits, snapshotOf } from './price.ts'

/** What was really delivered: one entry per paid call that gave at least one usable picture. */
export interface Delivered {
  readonly calls: readonly { readonly images: readonly Pixels[]; readonly usage?: TokenUsage | undefined }[]
  /** As the request was served: its tier where it had one, its quality, its exact size. */
  readonly request: PriceTraits
  /** Reference pictures of the request; every call sent all of them. */
  readonly references: readonly Pixels[]
}

export interface Charge {
  readonly lines: readonly ReceiptLine[]
  /** The exact sum of the lines. */
  readonly total: Nanos
  readonly warnings: readonly Warning[]
}

/**
 * The lines of a receipt: quantity times price, each rounded up once to the nano-dollar, none of them for a quantity of zero.
 * Token-priced models are charged the usage that each call reported, by modality; the others by usable pictures. Nothing
 * delivered is no lines. Throws on an unpriced snapshot: admission never lets one through.
 */
export function chargeLines(price: PriceSnapshot, delivered: Delivered): Charge {
  if (price.basis === 'unpriced') throw new RangeError('a model without a price cannot be charged')
  const calls = delivered.calls.filter(({ images }) => images.length > 0)
  const tally = makeTally()
  if (price.basis === 'token') tokens(price, { ...delivered, calls }, tally)
  else pictures(price, { ...delivered, calls }, tally)
  return tally.charge()
}

function tokens(price: PriceSnapshot, { calls, request, references }: Delivered, tally: Tally): void {
  const looked = lookedUp(price, request, references.length > 0)
  const counted: Record<Billable, number> = { output_image: 0, output_text: 0, input_text: 0, input_image: 0 }
  for (const { images, usage } of calls) {
    if (usage === undefined) {
      for (const image of images) {
        counted.output_image += expectedTokens(price, lookedUp(price, request, references.length > 0, image))
      }
      tally.warn(
        'usage_missing',
        'The provider reported no usage: its pictures are charged at the tokens that the catalogue expects of them.',
      )
      continue
    }
    const split = byModality(usage)
    for (const billable of ['output_image', 'output_text', 'input_text', 'input_image'] as const)
      counted[billable] += split[billable]
    if (split.guessed) {
      tally.warn(
        'usage_incomplete',
        'The provider did not say which of its output tokens were pictures: all but the thoughts are charged as such.',
      )
    }
  }
  for (const billable of ['output_image', 'output_text', 'input_text', 'input_image'] as const) {
    const entry = entryFor(price, billable, looked)
    if (entry !== undefined) tally.count(entry, counted[billable])
  }
}

/**
 * Reported usage by what it is priced as. Providers count words and thoughts among the output beyond the pictures, and the sum of
 * their details may fall short of the total; the remainder is text.
 */
function byModality(usage: TokenUsage): Record<Billable, number> & { readonly guessed: boolean } {
  const guessed = usage.outputImageTokens === 0 && usage.outputTokens > usage.thoughtTokens
  const image = guessed ? usage.outputTokens - usage.thoughtTokens : usage.outputImageTokens
  return {
    output_image: image,
    output_text: Math.max(0, usage.outputTokens - image),
    input_text: Math.max(usage.inputTextTokens, usage.inputTokens - usage.inputImageTokens),
    input_image: usage.inputImageTokens,
    guessed,
  }
}

function pictures(price: PriceSnapshot, { calls, request, references }: Delivered, tally: Tally): void {
  const edit = references.length > 0
  for (const { images } of calls) {
    for (const image of images) {
      charge(price, 'output_image', lookedUp(price, request, edit, image), image, tally)
    }
    for (const reference of references) charge(price, 'input_image', lookedUp(price, request, edit), reference, tally)
  }
}

function charge(price: PriceSnapshot, billable: Billable, looked: Looked, picture: Pixels, tally: Tally): void {
  const exact = entryFor(price, billable, looked)
  const entry = exact ?? dearestFor(price, billable, looked)
  if (entry === undefined) return
  if (exact === undefined) {
    tally.warn(
      'price_approximated',
      'The price list has no entry for exactly this picture: its dearest one is charged.',
    )
  }
  if (entry.unit !== 'megapixel') return tally.count(entry, 1)
  const additional = additionalFor(price, billable)
  const count = megapixels(picture)
  tally.count(entry, additional === undefined ? count : 1)
  if (additional !== undefined) tally.count(additional, count - 1)
}

interface Tally {
  count(entry: PriceEntry, quantity: number): void
  warn(code: string, message: string): void
  charge(): Charge
}

/** Adds up quantities by price, so that a line exists once and is rounded once, in the order in which its price was first met. */
function makeTally(): Tally {
  const counts = new Map<string, { billable: Billable; unit: Unit; usd: string; quantity: bigint }>()
  const warnings = new Map<string, Warning>()
  return {
    count({ billable, unit, usd }, quantity) {
      if (quantity === 0) return
      const key = `${billable} ${unit} ${usd}`
      const line = counts.get(key) ?? { billable, unit, usd, quantity: 0n }
      line.quantity += BigInt(quantity)
      counts.set(key, line)
    },
    warn(code, message) {
      warnings.set(code, { code, field: null, message })
    },
    charge() {
      let total = ZERO
      const lines = [...counts.values()].map(({ billable, unit, usd, quantity }) => {
        const rate = rateOf(usd)
        const amount = priceOf(quantity, rate)
        total = add(total, amount)
        return { billable, unit, quantity: String(quantity), unit_price_usd: formatRate(rate), usd: formatUsd(amount) }
      })
      return { lines, total, warnings: [...warnings.values()] }
    },
  }
}
