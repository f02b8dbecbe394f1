import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import { formatUsd, type Nanos, usd } from '../../src/core/money.ts'
import type { TestGatewayChild } from '../support/gateway.ts'
import { bearer, until } from '../support/generations.ts'
import { sha256 } from '../support/pictures.ts'
import { checkBill } from './bills.ts'
import { checkAnytime, checkEnded, endLeases, openCalls } from './books.ts'
import { picturesIn } from './callers.ts'
import { ROADS, tagIn, type Wish } from './wishes.ts'
import { fund, openWorld, type World } from './world.ts'

export interface NodesOptions {
  readonly seed: number
  /** Says that the dead leader's lease is over instead of waiting for it. */
  readonly skipLeases?: boolean
  readonly log?: (line: string) => void
}

const NODES = 3
const CALLERS = 100

/** The share of runs in which the node that runs the generation is killed. */
const KILLED = 0.3

/** What the leader's provider takes: everybody else arrives meanwhile. */
const DELAY_MS = 1_200

/** A lease (15 s) and whatever the calls themselves take. */
const ANSWER_MS = 45_000

export interface OneKeyFigures {
  readonly runs: number
  readonly killed: number
  /** Runs in which everybody got the picture, and those in which everybody was told that it is lost. */
  readonly delivered: number
  readonly lost: number
  readonly calls: number
  readonly charged_usd: string
}

/** M7: a hundred calls with one Idempotency-Key over three gateways; `kills` says which runs lose their leader, else the seed does. */
export async function oneKey(options: NodesOptions & { readonly runs: number; readonly kills?: readonly boolean[] }) {
  const { runs, kills, skipLeases = false, log = () => {} } = options
  const world = await openWorld({ ...options, database: 'postgres' })
  const nodes: TestGatewayChild[] = []
  const dead = new Set<string>()
  let killed = 0
  let delivered = 0
  try {
    for (let n = 0; n < NODES; n += 1) nodes.push(await world.start())
    await fund(at(nodes, 0))
    for (let run = 0; run < runs; run += 1) {
      const isKilled = kills?.[run] ?? world.chance.roll(1_000) < KILLED * 1_000
      const leader = world.chance.roll(NODES)
      const wish = aloneOn(world)
      const { answers, died } = await buyTogether(world, nodes, wish, { leader, isKilled, skipLeases, dead })
      if (died) nodes[leader] = await world.start()
      const calls = (await world.calls()).filter(({ faults }) => tagIn(`delay=${faults['delay']}`) === wish.tag)
      const told = `run ${run}, leader ${leader} ${died ? 'killed' : 'alive'}: ${[...new Set(answers)].join(' | ')}`
      assert.equal(calls.length, 1, `${told}: ${calls.length} calls upstream`)
      assert.equal(answers.length, CALLERS, told)
      assert.equal(new Set(answers).size, 1, `${told}: answers differ`)
      const isDelivered = answers[0]?.startsWith('200') === true
      assert.ok(isDelivered || died, told)
      delivered += Number(isDelivered)
      killed += Number(died)
      log(told)
    }
    await checkAnytime(world.home)
    for (const { child } of nodes.splice(0)) assert.equal(await child.end(), 0)
    const { charged, settled } = await checkEnded(world.home)
    assert.equal(settled, delivered, 'one charge for each key')
    const { calls } = await world.simulator.bill()
    await checkBill(world.home, await world.calls(), dead)
    return { runs, killed, delivered, lost: runs - delivered, calls, charged_usd: formatUsd(charged) }
  } finally {
    for (const { child } of nodes) await child.end('SIGKILL')
    await world.stop()
  }
}

/** One purchase that nobody fails on purpose, asked for by a key. */
function aloneOn(world: World): Wish {
  const road = ROADS[world.chance.roll(ROADS.length)]
  const wish = world.wish({ ...(road && { road }), mishapOneOf: 0, isKeyed: true, isPlain: true })
  return { ...wish, body: wish.body.replace(/delay=\d+/, `delay=${DELAY_MS}`) }
}

interface Circumstances {
  readonly leader: number
  readonly isKilled: boolean
  readonly skipLeases: boolean
  /** Takes the ids of the calls that the dead leader had under way. */
  readonly dead: Set<string>
}

