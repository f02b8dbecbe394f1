import { randomText } from '../../src/core/ids.ts'
import type { Database } from '../../src/db/database.ts'
import type { KeyKind, Tenant } from '../support/tenants.ts'
import { CREDIT_KEY, PURCHASE_KEY, type Remains } from './everything.ts'
import type { Feed, Kind } from './feeds.ts'
import type { Told, World } from './world.ts'

/** A name of somebody else's, and one of the same form that nobody has. */
export interface Twins {
  readonly foreign: string
  readonly absent: string
  /** Undefined: of both modes. */
  readonly mode: 'live' | 'test' | undefined
}

/** Who asks: a key, and whether it is somebody else's or only of the other mode. */
export interface Asker {
  readonly who: string
  readonly key: string
  /** Names of this mode are foreign to him; undefined: all of them are. */
  readonly foreignTo: 'live' | 'test' | undefined
}

export function askersOf({ a, b, gateway }: World): readonly Asker[] {
  const stranger = ({ name, keys }: Tenant, kind: KeyKind): Asker => ({
    who: `${name}'s ${kind} key`,
    key: keys[kind],
    foreignTo: undefined,
  })
  return [
    stranger(b, 'live'),
    stranger(b, 'test'),
    stranger(b, 'admin'),
    { who: 'the admin key of the default workspace', key: gateway.keys.admin, foreignTo: undefined },
    { who: 'the owner’s test key', key: a.keys.test, foreignTo: 'live' },
    { who: 'the owner’s live key', key: a.keys.live, foreignTo: 'test' },
    { who: 'the owner’s admin key, which looks at live traffic', key: a.keys.admin, foreignTo: 'test' },
  ]
}

/** Whether this name, of this kind, is nothing to the asker. Keys and the workspace belong to both modes. */
export function isForeign({ mode }: Twins, { foreignTo }: Asker): boolean {
  return foreignTo === undefined || foreignTo === mode
}

/** Generations of each state that are asked about. */
const SAMPLES = 2

/** Everything of A's that can be named, with its twin. */
export function namesOf({ a, gateway }: World, remains: Remains): Readonly<Record<Kind, readonly Twins[]>> {
  const states = Map.groupBy(remains.generations, ({ mode, status }) => `${mode} ${status}`)
  const samples = [...states.values()].flatMap((alike) => alike.slice(0, SAMPLES))
  const generations = samples.map(({ id, mode }) => ({ foreign: id, absent: twinOf(id, 20), mode }))
  const keys = remains.keyHashes.map((hash) => ({ foreign: hash, absent: twinOf(hash, 64, hex), mode: undefined }))
  const workspace = { foreign: a.workspaceId, absent: twinOf(a.workspaceId, 24), mode: undefined }
  const [purchase, credit] = [PURCHASE_KEY, CREDIT_KEY].map((key) => ({
    foreign: key,
    absent: twinOf(key, 8),
    mode: undefined,
  }))
  const addresses = generations.map(({ foreign, absent, mode }) => ({
    foreign: `${gateway.url}/api/v1/generations/${foreign}/images/0`,
    absent: `${gateway.url}/api/v1/generations/${absent}/images/0`,
    mode,
  }))
  return {
    generation: generations,
    key: keys,
    workspace: [workspace],
    cursor: remains.cursors.map(({ cursor, mode }) => ({ foreign: cursor, absent: twinOf(cursor, 20), mode })),
    'purchase key': [purchase, credit].filter((key) => key !== undefined),
    'picture address': addresses.slice(0, 1),
    anything: [...generations.slice(0, 1), ...keys.slice(0, 1), workspace],
  }
}

/** The same but for its last characters. */
function twinOf(name: string, length: number, random: (length: number) => string = randomText): string {
  return name.slice(0, -length) + random(length)
}

function hex(length: number): string {
  return Buffer.from(randomText(length / 2)).toString('hex')
}

/** Names and words that nobody but A may be told; each is unlike anything that another's answer may hold. */
export async function secretsOf({ a }: World, { db }: Database, word: string): Promise<ReadonlySet<string>> {
  const own = await db.selectFrom('generations').select('id').where('workspace_id', '=', a.workspaceId).execute()
  const ids = own.map(({ id }) => id)
  const attempts = await db.selectFrom('attempts').selectAll().where('generation_id', 'in', ids).execute()
  const images = await db.selectFrom('generation_images').select('sha256').where('generation_id', 'in', ids).execute()
  const keys = await db.selectFrom('api_keys').selectAll().where('workspace_id', '=', a.workspaceId).execute()
  const transactions = await db.selectFrom('transactions').select('id').where('generation_id', 'in', ids).execute()
  return new Set([
    word,
    a.name,
    a.workspaceId,
    ...ids,
    ...attempts.flatMap(({ id, upstream_id: upstreamId }) => [id, upstreamId ?? id]),
    ...images.map(({ sha256 }) => sha256),
    ...keys.flatMap(({ hash, label }) => [hash, label]),
    ...Object.values(a.keys),
    ...transactions.map(({ id }) => id),
  ])
}

/** The first of the secrets that an answer holds, beside the name that was asked about. */
export function betrayed(told: Told, secrets: ReadonlySet<string>, asked = ''): string | undefined {
  const text = `${headersOf(told)}\n${told.body.toString('latin1')}`.replaceAll(asked === '' ? '\n' : asked, ' ')
  return [...secrets].find((secret) => text.includes(secret))
}

/** An answer as bytes to compare, without the name that was asked about, and where the asker has made something, without its ids and times. */
export function comparable(told: Told, asked: string, feed: Feed): string {
  const text = `${told.status}\n${headersOf(told)}\n\n${told.body.toString('latin1')}`.replaceAll(asked, '<the name>')
  // What is like a name that does not exist differs from name to name.
  if (feed.kind === 'anything') return text.replaceAll(/Nearest: [^"]*|content-length: \d+/g, '')
  if (feed.kind === 'nothing' || feed.makes === undefined) return text
  return text
    .replaceAll(/gen-\d{10}-\w{20}/g, '<generation>')
    .replaceAll(/sk-pl-[^"]+|\b[0-9a-f]{64}\b/g, '<key>')
    .replaceAll(/"(created|created_at|available_usd)":("[^"]*"|\d+)/g, '"$1":<value>')
    .replaceAll(/content-length: \d+/g, '')
}

function headersOf({ headers }: Told): string {
  return (
    [...headers]
      // The last two tell of the connection: whether the body had arrived when it was refused.
      .filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name))
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n')
  )
}
