import assert from 'node:assert/strict'

import type { Receipt } from '../../src/core/receipt.ts'
import { until } from '../support/generations.ts'
import { dataUrl, fromDataUrl, photograph } from '../support/pictures.ts'
import type { KeyKind, Tenant } from '../support/tenants.ts'
import type { Asking, Told, World } from './world.ts'

export const MODEL = 'google/gemini-nano-banana-2.1'
/** Served by a provider with a queue, whose calls can be taken back. */
const QUEUED_MODEL = 'black-forest-labs/flux.1-dev'
/** Calls that a provider is sent at the same time; whatever comes after them waits here. */
const AT_ONCE = 64

/** A word of A's alone, in everything that he says. */
export const CANARY = 'aardvarkish'
/** The same text on every route that buys. */
export const PURCHASE_KEY = `order of ${CANARY}`
export const CREDIT_KEY = `money of ${CANARY}`

/** Routes that buy pictures. */
export const BUYING = [
  '/api/v1/chat/completions',
  '/api/v1/images',
  '/api/v1/images/generations',
  '/v1/images/generations',
]

/** What A has left behind. */
export interface Remains {
  readonly generations: readonly { readonly id: string; readonly mode: 'live' | 'test'; readonly status: string }[]
  /** SHA-256 of keys: in use, disabled, deleted. */
  readonly keyHashes: readonly string[]
  readonly cursors: readonly { readonly cursor: string; readonly mode: 'live' | 'test' }[]
  /** A picture of his that its maker has signed, and its receipt. */
  readonly conversation: { readonly receipt: Receipt; readonly picture: Buffer }
  /** A file of his: the receipt it belongs to. */
  readonly photograph: { readonly receipt: Receipt; readonly picture: Buffer }
}

/** A body that buys one picture, in the words of the route. */
export function purchase(path: string, prompt: string, more: object = {}): object {
  const words = path.endsWith('/completions') ? { messages: [{ role: 'user', content: prompt }] } : { prompt }
  return { model: MODEL, ...words, ...more }
}

/** A buys in every way there is, and asks for what cannot be had; some of it still runs when this resolves. */
export async function leaveEverything(world: World): Promise<Remains> {
  const { a } = world
  const buy = async (kind: KeyKind, path: string, prompt: string, more: object = {}, headers: Asking['headers'] = {}) =>
    await world.ask(a.keys[kind], {
      method: 'POST',
      path,
      body: purchase(path, `${CANARY} ${prompt}`, {
        user: CANARY,
        session_id: CANARY,
        metadata: { a: CANARY },
        ...more,
      }),
      headers,
    })
  const reference = dataUrl(await photograph('png', 64, 64, 5), 'image/png')

  for (const kind of ['live', 'test'] as const) {
    for (const path of BUYING) good(await buy(kind, path, 'a fox', {}, { 'idempotency-key': PURCHASE_KEY }))
    const references = [{ type: 'image_url', image_url: { url: reference } }]
    good(await buy(kind, '/api/v1/images', 'an owl', { n: 2, output_format: 'webp', input_references: references }))
    good(await buy(kind, '/api/v1/images', 'a hare', { stream: true }))
    assert.equal((await buy(kind, '/api/v1/images', 'a wolf[[fault:refusal=finish:IMAGE_SAFETY]]')).status, 400)
    assert.equal((await buy(kind, '/api/v1/images', 'a lynx[[fault:truncate=1000]]')).status, 502)
  }
  const first = good(await buy('live', '/api/v1/images', 'a heron'))
  const conversation = await converse(world, CANARY, a.keys.live)
  const cancelled = await later(world, a, 'to be cancelled')
  assert.equal((await cancel(world, a, cancelled)).status, 200)

  await world.ask(a.keys.admin, {
    method: 'POST',
    path: '/api/v1/credits',
    body: { amount_usd: '1', mode: 'test', idempotency_key: CREDIT_KEY },
  })
  const [disabled, deleted] = [await spareKey(world, 'disabled'), await spareKey(world, 'deleted')]
  await world.ask(a.keys.admin, { method: 'PATCH', path: `/api/v1/keys/${disabled}`, body: { disabled: true } })
  await world.ask(a.keys.admin, { method: 'DELETE', path: `/api/v1/keys/${deleted}` })

  const waiting = await Promise.all(
    Array.from({ length: AT_ONCE + 1 }, async (_, n) => await later(world, a, `no. ${n}`)),
  )
  const settled = await settledStates(world, waiting)
  const photographed = receiptIn(await world.ask(a.keys.live, { path: `/api/v1/generations/${idOf(first)}` }))
  const picture = await world.ask(a.keys.live, { path: photographed.images[0]?.url ?? '' })
  return {
    generations: [...(await finished(world)), ...settled],
    keyHashes: [...Object.values(a.hashes), disabled, deleted],
    cursors: [await cursorOf(world, 'live'), await cursorOf(world, 'test')],
    conversation,
    photograph: { receipt: photographed, picture: picture.body },
  }
}

