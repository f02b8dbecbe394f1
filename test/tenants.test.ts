import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { systemClock } from '../src/core/clock.ts'
import { usd } from '../src/core/money.ts'
import { makeAudit } from '../src/ledger/auditor.ts'
import { readBooks } from '../src/ledger/provider-books.ts'
import { reconcile } from '../src/ledger/reconcile.ts'
import { DATABASES } from './support/home.ts'
import { dataUrl } from './support/pictures.ts'
import {
  BUYING,
  CANARY,
  converse,
  idOf,
  leaveEverything,
  letGo,
  purchase,
  PURCHASE_KEY,
  type Remains,
} from './tenants/everything.ts'
import { type Feed, FEEDS } from './tenants/feeds.ts'
import {
  type Asker,
  askersOf,
  betrayed,
  comparable,
  isForeign,
  namesOf,
  secretsOf,
  type Twins,
} from './tenants/replay.ts'
import { allRows, fingerprint, rowsOf } from './tenants/rows.ts'
import { type Asking, openWorld, type Told, type World } from './tenants/world.ts'

for (const database of DATABASES) {
  describe(`what one workspace has is nothing to another (${database})`, () => {
    let world: World
    let remains: Remains
    let secrets: ReadonlySet<string>
    /** Pictures that were read from the store. */
    let reads: () => number

    before(async () => {
      world = await openWorld(database)
      remains = await leaveEverything(world)
      secrets = await secretsOf(world, world.gateway.database, CANARY)
      reads = countReads(world)
      // So that B's lists are not empty, and reach back before everything of A's would end.
      await bisonBuys('a first bison')
      world.log()
    })
    after(async () => {
      await letGo(world)
      await world.stop()
    })

    async function bisonBuys(prompt: string, headers: Asking['headers'] = {}): Promise<Told> {
      const asking = { method: 'POST', path: '/api/v1/images', body: purchase('/api/v1/images', prompt), headers }
      const told = await world.ask(world.b.keys.live, asking)
      assert.equal(told.status, 200, told.body.toString())
      return told
    }

    test('X7: A has left what there is to leave, and sees it himself', async () => {
      const states = new Set(remains.generations.map(({ mode, status }) => `${mode} ${status}`))
      const seen = await world.ask(world.a.keys.live, { path: '/api/v1/generations?limit=100' })
      const { body } = await world.ask(world.a.keys.live, { path: remains.photograph.receipt.images[0]?.url ?? '' })
      const rows = rowsOf(await allRows(world.gateway.database), world.a.workspaceId)

      assert.deepEqual([...states].toSorted(), [
        'live held',
        'live running',
        'live settled',
        'live voided',
        'test settled',
        'test voided',
      ])
      assert.ok(betrayed(seen, secrets))
      assert.deepEqual(body, remains.photograph.picture)
      const tables = new Set(rows.map(({ table }) => table))
      for (const table of ['continuations', 'idempotency_keys', 'generation_images', 'assets', 'attempts', 'holds'])
        assert.ok(tables.has(table), table)
    })

    test('X7: every route of the server stands in the table, and nothing else does', () => {
      const routes = world.gateway.gateway.server.edge.routes.map(({ method, path }) => nameOf(method, path))

      assert.deepEqual([...new Set(routes)].toSorted(), Object.keys(FEEDS).toSorted())
    })

    for (const [route, feeds] of Object.entries(FEEDS)) {
      test(`X7: ${route} answers for what is another’s as for what is not there, and nothing happens`, async () => {
        const names = namesOf(world, remains)
        const makes = feeds.some((feed) => feed.kind !== 'nothing' && feed.makes)
        const mayRead = feeds.some((feed) => feed.kind === 'nothing' && feed.reads)
        const rows = async () => {
          const all = await allRows(world.gateway.database)
          return fingerprint(makes ? rowsOf(all, world.a.workspaceId) : all)
        }
        const [earlier, readBefore] = [await rows(), reads()]
        for (const asker of askersOf(world)) {
          for (const feed of feeds) {
            if (feed.kind === 'nothing') await askedNothing(feed, asker)
            else for (const name of names[feed.kind]) if (isForeign(name, asker)) await replayed(feed, name, asker)
          }
          if (!mayRead) assert.equal(reads(), readBefore, `no picture was read for ${asker.who}`)
        }
        assert.deepEqual(await rows(), earlier, 'no row has changed')
        assert.deepEqual(tracesIn(world.log()), [])
      })
    }

    async function askedNothing(feed: Feed & { readonly kind: 'nothing' }, asker: Asker): Promise<void> {
      for (const method of methodsOf(feed.asking)) {
        const told = await world.ask(asker.key, { ...feed.asking, method })
        if (asker.foreignTo === undefined)
          assert.equal(betrayed(told, secrets), undefined, `${asker.who} was told of it`)
      }
    }

    async function replayed(
      feed: Exclude<Feed, { kind: 'nothing' }>,
      { foreign, absent }: Twins,
      asker: Asker,
    ): Promise<void> {
      for (const method of methodsOf(feed.asking(foreign))) {
        const [about, instead] = [
          await world.ask(asker.key, { ...feed.asking(foreign), method }),
          await world.ask(asker.key, { ...feed.asking(absent), method }),
        ]
        assert.equal(
          comparable(about, foreign, feed),
          comparable(instead, absent, feed),
          `${asker.who} can tell ${feed.kind} ${foreign} from ${absent}`,
        )
        if (asker.foreignTo === undefined)
          assert.equal(betrayed(about, secrets, foreign), undefined, `told ${asker.who}`)
      }
    }

    /** Lines about requests of others that name something of A's. */
    function tracesIn(lines: ReturnType<World['log']>): readonly string[] {
      return lines
        .filter((line) => line['workspace'] !== world.a.workspaceId)
        .map((line) => JSON.stringify(line))
        .filter((line) => [...secrets].some((secret) => line.includes(secret)))
    }

    test('X7: what is another’s is not found as fast as what is not there, within an order of magnitude', async (context) => {
      const names = namesOf(world, remains)
      for (const [route, kind] of TIMED) {
        const [feed] = FEEDS[route] ?? []
        assert.ok(feed && feed.kind !== 'nothing')
        const times = { foreign: [] as number[], absent: [] as number[] }
        for (let n = 0; n < 40; n++) {
          const twins = names[kind][n % names[kind].length]
          assert.ok(twins)
          for (const side of n % 2 === 0 ? (['foreign', 'absent'] as const) : (['absent', 'foreign'] as const)) {
            const startedAt = systemClock.monotonic()
            await world.ask(world.b.keys.admin, feed.asking(twins[side]))
            times[side].push(systemClock.monotonic() - startedAt)
          }
        }
        const [foreign, absent] = [median(times.foreign), median(times.absent)]
        context.diagnostic(`${route}: ${foreign.toFixed(2)} ms foreign, ${absent.toFixed(2)} ms absent`)
        assert.ok(foreign < 10 * absent + 1 && absent < 10 * foreign + 1, `${route}: ${foreign} and ${absent} ms`)
      }
    })

    test('X7: the audit is of all workspaces, so the default one alone is shown it, and reads for it', async () => {
      const { b, a, gateway } = world
      const statusFor = async (key: string) => (await world.ask(key, { path: '/api/v1/audit' })).status
      const readBefore = reads()

      assert.deepEqual([await statusFor(a.keys.admin), await statusFor(b.keys.admin)], [403, 403])
      assert.equal(reads(), readBefore)
      assert.equal(await statusFor(gateway.keys.admin), 200)
      assert.ok(reads() > readBefore)
    })

    test('X7: how live traffic is paid for concerns all workspaces, so the default one alone decides it', async () => {
      const { b, gateway } = world
      const { ledger } = gateway.gateway
      const body = { amount_usd: '1', mode: 'live', prepaid: true, idempotency_key: 'whoever is prepaid' }
      const had = await ledger.balance(b.workspaceId, 'live')

      const refused = await world.ask(b.keys.admin, { method: 'POST', path: '/api/v1/credits', body })

      assert.equal(refused.status, 403)
      assert.equal(await ledger.liveMode(), 'metered')
      assert.deepEqual(await ledger.balance(b.workspaceId, 'live'), had)
    })

    test('X7: money that A was given under some key does not use that key up for B', async () => {
      const { b, gateway } = world
      const balance = async () => (await gateway.gateway.ledger.balance(b.workspaceId, 'test')).available
      const had = await balance()
      const body = { amount_usd: '1', mode: 'test', idempotency_key: `first money of ${world.a.name}` }

      for (const _ of [1, 2]) await world.ask(b.keys.admin, { method: 'POST', path: '/api/v1/credits', body })

      assert.equal((await balance()) - had, usd('1'))
    })

    test('X7: the same call under the same Idempotency-Key is B’s own purchase, and A’s is still A’s', async () => {
      // The table above has used that key for B as well, for another purchase.
      const { db } = world.gateway.database
      await db.deleteFrom('idempotency_keys').where('workspace_id', '=', world.b.workspaceId).execute()
      for (const path of BUYING) {
        const body = purchase(path, `${CANARY} a fox`, { user: CANARY, session_id: CANARY, metadata: { a: CANARY } })
        const asking = { method: 'POST', path, body, headers: { 'idempotency-key': PURCHASE_KEY } }

        const again = await world.ask(world.a.keys.live, asking)
        const own = await world.ask(world.b.keys.live, asking)

        assert.deepEqual([again.status, again.headers.get('idempotent-replayed')], [200, 'true'])
        assert.deepEqual([own.status, own.headers.get('idempotent-replayed')], [200, null])
        assert.notEqual(idOf(own), idOf(again))
      }
    })

    test('X7: B gets no picture of A’s, though he has sent the very same bytes as a reference', async () => {
      const { db } = world.gateway.database
      const { picture, receipt } = remains.photograph
      const sha256 = receipt.images[0]?.sha256 ?? ''
      const references = [{ type: 'image_url', image_url: { url: dataUrl(picture, 'image/jpeg') } }]
      const body = purchase('/api/v1/images', 'the same by night', { input_references: references })

      const bought = await world.ask(world.b.keys.live, { method: 'POST', path: '/api/v1/images', body })
      const asked = await Promise.all(
        [{}, { 'if-none-match': `"${sha256}"` }, { range: 'bytes=0-9' }].map(
          async (headers) => await world.ask(world.b.keys.live, { path: receipt.images[0]?.url ?? '', headers }),
        ),
      )
      const own = await world.ask(world.b.keys.live, { path: `/api/v1/generations/${idOf(bought)}/images` })

      const names = await db
        .selectFrom('generation_images')
        .select(['generation_id', 'role'])
        .where('sha256', '=', sha256)
        .where('generation_id', 'in', [receipt.id, idOf(bought)])
        .execute()
      assert.equal(bought.status, 200, bought.body.toString())
      assert.deepEqual(
        new Set(names.map(({ generation_id: id, role }) => `${id} ${role}`)),
        new Set([`${receipt.id} output`, `${idOf(bought)} reference`]),
        'one picture, and each has his own name for it',
      )
      assert.deepEqual(
        asked.map(({ status }) => status),
        [404, 404, 404],
      )
      assert.ok(!own.body.includes(sha256))
    })

    test('X7: when B’s time for those bytes is over, A still has his picture', async () => {
      const { gateway, a } = world
      const { receipt, picture } = remains.photograph

      await gateway.gateway.assets.collect(systemClock.now() + 25 * 3_600_000)
      const told = await world.ask(a.keys.live, { path: receipt.images[0]?.url ?? '' })

      assert.deepEqual(told.body, picture)
    })

    test('X7: what a model wants to see again beside A’s picture is not sent for B', async () => {
      const { a, b } = world
      const { picture } = remains.conversation
      const lastRequest = async () => JSON.stringify((await world.simulator.bill()).recent.at(-1)?.request)

      await converse(world, CANARY, a.keys.live, picture)
      const sentForA = await lastRequest()
      await converse(world, CANARY, b.keys.live, picture)
      const sentForB = await lastRequest()

      assert.match(sentForA, /"thoughtSignature"/)
      assert.doesNotMatch(sentForB, /"thoughtSignature"/)
      assert.match(sentForB, new RegExp(`"sha256":"${remains.conversation.receipt.images[0]?.sha256}"`))
    })

    test('X8: what has failed too often for A is not refused to B', async () => {
      const path = '/api/v1/images'
      const asking = { method: 'POST', path, body: purchase(path, 'a doomed fox[[fault:truncate=1000]]') }
      const status = async (key: string) => (await world.ask(key, asking)).status

      const forA: number[] = []
      for (let times = 0; times < 4; times++) forA.push(await status(world.a.keys.live))
      const forB = await status(world.b.keys.live)

      assert.deepEqual(forA, [502, 502, 502, 400])
      assert.equal(forB, 502)
    })

    test('A7 and A9: every charged picture is there, and the bill was booked but for the five calls whose usage was cut off', async () => {
      const { gateway, simulator } = world

      const { differences } = reconcile(await simulator.bill(), await readBooks(gateway.database))

      assert.deepEqual(await makeAudit({ database: gateway.database, pictures: gateway.gateway.assets })(), [])
      assert.deepEqual(
        differences.map(({ subject }) => / \w+$/.exec(subject)?.[0]),
        Array.from({ length: 5 }, () => ' billed_no_output'),
      )
    })
  })
}

/** Routes that look something up by a name, and what they are given. */
const TIMED = [
  ['GET /api/v1/generations/:id', 'generation'],
  ['GET /api/v1/generation', 'generation'],
  ['GET /api/v1/generations/:id/images', 'generation'],
  ['POST /api/v1/generations/:id/cancel', 'generation'],
  ['GET /api/v1/keys/:hash', 'key'],
] as const

function nameOf(method: string, path: string): string {
  return `${method === 'HEAD' ? 'GET' : method} ${path}`
}

function methodsOf({ method = 'GET' }: Asking): readonly string[] {
  return method === 'GET' ? ['GET', 'HEAD'] : [method]
}

function median(values: readonly number[]): number {
  return values.toSorted((x, y) => x - y)[Math.floor(values.length / 2)] ?? 0
}

/** Counts what is read from the store from now on. */
function countReads({ gateway }: World): () => number {
  const { assets } = gateway.gateway
  const { open, read } = assets
  let reads = 0
  assets.open = async (...asked) => {
    reads += 1
    return await open(...asked)
  }
  assets.read = async (...asked) => {
    reads += 1
    return await read(...asked)
  }
  return () => reads
}
