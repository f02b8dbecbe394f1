import { type Figure, measuredFor } from './figures.ts'

/** Promises by group and number, in words. */
export type Promises = Readonly<Record<string, Readonly<Record<string, string>>>>

/** What is known about promises: what tests are called, how each was broken on purpose, what long runs measured. */
export interface Evidence {
  /** Test files by their path from the root. */
  readonly tests: readonly { readonly file: string; readonly titles: readonly string[] }[]
  readonly sabotages: readonly { readonly promise: string; readonly deed: string }[]
  readonly figures: readonly Figure[]
}

/**
 * A row for each promise of a group: its number, its words, the tests that name it, how it was broken, what was measured. Throws when
 * any promise, of whatever group, is in no test's title: a promise without a test is none.
 */
export function promiseRows(promises: Promises, group: string, evidence: Evidence): readonly (readonly string[])[] {
  const { tests, sabotages, figures } = evidence
  const numbers = Object.values(promises).flatMap((each) => Object.keys(each))
  const untested = numbers.filter((promise) => namedBy(tests, promise).length === 0)
  if (untested.length > 0) throw new Error(`no test's title names ${untested.join(', ')}`)
  return Object.entries(promises[group] ?? {}).map(([promise, words]) => [
    `<a id="${promise.toLowerCase()}"></a>${promise}`,
    words,
    namedBy(tests, promise)
      .map((file) => `[${file}](../${file})`)
      .join('<br>'),
    sabotages
      .filter((sabotage) => sabotage.promise === promise)
      .map(({ deed }) => deed)
      .join('<br>') || 'not yet',
    measuredFor(promise, figures),
  ])
}

/** Files with the number in a title: `M13: …`, `… (M14)`. */
function namedBy(tests: Evidence['tests'], promise: string): readonly string[] {
  const number = new RegExp(`(?<![\\w-])${promise}(?![\\w-])`)
  return tests.filter(({ titles }) => titles.some((title) => number.test(title))).map(({ file }) => file)
}
