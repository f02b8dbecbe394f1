import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'

import { COLUMNS, withTable } from '../bench/table.ts'
import { GENERATED_DOCUMENTS, generated } from '../docs/generate.ts'
import { figureRows, readFigures } from '../docs/figures.ts'
import { type Evidence, promiseRows } from '../docs/promises-table.ts'
import { PROMISES } from '../docs/promises.ts'
import { titlesOf } from '../docs/test-titles.ts'
import { baseUrlSetting } from '../src/config.ts'
import { FAILURES } from '../src/core/errors.ts'
import { PROVIDERS } from '../src/providers/registry.ts'
import { SETTINGS } from '../src/settings.ts'
import { startGateway } from './support/gateway.ts'

const root = resolve(import.meta.dirname, '..')
const documents = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: root })]

function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

function proseOf(file: string): string {
  return textOf(file).replaceAll(/```[\s\S]*?```/g, '')
}

for (const document of GENERATED_DOCUMENTS) {
  test(`docs/${document} says what the tables in the code say (node docs/generate.ts)`, () => {
    const text = textOf(`docs/${document}`)

    assert.equal(text, generated(document, text))
  })
}

test('a document whose places are not the generated parts is refused', () => {
  assert.throws(
    () => generated('errors.md', '<!-- generated: nothing -->\n<!-- /generated -->'),
    /has places for \[nothing\]/,
  )
})

const TEXTS: Readonly<Record<string, string>> = {
  'test/a.test.ts':
    "// P1\ntest('M1: nobody overspends', () => 'R1')\ndescribe(`(M2) ${what}`)\nimport { readFileSync } from 'node:fs'",
  'test/b.test.ts': "test(\n  'a key is charged once (M1)',\n  { skip: false },\n)",
  'test/c.test.ts':
    "import { ROWS } from './c/rows.ts'\nimport { PLACES } from './support/places.ts'\ntest(`${promise}: ${claim}`)",
  'test/c/rows.ts': "import { MORE } from './more.ts'\nexport const ROWS = [{ promise: 'M13' }]",
  'test/c/more.ts': "const MORE = [\n  {\n    promise: 'R3',\n  },\n]\nimport '../c.test.ts'",
  'test/support/places.ts': "  promise: 'R7',",
}
const titled = (file: string) => ({ file, titles: titlesOf(file, (path) => TEXTS[path] ?? '') })

const FIGURES = [
  { promise: 'M1', figure: '1,000 seeds', seed: 7, when: '2026-11-22T10:00:00Z' },
  { promise: 'M2 R7 both', figure: { rounds: 20, slowestMs: 9, ends: { ok: 3 }, replay: 'npm' }, when: '2026-11-23' },
  { promise: 'L3', claim: 'opens', kept: false, figure: '2 %', database: 'sqlite', when: '2026-11-23' },
]

const EVIDENCE: Evidence = {
  tests: [titled('test/a.test.ts'), titled('test/b.test.ts')],
  sabotages: [
    { promise: 'M1', deed: 'look away' },
    { promise: 'M10', deed: 'look elsewhere' },
  ],
  figures: readFigures('a.json', JSON.stringify(FIGURES)),
}

test('the row of a promise has the tests that name it, how it was broken, and what long runs measured', () => {
  const promises = { money: { M1: 'One.', M2: 'Two.' } }

  const [first, second] = promiseRows(promises, 'money', EVIDENCE)

  assert.deepEqual(first, [
    '<a id="m1"></a>M1',
    'One.',
    '[test/a.test.ts](../test/a.test.ts)<br>[test/b.test.ts](../test/b.test.ts)',
    'look away',
    '1,000 seeds (seed 7, 2026-11-22)',
  ])
  assert.deepEqual(second?.slice(2), [
    '[test/a.test.ts](../test/a.test.ts)',
    'not yet',
    'both: rounds 20, slowest ms 9, ends (ok 3) (2026-11-23)',
  ])
})

