import assert from 'node:assert/strict'
import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { baseUrlSetting } from '../../src/config.ts'
import { formatUsd, usd } from '../../src/core/money.ts'
import type { Receipt } from '../../src/core/receipt.ts'
import { PROVIDERS } from '../../src/providers/registry.ts'
import type { BillReport } from '../../src/sandbox/bill.ts'
import { startGatewayChild, type TestGatewayChild } from '../support/gateway.ts'
import { bearer, listReceipts, until } from '../support/generations.ts'
import { type Home, makeHome } from '../support/home.ts'
import { look } from '../support/pictures.ts'
import { type Simulator, startSimulator } from '../support/simulator.ts'
import type { Journey, Step } from './journey.ts'

// Every provider from outside: a gateway in one process, the simulators in another, a live key, HTTP, and prices computed by hand.

const FILES = globSync('journeys/*.ts', { cwd: import.meta.dirname }).toSorted()
const JOURNEYS: readonly Journey[] = await Promise.all(
  FILES.map(async (file) => ((await import(join(import.meta.dirname, file))) as { JOURNEY: Journey }).JOURNEY),
)

let simulator: Simulator
let home: Home
let gateway: TestGatewayChild

before(async () => {
  simulator = await startSimulator('refuse')
  home = await makeHome()
  gateway = await startGatewayChild({ home, environment: environment() })
})

after(async () => {
  await gateway.stop()
  await simulator.stop()
  await home.remove()
})

/** Every provider configured at once, as an operator would have it. */
function environment(): Record<string, string> {
  const catalog = join(home.directory, 'catalog.json')
  writeFileSync(catalog, JSON.stringify(JOURNEYS.flatMap((journey) => journey.catalog ?? [])))
  const settings = JOURNEYS.map((journey) => {
    const entry = PROVIDERS[journey.provider]
    const url = simulator.baseUrls[journey.provider]
    assert.ok(entry !== undefined && url !== undefined, `${journey.provider} has an adapter and a simulator`)
    const own = Object.entries(journey.environment).map(([name, value]) => [name, value.replaceAll('{simulator}', url)])
    return { ...Object.fromEntries(own), [baseUrlSetting(entry.settings)]: url }
  })
  return Object.assign(
    { PLANTAIN_CATALOG: catalog, PLANTAIN_DELIVERY_ORIGINS: new URL(simulator.fal).origin },
    ...settings,
  )
}

test('every provider of this release has its journey', () => {
  assert.deepEqual(JOURNEYS.map(({ provider }) => provider).toSorted(), Object.keys(PROVIDERS).toSorted())
})

describe('with a live key over HTTP', { concurrency: 3 }, () => {
  for (const { provider, steps } of JOURNEYS) {
    describe(provider, () => {
      for (const step of steps) test(step.does, async () => await walk(provider, step))
    })
  }
})

async function walk(provider: string, step: Step): Promise<void> {
  const { answer, body } = await ask(provider, step)
  if (step.refused !== undefined) {
    assert.equal(answer.status, step.refused.status, body.text)
    assert.ok(body.text.includes(step.refused.says), body.text)
  } else {
    assert.equal(answer.status, 200, body.text)
    await checkPictures(body.json.data ?? [], step)
  }
  const receipt = await receiptOf(answer)
  assert.equal(receipt.charge_usd, formatUsd(usd(step.charge)), JSON.stringify(receipt))
  if (step.refused !== undefined) return
  assert.equal(receipt.delivered, step.pictures ?? 1)
  assert.deepEqual([...new Set(receipt.attempts.map((attempt) => attempt.provider))], [provider])
  assert.equal(receipt.provider_cost_usd, formatUsd(usd(step.cost ?? step.charge)))
  const paid = receipt.attempts.length
  assert.ok(
    receipt.attempts.every(({ state }) => state === 'ok'),
    JSON.stringify(receipt.attempts),
  )
  const bill = await billOf(promptOf(step))
  assert.equal(bill.length, paid, 'as many calls as attempts')
  assert.equal(
    formatUsd(bill.reduce((sum, { billed_nanos: nanos }) => sum + BigInt(nanos), 0n) as never),
    receipt.provider_cost_usd,
  )
}

async function ask(provider: string, { body }: Step) {
  const answer = await fetch(`${gateway.url}/api/v1/images`, {
    method: 'POST',
    headers: { ...bearer(gateway.keys.live), 'content-type': 'application/json' },
    body: JSON.stringify(pinned(provider, body)),
  })
  const text = await answer.text()
  return { answer, body: { text, json: JSON.parse(text) as { data?: readonly { b64_json: string }[] } } }
}

function pinned(provider: string, body: Step['body']): object {
  const { provider: wishes = {}, ...rest } = body
  return { ...rest, provider: { ...(wishes as object), only: [provider] } }
}

async function checkPictures(data: readonly { b64_json: string }[], { pictures = 1, size }: Step): Promise<void> {
  assert.equal(data.length, pictures)
  for (const { b64_json: base64 } of data) {
    const { width, height } = await look(Buffer.from(base64, 'base64'))
    if (size) assert.deepEqual([width, height], size)
  }
}

async function receiptOf(answer: Response): Promise<Receipt> {
  const id = answer.headers.get('x-generation-id') ?? ''
  const fetched = await fetch(`${gateway.url}/api/v1/generations/${id}`, { headers: bearer(gateway.keys.live) })
  return (await fetched.json()) as Receipt
}

function promptOf({ body }: Step): string {
  return String(body['prompt'])
}

/** Calls on the bill that were made with this prompt. */
async function billOf(prompt: string): Promise<BillReport['recent']> {
  const { recent } = await simulator.bill()
  return recent.filter(({ request }) => JSON.stringify(request ?? '').includes(JSON.stringify(prompt).slice(1, -1)))
}

test('what was submitted when the gateway is killed is there after its restart, and was paid for once', async () => {
  const begun = JOURNEYS.flatMap(({ provider, survives }) =>
    survives === undefined ? [] : [{ provider, step: survives }],
  )
  assert.ok(begun.length > 0)
  const waiting = begun.map(({ provider, step }) => ask(provider, step).catch(() => undefined))
  const submitted = await until('every job to be submitted', async () => {
    const open = (await listReceipts(gateway)).filter(({ status }) => status === 'running')
    const known = open.filter(({ attempts }) => attempts.every(({ upstream_id: id }) => id !== null))
    return known.length >= begun.length ? known : undefined
  })
  await gateway.child.end('SIGKILL')
  await Promise.all(waiting)

  gateway = await startGatewayChild({ home, environment: environment() })
  const ended = await until('every job to be ended', async () => await endedAmong(submitted), 60_000)

  for (const { provider, step } of begun) {
    const receipt = ended.find(({ attempts }) => attempts[0]?.provider === provider)
    assert.ok(receipt !== undefined, provider)
    assert.equal(receipt.status, 'settled', `${provider}: ${JSON.stringify(receipt)}`)
    assert.equal(receipt.charge_usd, formatUsd(usd(step.charge)), provider)
    assert.equal(receipt.delivered, step.pictures ?? 1, provider)
    assert.equal((await billOf(promptOf(step))).length, 1, `${provider} was paid once`)
  }
})

/** These generations, once all of them have ended. */
async function endedAmong(begun: readonly Receipt[]): Promise<readonly Receipt[] | undefined> {
  const ids = new Set(begun.map(({ id }) => id))
  const now = (await listReceipts(gateway)).filter(({ id }) => ids.has(id))
  return now.every(({ status }) => status === 'settled' || status === 'voided') ? now : undefined
}
