import { homedir } from 'node:os'
import { join } from 'node:path'

import { err, ok, type Result } from './core/result.ts'
import { NO_CREDENTIAL, type ProviderEntry } from './providers/entry.ts'
import { PROVIDERS } from './providers/registry.ts'
import { address, listed } from './setting-readers.ts'
import { type Settings, SETTINGS } from './settings.ts'

export interface ProviderConfig {
  /** At least one; calls take turns among them. Several credentials of one account's address, several machines of the operator's own. */
  readonly places: readonly Place[]
}

export interface Place {
  /** Without a trailing slash. */
  readonly baseUrl: string
  readonly credential: string
}

/** What tells a terminal that can show pictures from one that cannot; their makers' own names. */
const TERMINAL_FACTS = ['TERM', 'TERM_PROGRAM', 'LC_TERMINAL', 'KITTY_WINDOW_ID', 'KONSOLE_VERSION', 'TMUX'] as const

export type TerminalFacts = Readonly<Partial<Record<(typeof TERMINAL_FACTS)[number], string>>>

export interface Config {
  readonly settings: Settings & { readonly PLANTAIN_DATA: string }
  /** By slug; only providers that have a credential. */
  readonly providers: Readonly<Record<string, ProviderConfig>>
  readonly terminal: TerminalFacts
}

/** Reads the environment. A failure lists every problem at once, each naming its setting. */
export function loadConfig(environment?: Environment): Result<Config, readonly string[]> {
  const { config, problems } = readConfig(environment)
  return problems.length > 0 ? err(problems) : ok(config)
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The environment with what is wrong with it. A setting that cannot be read stands at its default, so that the rest can still be
 * looked at; nothing may be done with such a configuration but look.
 */
export function readConfig(environment: Environment = process.env): {
  readonly config: Config
  readonly problems: readonly string[]
} {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const problems: string[] = []
  const settings: Record<string, unknown> = {}
  for (const [name, { read }] of Object.entries(SETTINGS)) {
    const parsed = read.safeParse(given[name])
    if (!parsed.success) problems.push(...parsed.error.issues.map(({ message }) => `${name}: ${message}`))
    settings[name] = parsed.success ? parsed.data : read.parse(undefined)
  }
  const unknown = Object.keys(given).filter((name) => name.startsWith('PLANTAIN_') && !isKnown(name))
  problems.push(...unknown.map((name) => `${name}: no such setting`))

  const providers: Record<string, ProviderConfig> = {}
  for (const [id, provider] of Object.entries(PROVIDERS)) {
    const places = readPlaces(provider, given, problems)
    if (places.length > 0) providers[id] = { places }
  }

  const read = settings as Settings
  const terminal = Object.fromEntries(TERMINAL_FACTS.flatMap((name) => (given[name] ? [[name, given[name]]] : [])))
  const config = { settings: { ...read, PLANTAIN_DATA: read.PLANTAIN_DATA ?? dataHome(given) }, providers, terminal }
  return { config, problems }
}

/** Every credential goes with every address, in turn; there are as many places as the longer list has entries. */
function readPlaces(provider: ProviderEntry, given: Environment, problems: string[]): readonly Place[] {
  const urlName = baseUrlSetting(provider.settings)
  const urls = given[urlName] === undefined ? listed(provider.baseUrl ?? '') : listed(given[urlName])
  const isUsable =
    urls.every((url) => address.safeParse(url).success) && (given[urlName] === undefined || urls.length > 0)
  if (!isUsable) problems.push(`${urlName}: must be an http or https URL, or several with commas between them`)
  const name = provider.credentials.find((credential) => given[credential] !== undefined)
  const credentials = name === undefined ? (provider.keyless ? [NO_CREDENTIAL] : []) : listed(given[name] ?? '')
  if (name !== undefined && credentials.length === 0)
    problems.push(`${name}: must hold a credential, or several with commas between them`)
  if (!isUsable || urls.length === 0 || credentials.length === 0) return []
  return Array.from({ length: Math.max(urls.length, credentials.length) }, (_, index) => ({
    baseUrl: (urls[index % urls.length] ?? '').replace(/\/+$/, ''),
    credential: credentials[index % credentials.length] ?? '',
  }))
}

function isKnown(name: string): boolean {
  return name in SETTINGS || Object.values(PROVIDERS).some(({ settings }) => name === baseUrlSetting(settings))
}

/** The setting that moves a provider to another address: `PLANTAIN_GOOGLE_BASE_URL`. */
export function baseUrlSetting(provider: string): string {
  return `PLANTAIN_${provider}_BASE_URL`
}

function dataHome(environment: Readonly<Record<string, string | undefined>>): string {
  return join(environment['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'plantain')
}
