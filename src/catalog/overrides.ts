import { createHash } from 'node:crypto'

import { z } from 'zod'

import { rateOf } from '../core/money.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Model, ModelRoute, Pricing } from './model.ts'
import { ownModel } from './own-model.ts'

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
  /** Of a model that the catalogue does not have. */
  name: z.string().min(1).optional(),
  /** Id of the catalogue's model that it is like. */
  like: z.string().optional(),
})

type Row = z.infer<typeof Override>

const Overrides = z.array(Override)

/**
 * The operator's rows laid over the catalogue's: `pricing` and `routes` replace those of the row with the same id, `confirmed: true`
 * says that the operator stands by the row's price. A price that the operator set, for the model or for one of its routes, is
 * confirmed by that. A row with an id of its own is a model that only this install has. Every problem is named.
 */
export function withOverrides(
  models: readonly Model[],
  overrides: unknown,
): Result<readonly Model[], readonly string[]> {
  const parsed = Overrides.safeParse(overrides)
  if (!parsed.success)
    return err(parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`))
  const rows = new Map(parsed.data.map((row) => [row.id.toLowerCase(), row]))
  const known = new Map(models.map((model) => [model.id.toLowerCase(), model]))
  const find = (id = ''): Model | undefined => known.get(id.toLowerCase())
  const problems = parsed.data.flatMap((row, index) => {
    const model = find(row.id)
    const like = find(row.like)
    return [
      ...(rows.get(row.id.toLowerCase()) === row ? [] : [`${row.id} has more than one row`]),
      ...(model === undefined ? ownProblems(row, like, models) : problemsOf(row, model)),
      ...pricesOf(row).flatMap(([where, pricing]) => priceProblems(where, pricing, model ?? like)),
    ].map((text) => `${index}: ${text}`)
  })
  if (problems.length > 0) return err(problems)
  const own = parsed.data.flatMap(({ id, name, like, routes, pricing }) => {
    if (find(id) || routes === undefined || pricing === undefined) return []
    const said = { id, name, routes: routes.map(operatorRoute), pricing: operatorPricing(pricing) }
    return [ownModel(said, find(like))]
  })
  return ok([...models.map((model) => merged(model, rows.get(model.id.toLowerCase()))), ...own])
}

function problemsOf({ id, pricing, confirmed, name, like }: Row, model: Model): string[] {
  const isBare = confirmed === true && pricing === undefined && model.pricing.basis === 'unpriced'
  return [
    ...(isBare ? [`${id} has no price to confirm; set pricing`] : []),
    ...(name !== undefined || like !== undefined
      ? [`${id} is in the catalogue: name and like are for models of your own`]
      : []),
  ]
}

const OWN_ID = /^[\w.-]+\/[\w.-]+$/

/** What is missing of a model that the catalogue does not have. */
function ownProblems(
  { id, routes, pricing, like: wanted }: Row,
  like: Model | undefined,
  models: readonly Model[],
): string[] {
  const other = models.find(({ aliases }) => aliases.some((alias) => alias.toLowerCase() === id.toLowerCase()))
  if (other !== undefined) return [`${id} is another name of ${other.id}; use that`]
  if (routes === undefined)
    return [`no model has the id ${JSON.stringify(id)}; one of your own needs routes and pricing`]
  return [
    ...(OWN_ID.test(id) ? [] : [`${JSON.stringify(id)} must be author/name, of letters, digits and . _ -`]),
    ...(pricing === undefined ? [`${id} needs pricing: {"basis": "free", "entries": []} where it costs nothing`] : []),
    ...(wanted !== undefined && like === undefined
      ? [`${id}: no model has the id ${JSON.stringify(wanted)} to be like`]
      : []),
  ]
}

function pricesOf({ id, pricing, routes = [] }: Row): readonly (readonly [where: string, pricing: PriceList])[] {
  return [
    ...(pricing ? [[`${id}: `, pricing] as const] : []),
    ...routes.flatMap((route) => (route.pricing ? [[`${id} on ${route.provider}: `, route.pricing] as const] : [])),
  ]
}

function priceProblems(where: string, { basis, entries }: PriceList, model: Model | undefined): string[] {
  const problems: string[] = []
  const outputs = entries.filter(({ billable }) => billable === 'output_image')
  if (basis !== 'free' && outputs.length === 0) problems.push(`${where}pricing.entries has no price for output_image`)
  if (entries.some(({ unit, usd }) => unit === 'request' && rateOf(usd).rate > 0n)) {
    problems.push(`${where}a price per request cannot be charged; use a price per image`)
  }
  const other = basis === 'free' ? undefined : outputs.find(({ unit }) => unit !== basis)
  if (other) problems.push(`${where}the basis is ${basis}, but output_image is priced per ${other.unit}`)
  if (basis === 'token' && model?.tokens === undefined) {
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
    routes: row.routes?.map(operatorRoute) ?? model.routes,
  }
}

function operatorRoute({ provider, model, retiresAt, pricing }: NonNullable<Row['routes']>[number]): ModelRoute {
  return {
    provider,
    model,
    ...(retiresAt !== undefined && { retiresAt }),
    ...(pricing && { pricing: operatorPricing(pricing) }),
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
