/**
 * Writes the parts of the documents that are tables in the code: `node docs/generate.ts`. A part stands between
 * `<!-- generated: name -->` and `<!-- /generated -->`; everything else in a document is written by hand and stays.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { baseUrlSetting } from '../src/config.ts'
import { fail, FAILURES } from '../src/core/errors.ts'
import type { JsonValue } from '../src/core/json-blob.ts'
import { failureHeaders } from '../src/http/failures.ts'
import { PROVIDERS } from '../src/providers/registry.ts'
import { FAULTS } from '../src/sandbox/faults.ts'
import { SETTINGS } from '../src/settings.ts'
import { presentFailure as presentForOpenai } from '../src/surfaces/openai/failure.ts'
import { presentFailure as presentForOpenrouter } from '../src/surfaces/openrouter/failure.ts'
import { SABOTAGES } from '../test/sabotage/list.ts'
import { figureRows, readFigures } from './figures.ts'
import { type Evidence, promiseRows } from './promises-table.ts'
import { PROMISES } from './promises.ts'
import { PROVIDERS_HEAD, providerRows, SOURCES_HEAD, sourceRows } from './providers-table.ts'
import { titlesOf } from './test-titles.ts'

const root = resolve(import.meta.dirname, '..')

/** Every generated part by its document and its name. */
const PARTS: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  'configuration.md': { settings: settingsTable, providers: providersTable },
  'errors.md': {
    failures: failuresTable,
    headers: headersExample,
    openrouter: () => example(presentForOpenrouter(SAMPLE, SAMPLE_IDS)),
    openai: () => example(presentForOpenai(SAMPLE, SAMPLE_IDS)),
    faults: faultsTable,
  },
  'providers.md': {
    providers: () => table(PROVIDERS_HEAD, providerRows()),
    sources: () => table(SOURCES_HEAD, sourceRows()),
  },
  // The last one, since it fails when a promise has no test.
  'reliability.md': {
    ...Object.fromEntries(Object.keys(PROMISES).map((group) => [group, () => promisesTable(group)])),
    figures: figuresTable,
  },
}

export const GENERATED_DOCUMENTS = Object.keys(PARTS)

/** A document with its generated parts as the code has them now. Throws when a part has no place, or a place no part. */
export function generated(document: string, text: string): string {
  const parts = PARTS[document] ?? {}
  const places = [...text.matchAll(/<!-- generated: (\w+) -->/g)].map(([, name = '']) => name)
  const wanted = Object.keys(parts)
  if (places.toSorted().join() !== wanted.toSorted().join())
    throw new Error(`${document} has places for [${places.join(', ')}] and parts [${wanted.join(', ')}]`)
  return text.replaceAll(
    /(<!-- generated: (\w+) -->)[\s\S]*?(<!-- \/generated -->)/g,
    (_, begin: string, name: string, end: string) => `${begin}\n\n${parts[name]?.() ?? ''}\n\n${end}`,
  )
}

function settingsTable(): string {
  const rows = Object.entries(SETTINGS).map(([name, setting]) => [
    `\`${name}\``,
    setting.default === '' ? '' : `\`${setting.default}\``,
    setting.unit,
    setting.why,
  ])
  return table(['Setting', 'Default', 'Unit', 'What it does and why'], rows)
}

function providersTable(): string {
  const rows = Object.entries(PROVIDERS).map(([slug, provider]) => [
    provider.name,
    `\`${slug}\``,
    code(provider.credentials, ' or ') + (provider.keyless ? ' (optional)' : ''),
    `\`${baseUrlSetting(provider.settings)}\``,
    provider.baseUrl === undefined ? 'yours' : `\`${provider.baseUrl}\``,
    code(provider.passThrough, ', '),
  ])
  return table(['Provider', 'Slug', 'Credential', 'Base URL setting', 'Default base URL', 'Pass-through options'], rows)
}

/** The anchors are what `availability.docs_url` in an error points to. */
function failuresTable(): string {
  const rows = Object.entries(FAILURES)
    .toSorted(([, a], [, b]) => a.status - b.status)
    .map(([name, { status, type, by, retryable, meaning }]) => [
      `<a id="${name}"></a>\`${name}\``,
      String(status),
      `\`${type}\``,
      by,
      retryable ? 'yes' : 'no',
      meaning,
    ])
  return table(['Code', 'HTTP', '`error_type`', 'Who has to act', 'Retryable', 'Meaning'], rows)
}

const SAMPLE = fail('upstream_failed', 'Google AI Studio: The model is overloaded. Please try again later.', {
  sent: true,
  upstream: {
    provider: 'Google AI Studio',
    status: 503,
    code: 'UNAVAILABLE',
    raw: '{"error":{"code":503,"status":"UNAVAILABLE"}}',
  },
})

const SAMPLE_IDS = { requestId: 'req-DEhFPX2xgaTu4Y1WDOF9', generationId: 'gen-1795351069-miA4AnUnp1MkHXoTOCek' }

function headersExample(): string {
  const { status } = FAILURES[SAMPLE.code]
  const headers = {
    'x-request-id': SAMPLE_IDS.requestId,
    'x-generation-id': SAMPLE_IDS.generationId,
    ...failureHeaders(SAMPLE),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return ['```http', `HTTP/1.1 ${status} Bad Gateway`, ...lines, '```'].join('\n')
}

function faultsTable(): string {
  const rows = Object.entries(FAULTS).map(([name, { takes, billed, means }]) => [
    `\`${name}\``,
    typeof takes === 'string' ? takes : code(takes, ', '),
    billed,
    means,
  ])
  return table(['Fault', 'Value', 'Billed', 'What happens'], rows)
}

function promisesTable(group: string): string {
  const head = ['Number', 'Promise', 'Tests', 'Broken on purpose', 'Measured by the long form']
  return table(head, promiseRows(PROMISES, group, evidence()))
}

function figuresTable(): string {
  const rows = figureRows(evidence().figures)
  return rows.length === 0 ? 'None yet.' : table(['Number', 'Of what', 'Figure', 'Run'], rows)
}

function evidence(): Evidence {
  return {
    tests: files('{src,test}/**/*.test.ts').map((file) => ({ file, titles: titlesOf(file, textOf) })),
    sabotages: SABOTAGES,
    figures: files('test/figures/*.json').flatMap((file) => readFigures(file, textOf(file))),
  }
}

function files(pattern: string): readonly string[] {
  return globSync(pattern, { cwd: root }).toSorted()
}

function textOf(file: string): string {
  return readFileSync(resolve(root, file), 'utf8')
}

function code(words: readonly string[], separator: string): string {
  return words.map((word) => `\`${word}\``).join(separator)
}

function example(value: JsonValue): string {
  return ['```json', JSON.stringify(value, null, 2), '```'].join('\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows]
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n')
}

if (import.meta.main) {
  for (const document of GENERATED_DOCUMENTS) {
    const file = new URL(document, import.meta.url)
    writeFileSync(file, generated(document, readFileSync(file, 'utf8')))
  }
}
