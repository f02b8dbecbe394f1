import { homedir } from 'node:os'
import { join } from 'node:path'

import { z } from 'zod'

import { nearestProviders, providerCalled, PROVIDER_NAMES } from './catalog/provider-names.ts'
import { FAILPOINTS, readFailpoint } from './core/failpoint.ts'
import { err, ok, type Result } from './core/result.ts'
import { NO_CREDENTIAL, type ProviderEntry } from './providers/entry.ts'
import { PROVIDERS } from './providers/registry.ts'

/** One setting of the environment: how it is read, its unit and why its default is what it is. docs/configuration.md is generated from this. */
interface Setting<T> {
  readonly read: z.ZodType<T, string | undefined>
  readonly default: string
  readonly unit: string
  readonly why: string
}

const whole = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, `must be from ${minimum} to ${maximum}`)

const SIZE_UNITS = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 } as const

const size = z.string().transform((text, context) => {
  const match = /^(\d+)([KMGT]?)$/.exec(text)
  if (match === null) {
    context.addIssue({
      code: 'custom',
      message: 'must be a number of bytes, with K, M, G or T behind it if you like: 200G',
    })
    return z.NEVER
  }
  return Number(match[1]) * SIZE_UNITS[match[2] as keyof typeof SIZE_UNITS]
})

const onOff = z
  .enum(['on', 'off', '1', '0', 'true', 'false'], 'must be on or off')
  .transform((text) => text === 'on' || text === '1' || text === 'true')

const address = z
  .string()
  .refine((text) => ['http:', 'https:'].includes(URL.parse(text)?.protocol ?? ''), 'must be an http or https URL')

const postgresUrl = z
  .string()
  .refine(
    (text) => ['postgres:', 'postgresql:'].includes(URL.parse(text)?.protocol ?? ''),
    'must be a postgres:// or postgresql:// URL, for example postgres://user:password@host:5432/plantain',
  )

/** Slugs or display names, as slugs. One that nobody has is a problem: it would be a promise about nobody. */
const providerList = z.string().transform((text, context) =>
  listed(text).flatMap((name) => {
    const slug = providerCalled(name)?.slug
    if (slug !== undefined) return [slug]
    const slugs = PROVIDER_NAMES.map((provider) => provider.slug)
    context.addIssue({
      code: 'custom',
      message: `no provider is called ${JSON.stringify(name)}; the nearest: ${nearestProviders(name, slugs).slice(0, 3).join(', ')}`,
    })
    return []
  }),
)

/** The parts of a comma-separated text, each once. */
function listed(text: string): readonly string[] {
  const parts = text.split(',').map((part) => part.trim())
  return [...new Set(parts)].filter((part) => part !== '')
}

function isRange(text: string): boolean {
  return /^[\da-fA-F.:]+\/\d{1,3}$/.test(text)
}

function setting<T>(read: z.ZodType<T, string>, fallback: string, unit: string, why: string): Setting<T>
function setting<T>(read: z.ZodType<T, string>, fallback: undefined, unit: string, why: string): Setting<T | undefined>
function setting<T>(
  read: z.ZodType<T, string>,
  fallback: string | undefined,
  unit: string,
  why: string,
): Setting<T | undefined> {
  return {
    read: fallback === undefined ? read.optional() : z.string().default(fallback).pipe(read),
    default: fallback ?? '',
    unit,
    why,
  }
}

