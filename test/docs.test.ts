import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'

import { COLUMNS, withTable } from '../bench/table.ts'
import { GENERATED_DOCUMENTS, generated } from '../docs/generate.ts'
import { baseUrlSetting, SETTINGS } from '../src/config.ts'
import { FAILURES } from '../src/core/errors.ts'
import { PROVIDERS } from '../src/providers/registry.ts'
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
