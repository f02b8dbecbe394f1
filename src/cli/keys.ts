import { type Command, Option } from 'commander'
import { z } from 'zod'

import { isoTime, systemClock } from '../core/clock.ts'
import { usd, usdNumber } from '../core/money.ts'
import type { Client } from './client.ts'
import { CommandFailure, wrongUsage } from './failure.ts'
import type { CommonOptions, Perform, Session } from './session.ts'
import { table } from './table.ts'

interface CreateOptions extends CommonOptions {
  readonly mode: 'test' | 'live' | 'admin'
  readonly name: string
  readonly limit?: string
  readonly limitReset?: string
  readonly expires?: string
}

export function addKeys(program: Command, perform: Perform): void {
  const keys = program.command('keys').description('API keys: make, list, disable, enable, delete')
  keys
    .command('create')
    .description('Make a key; its text is shown this once')
    .addOption(
      new Option('--mode <mode>', 'test: sandbox; live: real money; admin: manages')
        .choices(['test', 'live', 'admin'])
        .makeOptionMandatory(),
    )
    .requiredOption('--name <name>', 'a name to tell keys apart by')
    .option('--limit <usd>', 'most that it may spend, in US dollars')
    .addOption(
      new Option('--limit-reset <when>', 'the limit starts over, at 00:00 UTC').choices(['daily', 'weekly', 'monthly']),
    )
    .option('--expires <when>', 'a date (2027-12-31), a time (2027-12-31T23:59:59Z) or days from now (30d)')
    .option('--json', 'one JSON document on standard output')
    .addHelpText(
      'after',
      `
Examples:
  plantain keys create --mode test --name laptop
  plantain keys create --mode live --name shop --limit 20 --limit-reset monthly
  plantain keys create --mode admin --name dashboard --expires 30d --json

Admin keys can be made only where the data is, never with another admin key over the network.`,
    )
    .action((options: CreateOptions) => perform(options, (session) => createKey(session, options)))
  keys
    .command('list')
    .description('All keys, newest first')
    .option('--json', 'one JSON document on standard output')
    .addHelpText('after', '\nExample:\n  plantain keys list')
    .action((options: CommonOptions) => perform(options, listKeys))
  for (const { name, description, change } of CHANGES) {
    keys
      .command(name)
      .argument('<hash>', 'hash of the key, or its first characters')
      .description(description)
      .option('--json', 'one JSON document on standard output')
      .addHelpText('after', `\nExample:\n  plantain keys ${name} 3fa1c04b`)
      .action((hash: string, options: CommonOptions) =>
        perform(options, async (session) => {
          const client = await session.client('admin')
          const key = await findKey(client, hash)
          const { raw } = await change(client, `/api/v1/keys/${key.hash}`)
          session.report(raw, [`${key.label}  ${key.name}  ${name}d`])
        }),
      )
  }
}

const CHANGES = [
  {
    name: 'disable',
    description: 'Make a key stop working, until it is enabled',
    change: (client: Client, path: string) => client.send('PATCH', path, { disabled: true }, z.unknown()),
  },
  {
    name: 'enable',
    description: 'Make a disabled key work again',
    change: (client: Client, path: string) => client.send('PATCH', path, { disabled: false }, z.unknown()),
  },
  {
    name: 'delete',
    description: 'Make a key stop working for good; what it spent stays in the books',
    change: (client: Client, path: string) => client.send('DELETE', path, undefined, z.unknown()),
  },
] as const

const Key = z.looseObject({
  hash: z.string(),
  name: z.string(),
  label: z.string(),
  mode: z.string(),
  disabled: z.boolean(),
  usage: z.number(),
  limit: z.number().nullable(),
  limit_reset: z.string().nullable(),
  expires_at: z.string().nullable(),
})
type Key = z.output<typeof Key>

async function createKey(session: Session, { mode, name, limit, limitReset, expires }: CreateOptions): Promise<void> {
  const body = {
    name,
    mode,
    limit: limit === undefined ? undefined : dollars(limit),
    limit_reset: limitReset,
    expires_at: expires === undefined ? undefined : expiry(expires),
  }
  const client = await session.client('admin')
  const { value, raw } = await client.send('POST', '/api/v1/keys', body, z.object({ key: z.string(), data: Key }))
  if (!session.isJson) session.terminal.note(`Key ${value.data.name}, shown this once:`)
  session.report(raw, [value.key])
}

async function listKeys(session: Session): Promise<void> {
  const keys = await allKeys(await session.client('admin'))
  const rows = keys.map((key) => [
    key.hash.slice(0, 12),
    key.mode,
    key.name,
    key.label,
    `${key.usage}${key.limit === null ? '' : ` of ${key.limit}${key.limit_reset === null ? '' : ` ${key.limit_reset}`}`}`,
    key.disabled ? 'disabled' : key.expires_at === null ? 'enabled' : `until ${key.expires_at}`,
  ])
  session.report({ data: keys }, table([['HASH', 'MODE', 'NAME', 'KEY', 'USD SPENT', 'STATE'], ...rows]))
}

const PAGE = 100

async function allKeys(client: Client): Promise<readonly Key[]> {
  const keys: Key[] = []
  for (;;) {
    const path = `/api/v1/keys?include_disabled=true&limit=${PAGE}&offset=${keys.length}`
    const { value } = await client.get(path, z.object({ data: z.array(Key) }))
    keys.push(...value.data)
    if (value.data.length < PAGE) return keys
  }
}

async function findKey(client: Client, prefix: string): Promise<Key> {
  if (!/^[0-9a-f]{4,64}$/.test(prefix))
    throw wrongUsage('A key is named by at least four characters of its hash: plantain keys list')
  const found = (await allKeys(client)).filter(({ hash }) => hash.startsWith(prefix))
  const [key] = found
  if (key === undefined) throw new CommandFailure(1, `No key has a hash that begins with ${prefix}.`)
  if (found.length > 1) throw wrongUsage(`${found.length} keys have a hash that begins with ${prefix}.`)
  return key
}

/** This wire has only binary numbers for money. */
function dollars(text: string): number {
  try {
    return usdNumber(usd(text))
  } catch {
    throw wrongUsage(`--limit must be US dollars with at most nine decimals, such as 20 or 0.5, not ${text}.`)
  }
}

const DAY_MS = 24 * 60 * 60 * 1000

function expiry(text: string): string {
  const days = /^(\d{1,5})d$/.exec(text)?.[1]
  if (days !== undefined) return isoTime(systemClock.now() + Number(days) * DAY_MS)
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T23:59:59Z` : text
  if (Number.isNaN(Date.parse(time)) || !time.includes('T'))
    throw wrongUsage(`--expires must be 2027-12-31, 2027-12-31T23:59:59Z or 30d, not ${text}.`)
  return isoTime(Date.parse(time))
}
