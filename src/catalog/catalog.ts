import { fail, type Failure } from '../core/errors.ts'
import type { Mode, Warning } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import { chargeable } from './chargeable.ts'
import { type Model, type ModelRoute, onRoute } from './model.ts'
import { allModels } from './models/all-models.ts'
import { comparable, editDistance, withoutAuthor } from './names.ts'
import { withOverrides } from './overrides.ts'

export interface Catalog {
  readonly models: readonly Model[]
  /**
   * By id or alias, in any case, without the author where no other author has the name. `:floor`, `:nitro` and `:exacto` only choose
   * among routes and are passed over; `:free` finds a model that is free. Any other suffix is another name, found by nothing.
   */
  find(name: string): Model | undefined
  /** Canonical ids of the models whose names are most like this one, nearest first. */
  nearest(name: string, count?: number): readonly string[]
  /**
   * The model that serves a name on a day. Live, a model whose usable routes have all been shut down is served by its successor, at
   * the successor's price and with a warning; a test key gets it as it was. A model of which no route has a price that may be
   * charged is refused; which of the others may be used, `chargeable` says of each.
   */
  resolve(name: string, context: ResolveContext): Result<Resolved, Failure>
}

export interface ResolveContext {
  readonly mode: Mode
  /** `YYYY-MM-DD`, UTC. */
  readonly today: string
  readonly onRetired: 'successor' | 'refuse'
  /**
   * Whether this install can use a provider: live, retirement is judged by such routes. Absent, and for test keys: by the maker's
   * own route, which is the first, since a successor serves better than a stranger's leftover.
   */
  readonly serves?: (provider: string) => boolean
}

export interface Resolved {
  readonly requested: string
  readonly model: Model
  /** Of its retirement; those of a price are a route's own. */
  readonly warnings: readonly Warning[]
}

/** The catalogue with the operator's rows laid over it. The error names every problem of the rows. */
export function makeCatalog(overrides?: unknown): Result<Catalog, readonly string[]> {
  const models = overrides === undefined ? ok(allModels) : withOverrides(allModels, overrides)
  return models.ok ? ok(catalogOf(models.value)) : models
}

/** Letters of a name that are compared for likeness: no model's name is longer, and the work grows with the length. */
const LONGEST_NAME = 80

/** A catalogue of exactly these models. */
export function catalogOf(models: readonly Model[]): Catalog {
  const names = nameIndex(models)
  const find = (name: string): Model | undefined => {
    const wanted = comparable(name)
    if (!wanted.endsWith(':free')) return names.get(wanted)
    const model = names.get(wanted.slice(0, -':free'.length))
    return model?.pricing.basis === 'free' ? model : undefined
  }
  const nearest = (name: string, count = 3) => nearestIds(models, comparable(name.slice(0, LONGEST_NAME)), count)
  return {
    models,
    find,
    nearest,
    resolve(name, context) {
      const named = find(name)
      if (named === undefined) return err(unknownModel(name, nearest(name)))
      const standing = standingModel(named, context, find)
      if (!standing.ok) return standing
      const { model, warnings } = standing.value
      const unpriced = unpricedEverywhere(model, context.mode)
      return unpriced === undefined ? ok({ requested: name, model, warnings }) : err(unpriced)
    },
  }
}

function nameIndex(models: readonly Model[]): ReadonlyMap<string, Model> {
  const names = new Map<string, Model>()
  const short = new Map<string, Set<Model>>()
  for (const model of models) {
    for (const name of [model.id, ...model.aliases].map((text) => text.toLowerCase())) {
      names.set(name, model)
      short.set(withoutAuthor(name), (short.get(withoutAuthor(name)) ?? new Set()).add(model))
    }
  }
  for (const [name, candidates] of short) {
    const [only] = candidates
    if (only !== undefined && candidates.size === 1 && !names.has(name)) names.set(name, only)
  }
  return names
}

function nearestIds(models: readonly Model[], wanted: string, count: number): readonly string[] {
  const short = withoutAuthor(wanted)
  const distance = ({ id, aliases }: Model) =>
    Math.min(
      ...[id, ...aliases].map((name) =>
        Math.min(editDistance(wanted, name.toLowerCase()), editDistance(short, withoutAuthor(name.toLowerCase()))),
      ),
    )
  return models
    .map((model) => ({ id: model.id, distance: distance(model) }))
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ id }) => id)
}

function unknownModel(name: string, nearest: readonly string[]): Failure {
  const shown = JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name)
  return fail('model_not_found', `${shown} is not a valid model ID. The nearest: ${nearest.join(', ')}.`, {
    field: 'model',
    details: { nearest_models: nearest },
  })
}

interface Standing {
  readonly model: Model
  readonly warnings: readonly Warning[]
}

function standingModel(named: Model, context: ResolveContext, find: Catalog['find']): Result<Standing, Failure> {
  const seen = new Set([named])
  let model = named
  while (isRetired(model, context)) {
    const successor = model.successor === undefined ? undefined : find(model.successor)
    if (context.mode === 'test') return ok({ model, warnings: [retiredWarning(named, successor, 'test')] })
    if (context.onRetired === 'refuse' || successor === undefined || seen.has(successor))
      return err(retiredFailure(named, successor))
    seen.add(successor)
    model = successor
  }
  return ok({ model, warnings: model === named ? [] : [retiredWarning(named, model, 'live')] })
}

/** A model without a successor is given up only when no route of it is left anywhere: which one to set up is the router's to say. */
function isRetired({ routes, successor }: Model, { mode, today, serves }: ResolveContext): boolean {
  const isDead = ({ retiresAt }: ModelRoute) => retiresAt !== undefined && retiresAt <= today
  const usable = serves && mode === 'live' ? routes.filter(({ provider }) => serves(provider)) : routes.slice(0, 1)
  return successor === undefined || usable.length === 0
    ? routes.length > 0 && routes.every(isDead)
    : usable.every(isDead)
}

function retiredWarning(named: Model, successor: Model | undefined, mode: Mode): Warning {
  const standIn =
    successor === undefined ? 'Live keys are refused it.' : `Live keys are served by ${successor.id}, at its price.`
  const message =
    mode === 'live'
      ? `${shutDown(named)} ${successor?.id} served this request, at its own price.`
      : `${shutDown(named)} ${standIn} This test key got it as it was.`
  return { code: 'model_retired', field: 'model', message }
}

function retiredFailure(named: Model, successor: Model | undefined): Failure {
  const instead = successor === undefined ? 'It has no successor here.' : `Use ${successor.id} instead.`
  return fail('model_retired', `${shutDown(named)} ${instead}`, {
    field: 'model',
    details: { successor: successor?.id ?? null },
  })
}

/** The day on which the maker's own route ended. */
function shutDown({ id, routes: [own] }: Model): string {
  return `${id} was shut down${own?.retiresAt === undefined ? '' : ` on ${own.retiresAt}`}.`
}

/** Why nothing may be charged on any route: the failure of the model's own price, or of its first route's. */
function unpricedEverywhere(model: Model, mode: Mode): Failure | undefined {
  const own = chargeable(model, mode)
  const sold = model.routes.length === 0 ? [own] : model.routes.map((route) => chargeable(onRoute(model, route), mode))
  if (sold.some(({ ok: may }) => may)) return undefined
  return [own, ...sold].flatMap((price) => (price.ok ? [] : [price.error]))[0]
}