/** Lets go of what still waits, so that nothing has to be waited for. */
export async function letGo(world: World): Promise<void> {
  const { db } = world.gateway.database
  const rows = await db.selectFrom('generations').select('id').where('receipt', 'is', null).execute()
  await Promise.all(rows.map(async ({ id }) => await cancel(world, world.a, id)))
}

/** One picture by chat; with `earlier`, a second one that goes on from it. Returns the receipt and the picture. */
export async function converse(world: World, word: string, key: string, earlier?: Buffer) {
  const user = { role: 'user', content: `A ${word} lake.` }
  const answer = earlier && {
    role: 'assistant',
    content: '',
    images: [{ image_url: { url: dataUrl(earlier, 'image/jpeg') } }],
  }
  const messages = answer ? [user, answer, { role: 'user', content: `The ${word} lake by night.` }] : [user]
  const path = '/api/v1/chat/completions'
  const told = good(await world.ask(key, { method: 'POST', path, body: { model: MODEL, messages } }))
  const body = JSON.parse(told.body.toString()) as {
    choices: [{ message: { images: [{ image_url: { url: string } }] } }]
  }
  const receipt = receiptIn(await world.ask(key, { path: `/api/v1/generations/${idOf(told)}` }))
  return { receipt, picture: fromDataUrl(body.choices[0].message.images[0].image_url.url) }
}

function good(told: Told): Told {
  assert.equal(told.status, 200, told.body.toString().slice(0, 500))
  return told
}

export function idOf({ headers }: Told): string {
  return headers.get('x-generation-id') ?? ''
}

function receiptIn({ body }: Told): Receipt {
  return JSON.parse(body.toString()) as Receipt
}

/** A purchase that waits in its provider's queue, or for a place there. */
async function later(world: World, { keys }: Tenant, which: string): Promise<string> {
  const told = await world.ask(keys.live, {
    method: 'POST',
    path: '/api/v1/images',
    body: { model: QUEUED_MODEL, prompt: `${CANARY} ${which}[[fault:queue=600000]]` },
    headers: { prefer: 'respond-async' },
  })
  assert.equal(told.status, 202, told.body.toString())
  return idOf(told)
}

async function cancel(world: World, { keys }: Tenant, id: string): Promise<Told> {
  return await until(`${id} can be cancelled`, async () => {
    const told = await world.ask(keys.live, { method: 'POST', path: `/api/v1/generations/${id}/cancel` })
    // Until the queue has told its id, nothing can be taken back.
    return told.status === 409 ? undefined : told
  })
}

async function spareKey({ ask, a }: World, name: string): Promise<string> {
  const told = await ask(a.keys.admin, { method: 'POST', path: '/api/v1/keys', body: { name: `${CANARY} ${name}` } })
  return (JSON.parse(told.body.toString()) as { data: { hash: string } }).data.hash
}

/** One that runs, in its provider's queue, and one that is held here. */
async function settledStates({ gateway }: World, ids: readonly string[]): Promise<Remains['generations']> {
  const { db } = gateway.database
  return await until('all places at the provider are taken', async () => {
    const rows = await db
      .selectFrom('generations')
      .leftJoin('attempts', 'attempts.generation_id', 'generations.id')
      .select(['generations.id', 'generations.status', 'upstream_id'])
      .where('generations.id', 'in', ids)
      .execute()
    const running = rows.filter(({ upstream_id: upstreamId }) => upstreamId !== null)
    const held = rows.filter(({ status }) => status === 'held')
    if (running.length < AT_ONCE || held.length === 0) return undefined
    return [running[0], held[0]].flatMap((row) =>
      row ? [{ id: row.id, mode: 'live' as const, status: row.status }] : [],
    )
  })
}

async function finished({ gateway, a }: World): Promise<Remains['generations']> {
  return await gateway.database.db
    .selectFrom('generations')
    .select(['id', 'mode', 'status'])
    .where('workspace_id', '=', a.workspaceId)
    .where('receipt', 'is not', null)
    .execute()
}

async function cursorOf({ ask, a }: World, mode: 'live' | 'test'): Promise<Remains['cursors'][number]> {
  const told = good(await ask(a.keys[mode], { path: '/api/v1/generations?limit=1' }))
  const { cursor } = JSON.parse(told.body.toString()) as { cursor: string | null }
  assert.ok(cursor !== null, 'there is a next page')
  return { cursor, mode }
}