/** Every answer as one line, by which answers are compared. */
async function buyTogether(
  world: World,
  nodes: readonly TestGatewayChild[],
  wish: Wish,
  { leader, isKilled, skipLeases, dead }: Circumstances,
): Promise<{ readonly answers: readonly string[]; readonly died: boolean }> {
  const before = new Set(await openCalls(world.home))
  const first = ask(nodes, leader, wish)
  await until('the leader', async () => (await openCalls(world.home)).find((id) => !before.has(id)))
  const others = Array.from({ length: CALLERS - 1 }, (_, index) => ask(nodes, index % NODES, wish))
  if (isKilled) {
    await sleep(world.chance.roll(DELAY_MS + 400))
    for (const id of await openCalls(world.home)) dead.add(id)
    await at(nodes, leader).child.end('SIGKILL')
    if (skipLeases) await endLeases(world.home)
  }
  return { answers: await Promise.all([first, ...others]), died: isKilled }
}

/** Whoever is cut off asks the next node, as a load balancer would let him. */
async function ask(nodes: readonly TestGatewayChild[], start: number, { path, headers, body }: Wish): Promise<string> {
  const giveUpAt = performance.now() + ANSWER_MS
  for (let n = start; performance.now() < giveUpAt; n += 1) {
    const { url, keys } = at(nodes, n % nodes.length)
    const signal = AbortSignal.timeout(ANSWER_MS)
    const answer = await fetch(url + path, {
      method: 'POST',
      headers: { ...headers, ...bearer(keys.live) },
      body,
      signal,
    })
      .then(async (response) => ({ response, text: await response.text() }))
      .catch(() => undefined)
    if (answer === undefined) {
      await sleep(20)
      continue
    }
    const { response, text } = answer
    const id = response.headers.get('x-generation-id')
    const pictures = picturesIn(text).map(sha256)
    const { error } = JSON.parse(text) as { error?: { message: string } }
    return [response.status, id, ...pictures, error?.message].filter(Boolean).join(' ')
  }
  throw new Error(`no answer within ${ANSWER_MS} ms`)
}

export interface OverspendFigures {
  readonly by: 'balance' | 'key limit'
  readonly answers: Readonly<Record<string, number>>
  readonly charged_usd: string
}

/** M1: 200 concurrent calls over three gateways, with money for 50. */
export async function overspend(options: NodesOptions & { readonly by: OverspendFigures['by'] }) {
  const { by } = options
  const world = await openWorld({ ...options, database: 'postgres' })
  const nodes: TestGatewayChild[] = []
  const affordable = 50
  try {
    for (let n = 0; n < NODES; n += 1) nodes.push(await world.start())
    const first = at(nodes, 0)
    // Its price is by the picture: what is held is what is charged, and nothing comes back that could pay for more.
    const road = ROADS[1]
    assert.ok(road)
    const wish = (): Wish => world.wish({ road, mishapOneOf: 0, isKeyed: false, slowestMs: 50, isPlain: true })
    const total = formatUsd(((await holdOf(first, wish())) * BigInt(affordable)) as Nanos)
    await fund(first, by === 'balance' ? total : '1000')
    const key = by === 'balance' ? undefined : await limitedKey(first, total)
    const statuses = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const { url, keys } = at(nodes, index % NODES)
        const { path, headers, body } = wish()
        const answer = await fetch(url + path, {
          method: 'POST',
          headers: { ...headers, ...bearer(key ?? keys.live) },
          body,
        })
        await answer.bytes()
        return answer.status
      }),
    )
    const answers = Object.fromEntries([...Map.groupBy(statuses, String)].map(([name, all]) => [name, all.length]))
    assert.deepEqual(answers, { 200: affordable, 402: 200 - affordable })
    for (const { child } of nodes.splice(0)) assert.equal(await child.end(), 0)
    const { charged, settled } = await checkEnded(world.home)
    assert.deepEqual([settled, formatUsd(charged)], [affordable, total])
    await checkBill(world.home, await world.calls(), new Set())
    return { by, answers, charged_usd: formatUsd(charged) }
  } finally {
    for (const { child } of nodes) await child.end('SIGKILL')
    await world.stop()
  }
}

async function holdOf({ url, keys }: TestGatewayChild, { body }: Wish): Promise<bigint> {
  const headers = { ...bearer(keys.live), 'content-type': 'application/json' }
  const answer = await fetch(`${url}/api/v1/estimate`, { method: 'POST', headers, body })
  const text = await answer.text()
  assert.equal(answer.status, 200, text)
  const { hold_usd: hold } = JSON.parse(text) as { hold_usd: string }
  return usd(hold)
}

async function limitedKey({ url, keys }: TestGatewayChild, limit: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/keys`, {
    method: 'POST',
    headers: { ...bearer(keys.admin), 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'for fifty', limit: Number(limit), mode: 'live' }),
  })
  const text = await answer.text()
  assert.equal(answer.status, 201, text)
  return (JSON.parse(text) as { key: string }).key
}

function at(nodes: readonly TestGatewayChild[], index: number): TestGatewayChild {
  const node = nodes[index]
  assert.ok(node)
  return node
}