test('many figures of a promise are counted, one that was not kept says so, and all stand in a table of their own', () => {
  const figures = readFigures(
    'a.json',
    JSON.stringify([FIGURES[2], ...[1, 2, 3].map((seed) => ({ ...FIGURES[0], seed }))]),
  )
  const promises = { money: { M1: 'One.' } }
  const [row] = promiseRows(promises, 'money', { ...EVIDENCE, figures })
  const [spoilt] = promiseRows(promises, 'money', {
    ...EVIDENCE,
    figures: figures.map((figure) => ({ ...figure, promise: 'M1' })),
  })

  assert.match(row?.at(-1) ?? '', /^3 \[figures\]\(#figures\), seed 1, 2026-11-22; /)
  assert.equal(spoilt?.at(-1), '**not kept**, 2026-11-23')
  assert.deepEqual(figureRows(figures)[0], ['L3', 'opens, sqlite', '**not kept** 2 %', '2026-11-23'])
  assert.equal(figureRows(figures).length, 4)
})

test('a promise without a test that names it in a title cannot be written down', () => {
  const promises = { money: { M1: 'One.', M10: 'Ten.' }, resources: { P1: 'One.' }, availability: { R1: 'One.' } }

  assert.throws(() => promiseRows(promises, 'money', EVIDENCE), /no test's title names M10, P1, R1$/)
})

test('titles that are made of data name the promises of the data', () => {
  assert.deepEqual(titled('test/c.test.ts').titles, ['M13: ${claim}', 'R3: ${claim}'])
})

test('figures that are none are refused by file and place', () => {
  assert.throws(() => readFigures('b.json', '[{"promise":"M1","figure":"much"}]'), /^Error: b\.json: [\s\S]*when/)
  assert.throws(
    () => readFigures('b.json', '[{"promise":"soon","figure":"1","when":"2026-11-22"}]'),
    /number of a promise/,
  )
})

test('each promise stands in the group of its letter', () => {
  const letters = { money: 'M', availability: 'R', resources: 'P', addresses: 'S', access: 'X' }

  assert.deepEqual(Object.keys(PROMISES), Object.keys(letters))
  for (const [group, letter] of Object.entries(letters))
    for (const number of Object.keys(PROMISES[group] ?? {})) assert.match(number, new RegExp(`^${letter}\\d+$`))
})

test('every npm script that the documents name is one', () => {
  const { scripts } = JSON.parse(textOf('package.json')) as { readonly scripts: Readonly<Record<string, string>> }
  const named = documents.flatMap((file) =>
    [...textOf(file).matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => ({ file, name })),
  )

  assert.ok(named.length > 5)
  assert.deepEqual(
    named.filter(({ name }) => !(name in scripts)),
    [],
  )
})

test('every relative link in the documents leads to something that is there', () => {
  const links = documents.flatMap((file) =>
    [...proseOf(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ file, target })),
  )
  const broken = links.filter(({ file, target }) => !/^https?:/.test(target) && !leadsSomewhere(file, target))

  assert.ok(links.length > 20, `${links.length} links were found`)
  assert.deepEqual(broken, [])
})

function leadsSomewhere(from: string, target: string): boolean {
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? from : join(dirname(from), path)
  if (!existsSync(join(root, file))) return false
  return anchor === undefined || anchorsOf(file).includes(anchor)
}

/** The ids that GitHub gives to headings, and the ones written out. */
function anchorsOf(file: string): readonly string[] {
  const headings = [...proseOf(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  )
  return [...headings, ...[...textOf(file).matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)]
}

test('every failure has the anchor that errors point to', () => {
  const anchors = anchorsOf('docs/errors.md')

  assert.deepEqual(
    Object.keys(FAILURES).filter((code) => !anchors.includes(code)),
    [],
  )
})

test('every setting that the documents and examples name exists', () => {
  const known = [...Object.keys(SETTINGS), ...Object.values(PROVIDERS).map(({ settings }) => baseUrlSetting(settings))]
  const files = [...documents, ...globSync('examples/*', { cwd: root })]
  const named = files.flatMap((file) =>
    [...textOf(file).matchAll(/PLANTAIN_[A-Z_]+/g)].map(([name]) => ({ file, name })),
  )

  assert.ok(named.length > Object.keys(SETTINGS).length)
  assert.deepEqual(
    named.filter(({ name }) => !known.includes(name)),
    [],
  )
})

test('every command that the documents name is one of the command line’s', () => {
  const help = execFileSync(process.execPath, ['src/main.ts', '--help'], { cwd: root, encoding: 'utf8' })
  const commands = [...help.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name)
  const named = documents.flatMap((file) =>
    [...textOf(file).matchAll(/(?:npx |`)plantain ([a-z]+)/g)].map(([, name = '']) => ({ file, name })),
  )

  assert.ok(named.length > 10)
  assert.deepEqual(
    named.filter(({ name }) => !commands.includes(name)),
    [],
  )
})

test('every route in the README’s table is one, with its method where one is named', async (context) => {
  const running = await startGateway()
  context.after(() => running.stop())
  const routes = running.gateway.server.edge.routes.flatMap(({ method, path }) => {
    const plain = path.replaceAll(/:\w+/g, '{}')
    return [plain, `${method} ${plain}`]
  })
  const [, section = ''] = textOf('README.md').split('## Endpoints')
  const rows = section.split('\n## ')[0]?.match(/^\|.*$/gm) ?? []
  const named = [...rows.join('\n').matchAll(/`((?:[A-Z]+ )?\/[^`]+)`/g)].map(([, route = '']) => route)

  assert.ok(named.length > 20, `${named.length} routes were found`)
  assert.deepEqual(
    named.filter((route) => route !== '/api/v1' && !routes.includes(route.replaceAll(/\{\w+\}/g, '{}'))),
    [],
  )
})

test('the README’s measured table has the columns of the bench and names its command', () => {
  const readme = textOf('README.md')
  const [, between = ''] =
    /<!-- bench: written by `npm run bench -- --write` -->\n([\s\S]*?)<!-- \/bench -->/.exec(readme) ?? []
  const lines = between.trim().split('\n')
  const [head, rule, ...rows] = lines
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )

  assert.deepEqual(head, [...COLUMNS])
  assert.ok(rule?.every((cell) => cell === '---'))
  assert.ok(
    rows.length > 0 && rows.every((cells) => cells.length === COLUMNS.length && cells.every((cell) => cell !== '')),
  )
  const startup =
    /^From start to listening: \d+ ms, [\d.]+ × an empty Node program \(\d+ ms\)\. Resident memory of an idle gateway: \d+ MB\.$/
  assert.match(lines.at(-1) ?? '', startup)
  assert.match(readme.replace(between, ''), /Written by `npm run bench -- --write`/)
})

test('the bench can write its table into the README', () => {
  assert.match(withTable(textOf('README.md'), '| measured |'), /--write` -->\n\n\| measured \|\n\n<!-- \/bench -->/)
})
