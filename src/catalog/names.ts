import type { Model } from './model.ts'

/** Suffixes that only choose among routes of the same model. `:free` is none of them: it promises a price. */
const ROUTE_SUFFIX = /:(floor|nitro|exacto)$/

export type RouteSuffix = 'floor' | 'nitro' | 'exacto'

/** What the end of a model's name says about the choice among its routes, in any case; undefined when it says nothing. */
export function routeSuffix(name: string): RouteSuffix | undefined {
  const [, suffix] = ROUTE_SUFFIX.exec(name.trim().toLowerCase()) ?? []
  return suffix as RouteSuffix | undefined
}

/** A model's name as it is compared: lower case, without white space around it and without a suffix that only picks a route. */
export function comparable(name: string): string {
  return name.trim().toLowerCase().replace(ROUTE_SUFFIX, '')
}

/** Whether the caller's name means this very model, and not one that it stands in for. The author may be left out. */
export function isNamed({ id, aliases }: Model, name: string): boolean {
  const wanted = comparable(name)
  return [id, ...aliases].some((known) => {
    const full = known.toLowerCase()
    return full === wanted || withoutAuthor(full) === wanted
  })
}

export function withoutAuthor(name: string): string {
  return name.slice(name.indexOf('/') + 1)
}

/** How many single letters have to be added, left out or replaced to turn one name into the other. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j += 1) {
      const replaced = (row[j] ?? 0) + (letter === b[j] ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
