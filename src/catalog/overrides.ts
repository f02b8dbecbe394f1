import { createHash } from 'node:crypto'

import { z } from 'zod'

import { rateOf } from '../core/money.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Model, Pricing } from './model.ts'

const decimal = z
  .string()
  .refine((text) => /^\d+(?:\.\d+)?$/.test(text), 'must be a decimal number of dollars as text, for example "0.04"')

const Entry = z.strictObject({
  billable: z.enum(['output_image', 'output_text', 'input_text', 'input_image']),
  unit: z.enum(['token', 'image', 'megapixel', 'request']),
  usd: decimal,
  when: z
    .strictObject({
      resolution: z.string(),
      quality: z.string(),
      size: z.string(),
      edit: z.boolean(),
      additional: z.boolean(),
    })
    .partial()
    .optional(),
})

const PriceList = z.strictObject({
  basis: z.enum(['token', 'image', 'megapixel', 'free']),
  entries: z.array(Entry),
  note: z.string().optional(),
})

type PriceList = z.infer<typeof PriceList>

const Override = z.strictObject({
  id: z.string().min(1),
  pricing: PriceList.optional(),
  routes: z
    .array(
      z.strictObject({
        provider: z.string().min(1),
        model: z.string().min(1),
        retiresAt: z.iso.date('must be a day, for example "2026-12-01"').optional(),
        pricing: PriceList.optional(),
      }),
    )
    .min(1)
    .optional(),
  confirmed: z.boolean().optional(),
})

type Row = z.infer<typeof Override>

const Overrides = z.array(Override)

/**
 * The operator's rows laid over the catalogue's: `pricing` and `routes` replace those of the row with the same id, `confirmed: true`
 * says that the operator stands by the row's price. A price that the operator set, for the model or for one of its routes, is
 * confirmed by that. Every problem is named.
 */
export function withOverrides(
  models: readonly Model[],
  overrides: unknown,
): Result<readonly Model[], readonly string[]> {
  const parsed = Overrides.safeParse(overrides)
  if (!parsed.success)
    return err(parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`))
  const rows = new Map(parsed.data.map((row) => [row.id.toLowerCase(), row]))
  const problems = parsed.data.flatMap((row, index) =>
    problemsOf(row, models, rows.get(row.id.toLowerCase()) !== row).map((text) => `${index}: ${text}`),
  )
  if (problems.length > 0) return err(problems)
  return ok(models.map((model) => merged(model, rows.get(model.id.toLowerCase()))))
}

function problemsOf({ id, pricing, routes, confirmed }: Row, models: readonly Model[], isRepeated: boolean): string[] {
  const model = models.find((known) => known.id.toLowerCase() === id.toLowerCase())
  if (model === undefined) return [`no model has the id ${JSON.stringify(id)}`]
  const problems = [
    ...(isRepeated ? [`${id} has more than one row`] : []),
    ...(pricing ? priceProblems(`${id}: `, pricing, model) : []),
    ...(routes ?? []).flatMap((route) =>
      route.pricing ? priceProblems(`${id} on ${route.provider}: `, route.pricing, model) : [],
    ),
  ]
  if (confirmed === true && pricing === undefined && model.pricing.basis === 'unpriced') {
    problems.push(`${id} has no price to confirm; set pricing`)
  }
  return problems
}

function priceProblems(where: string, { basis, entries }: PriceList, { tokens }: Model): string[] {
  const problems: string[] = []
  const outputs = entries.filter(({ billable }) => billable === 'output_image')
  if (basis !== 'free' && outputs.length === 0) problems.push(`${where}pricing.entries has no price for output_image`)
  if (entries.some(({ unit, usd }) => unit === 'request' && rateOf(usd).rate > 0n)) {
    problems.push(`${where}a price per request cannot be charged; use a price per image`)
  }
  const other = basis === 'free' ? undefined : outputs.find(({ unit }) => unit !== basis)
  if (other) problems.push(`${where}the basis is ${basis}, but output_image is priced per ${other.unit}`)
  if (basis === 'token' && tokens === undefined) {
    problems.push(
      `${where}the catalogue does not know how many tokens a picture of it takes, so it cannot be priced by token`,
    )
  }
  return problems
}

function merged(model: Model, row: Row | undefined): Model {
  if (row === undefined) return model
  const priced = row.pricing ? operatorPricing(row.pricing) : model.pricing
  return {
    ...model,
    pricing: row.confirmed === true ? { ...priced, confidence: 'high' } : priced,
    routes:
      row.routes?.map(({ provider, model: id, retiresAt, pricing: own }) => ({
        provider,
        model: id,
        ...(retiresAt !== undefined && { retiresAt }),
        ...(own && { pricing: operatorPricing(own) }),
      })) ?? model.routes,
  }
}

/** The version changes with the price by itself: it is made of the price. */
function operatorPricing({ basis, entries, note }: PriceList): Pricing {
  const digest = createHash('sha256')
    .update(JSON.stringify([basis, entries]))
    .digest('hex')
    .slice(0, 12)
  return {
    basis,
    version: `operator.${digest}`,
    confidence: 'high',
    entries: entries.map(({ billable, unit, usd, when }) => ({
      billable,
      unit,
      usd,
      ...(when && { when: present(when) }),
    })),
    note,
  }
}

type When = NonNullable<Pricing['entries'][number]['when']>

function present({ resolution, quality, size, edit, additional }: NonNullable<z.infer<typeof Entry>['when']>): When {
  return {
    ...(resolution !== undefined && { resolution }),
    ...(quality !== undefined && { quality }),
    ...(size !== undefined && { size }),
    ...(edit !== undefined && { edit }),
    ...(additional !== undefined && { additional }),
  }
}
