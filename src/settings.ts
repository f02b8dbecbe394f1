import { z } from 'zod'

import {
  address,
  moment,
  onOff,
  originList,
  postgresUrl,
  providerList,
  rangeList,
  size,
  whole,
} from './setting-readers.ts'

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
    'JSON rows merged into the catalogue by id: your prices, your routes, prices you confirm, models that only you have.',
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
    rangeList,
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
    originList,
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
    moment,
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

export type Settings = { readonly [Name in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[Name]['read']> }

/** One setting of the environment: how it is read, its unit and why its default is what it is. docs/configuration.md is generated from this. */
interface Setting<T> {
  readonly read: z.ZodType<T, string | undefined>
  readonly default: string
  readonly unit: string
  readonly why: string
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
