import { posix } from 'node:path'

/**
 * Titles of the tests and suites of a file, read from its text. A title that begins with `${promise}` stands for each promise that the
 * modules beside the file name in their data, of which it makes its tests.
 */
export function titlesOf(file: string, textOf: (file: string) => string): readonly string[] {
  const written = [...textOf(file).matchAll(/\b(?:test|describe)\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g)]
  const titles = written.map(([, , title = '']) => title)
  if (!titles.some((title) => title.startsWith(PLACEHOLDER))) return titles
  const promises = modulesOf(file, textOf).flatMap((module) =>
    [...textOf(module).matchAll(/\bpromise: '([A-Z]\d+)'/g)].map(([, promise = '']) => promise),
  )
  return titles.flatMap((title) =>
    title.startsWith(PLACEHOLDER)
      ? [...new Set(promises)].map((promise) => `${promise}${title.slice(PLACEHOLDER.length)}`)
      : title,
  )
}

const PLACEHOLDER = '${promise}'

/** What a test is made of: the modules below its own folder that it imports, and those that they import. What is shared is none of it. */
function modulesOf(file: string, textOf: (file: string) => string): readonly string[] {
  const found = new Set<string>()
  const visit = (from: string): void => {
    for (const [, path = ''] of textOf(from).matchAll(/from '(\.[^']+)'/g)) {
      const module = posix.join(posix.dirname(from), path)
      if (found.has(module) || !module.startsWith(`${posix.dirname(file)}/`) || module.includes('/support/')) continue
      found.add(module)
      visit(module)
    }
  }
  visit(file)
  return [...found]
}