/** Every setting of the gateway itself, by its name in the environment. */
export const SETTINGS = {
  PLANTAIN_HOST: setting(
    z.string().min(1),
    '127.0.0.1',
    'address',
    'Where to listen. Loopback, so that an install is nobody else’s until its operator says so.',
  ),
  PLANTAIN_PORT: setting(whole(0, 65_535), '7878', 'port', 'Where to listen; 0 takes any free port.'),
  PLANTAIN_DATA: setting(
    z.string().min(1),
    undefined,
    'directory',
    'Database, pictures and first keys. Default: `plantain` under the XDG data home (`~/.local/share`).',
  ),
  DATABASE_URL: setting(
    postgresUrl,
    undefined,
    'URL',
    'PostgreSQL 15 or newer instead of the SQLite file, for more than one node.',
  ),
  PLANTAIN_ASSETS: setting(
    onOff,
    'on',
    'on, off',
    '`off` keeps no picture on disk: answers carry it once and it cannot be fetched again.',
  ),
  PLANTAIN_ASSETS_MAX: setting(
    size,
    undefined,
    'bytes',
    'Pictures beyond this go, oldest first, never younger than 24 h. Default: half the disk.',
  ),
  PLANTAIN_IMAGE_MEMORY: setting(
    size,
    '128M',
    'bytes',
    'Pictures held in memory at once, over the whole process; past it they are read from disk. More saves reading what 2 GiB have no room for.',
  ),
  PLANTAIN_KEEP_IMAGES_DAYS: setting(
    whole(1, 36_500),
    '30',
    'days',
    'How long delivered pictures can be fetched again.',
  ),
  PLANTAIN_KEEP_PROMPTS: setting(
    onOff,
    'on',
    'on, off',
    '`off` writes no prompt down; receipts are kept for ever either way.',
  ),
  PLANTAIN_CATALOG: setting(
    z.string().min(1),
    undefined,
    'file',
    'JSON rows merged into the catalogue by id: your prices, your routes, prices you confirm.',
  ),
  PLANTAIN_DEFAULT_MODEL: setting(
    z.string().min(1),
    'google/gemini-nano-banana-2.1',
    'model',
    'What the command line uses when no model is named.',
  ),
  PLANTAIN_RETIRED: setting(
    z.enum(['successor', 'refuse'], 'must be successor or refuse'),
    'successor',
    'successor, refuse',
    'What a live request for a shut-down model gets: its successor with a warning, or 404.',
  ),
  PLANTAIN_ROUTE_ORDER: setting(
    providerList,
    '',
    'slugs, comma-separated',
    'Providers to prefer wherever several serve a model, in this order; after them the cheapest goes first.',
  ),
  PLANTAIN_NO_TRAINING_PROVIDERS: setting(
    providerList,
    '',
    'slugs, comma-separated',
    'Providers that by your contract with them collect nothing they are sent: the only ones for `provider.data_collection: "deny"`.',
  ),
  PLANTAIN_ZDR_PROVIDERS: setting(
    providerList,
    '',
    'slugs, comma-separated',
    'Providers that by your contract with them keep nothing they are sent: the only ones for `provider.zdr`, and good for `deny` too.',
  ),
  PLANTAIN_DIFFERENT: setting(
    z.enum(['deliver', 'pro_rata', 'failover'], 'must be deliver, pro_rata or failover'),
    'deliver',
    'deliver, pro_rata, failover',
    'A picture that is not of the size, ratio or resolution that was asked: delivered at its price, charged for the pixels that came, or made by the next provider. The receipt names the difference either way.',
  ),
  PLANTAIN_REENCODE: setting(
    onOff,
    'on',
    'on, off',
    'References are decoded and encoded anew in a process of their own before a provider gets them: no metadata, no hidden payload. `off` sends them as they came.',
  ),
  PLANTAIN_ALLOWED_RANGES: setting(
    z
      .string()
      .transform(listed)
      .refine((ranges) => ranges.every(isRange), 'must be CIDR ranges with commas between them: 10.1.0.0/16'),
    '',
    'CIDR, comma-separated',
    'Private addresses that references by URL may come from. Addresses of metadata services stay closed whatever stands here.',
  ),
  PLANTAIN_PUBLIC_URL: setting(
    address,
    undefined,
    'URL',
    'Where providers reach this gateway from outside. With it they are asked to tell when a job has changed (POST /hooks/…); without it jobs are polled, which takes a second longer.',
  ),
  PLANTAIN_DELIVERY_ORIGINS: setting(
    z
      .string()
      .transform(listed)
      .refine(
        (origins) => origins.every((origin) => URL.parse(origin)?.origin === origin),
        'must be origins with commas between them: https://cdn.example.com',
      ),
    '',
    'origins, comma-separated',
    'Hosts that you trust to deliver pictures for providers, private ones too. Any other host is asked under the rules for strangers.',
  ),
  PLANTAIN_DEADLINE_S: setting(
    whole(10, 900),
    '300',
    'seconds',
    'Longest time for one generation, where the catalogue names none for the model.',
  ),
  PLANTAIN_DRAIN_S: setting(
    whole(0, 3_600),
    '300',
    'seconds',
    'How long a stopping gateway waits for generations in flight.',
  ),
  PLANTAIN_TEXT_ALLOWANCE: setting(
    whole(0, 1_000_000),
    '4096',
    'tokens',
    'Words and thoughts that a hold covers per call of a token-priced model; the rest of the hold goes home at settle.',
  ),
  PLANTAIN_SANDBOX_LATENCY_MS: setting(
    whole(0, 600_000),
    '400',
    'milliseconds',
    'How long the sandbox pretends to work on a picture for a test key.',
  ),
  PLANTAIN_SANDBOX_PICTURES: setting(
    z.enum(['fine', 'coarse'], 'must be fine or coarse'),
    'fine',
    '`fine` or `coarse`',
    'How test keys’ pictures are painted: `coarse` ones, in large pixels, take a tenth of the time. For test suites.',
  ),
  PLANTAIN_LOG_LEVEL: setting(
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent'], 'must be fatal, error, warn, info, debug or silent'),
    'info',
    'level',
    'Structured logs on standard error, without prompts, keys or pictures.',
  ),
  PLANTAIN_CRASH_AT: setting(
    z.string().transform((text, context) => {
      const failpoint = readFailpoint(text)
      if (failpoint !== undefined) return failpoint
      context.addIssue({
        code: 'custom',
        message: `must be one of: ${FAILPOINTS.join(', ')}; with :N for the N-th time`,
      })
      return z.NEVER
    }),
    undefined,
    'moment',
    'For crash tests alone: the gateway kills itself at this moment.',
  ),
  PLANTAIN_URL: setting(
    address,
    undefined,
    'URL',
    'Command line: the gateway to talk to instead of one in the same process.',
  ),
  PLANTAIN_API_KEY: setting(z.string().min(1), undefined, 'key', 'Command line: the key for that gateway.'),
} as const satisfies Record<string, Setting<unknown>>

type Settings = { readonly [Name in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[Name]['read']> }

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
