import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import sharp from 'sharp'

import { openStore } from '../src/cli/open.ts'
import { loadConfig } from '../src/config.ts'
import { sum, usd } from '../src/core/money.ts'
import { makeGateway } from '../src/gateway.ts'
import { audit } from '../src/ledger/auditor.ts'
import { startSandbox } from '../src/sandbox/simulators.ts'
import { startNode } from './support/child.ts'
import { startGatewayChild } from './support/gateway.ts'
import { bearer, fetchedHash, listReceipts, until } from './support/generations.ts'
import { DATABASES, makeHome } from './support/home.ts'
import { sha256 } from './support/pictures.ts'

const MODEL = 'google/gemini-nano-banana-2.1'

const post = (url: string, key: string, prompt: string, more: object = {}) =>
  fetch(`${url}/v1/images/generations`, {
    method: 'POST',
    headers: { ...bearer(key), 'content-type': 'application/json' },
    body: JSON.stringify({ model: MODEL, prompt, ...more }),
    signal: AbortSignal.timeout(20_000),
  })

for (const database of DATABASES) {
  describe(`R2: the deadline (${database})`, () => {
    test('a provider that hangs is left at the deadline: 408 within a second, the hold home, the loss booked', async () => {
      const DEADLINE_S = 3
      const home = await makeHome(database)
      const sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
      const config = loadConfig({
        PLANTAIN_DATA: home.directory,
        PLANTAIN_PORT: '0',
        PLANTAIN_LOG_LEVEL: 'silent',
        GEMINI_API_KEY: 'a-key-for-the-simulator',
        PLANTAIN_GOOGLE_BASE_URL: sandbox.baseUrlFor('google-ai-studio') ?? '',
        ...(home.databaseUrl !== undefined && { DATABASE_URL: home.databaseUrl }),
      })
      assert.ok(config.ok)
      // Shorter than any operator may set it, so that the test is.
      const settings = { ...config.value.settings, PLANTAIN_DEADLINE_S: DEADLINE_S }
      const store = await openStore({ ...config.value, settings }, { listens: false, onFatal: assert.fail })
      assert.ok(store.ok)
      const gateway = await makeGateway(store.value)
      const reached = { url: await gateway.listen(), keys: { live: `${gateway.localKey}.live` } }
      await (await post(reached.url, reached.keys.live, 'a rehearsal')).text()

      const startedAt = performance.now()
      const answer = await post(reached.url, reached.keys.live, 'a hare[[fault:hang]]')
      await answer.text()
      const tookMs = performance.now() - startedAt

      assert.equal(answer.status, 408)
      assert.equal(answer.headers.get('x-should-retry'), 'false')
      assert.ok(
        tookMs >= DEADLINE_S * 1000 - 50 && tookMs <= DEADLINE_S * 1000 + 1000,
        `it took ${Math.round(tookMs)} ms`,
      )
      const [receipt] = await listReceipts(reached)
      assert.deepEqual(
        [receipt?.status, receipt?.charge_usd, receipt?.error?.code, receipt?.attempts[0]?.state],
        ['voided', '0', 'timeout', 'unknown'],
      )
      const balances = await store.value.database.db.selectFrom('balances').selectAll().execute()
      const balance = (name: string) =>
        balances.find(({ account }) => account.endsWith(`live:${name}`))?.balance_nanos ?? 0n
      assert.equal(balance('held'), 0n)
      assert.equal(balance('unbilled_loss'), usd('0.0336'), 'what the picture lists for')
      assert.deepEqual(await audit(store.value.database), [])
      assert.deepEqual(gateway.engine.inFlight(), [])

      await gateway.stop()
      await store.value.close()
      await sandbox.close()
      await home.remove()
    })
  })
}

describe('a gateway in a process of its own', () => {
  const homes: Awaited<ReturnType<typeof makeHome>>[] = []
  const started: Awaited<ReturnType<typeof startGatewayChild>>[] = []
  after(async () => {
    // What a failed test has left running would keep the file from ending.
    for (const { child } of started) await child.end('SIGKILL')
    for (const home of homes) await home.remove()
  })
  const startChild: typeof startGatewayChild = async (options) => {
    const gateway = await startGatewayChild(options)
    started.push(gateway)
    return gateway
  }
  const freshHome = async () => {
    const home = await makeHome('sqlite')
    homes.push(home)
    return home
  }

  test('R13: asked to stop, it answers what is in flight, takes nothing new and ends with 0', async () => {
    const gateway = await startChild({ home: await freshHome() })
    const { url, keys } = gateway
    await (await post(url, keys.test, 'a rehearsal')).text()
    const flying = Array.from({ length: 4 }, (_, index) =>
      post(url, keys.test, `a rehearsal[[fault:delay=${600 + index}]]`),
    )
    await sleep(250)

    const ended = gateway.child.end('SIGTERM')
    await sleep(100)
    await assert.rejects(post(url, keys.test, 'one more'), 'no new connection')
    const answers = await Promise.all(flying)

    for (const answer of answers) {
      assert.equal(answer.status, 200)
      const { data } = (await answer.json()) as { data: { b64_json: string }[] }
      await assert.doesNotReject(sharp(Buffer.from(data[0]?.b64_json ?? '', 'base64')).stats(), 'the whole picture')
    }
    assert.equal(await ended, 0)
  })

  test('a generation whose caller has left is finished before the process ends', async () => {
    const home = await freshHome()
    const first = await startChild({ home })
    await (await post(first.url, first.keys.test, 'a rehearsal')).text()
    const leaving = new AbortController()
    const call = fetch(`${first.url}/v1/images/generations`, {
      method: 'POST',
      headers: { ...bearer(first.keys.test), 'content-type': 'application/json' },
      body: JSON.stringify({ model: MODEL, prompt: 'a rehearsal[[fault:delay=1500]]' }),
      signal: leaving.signal,
    })
    await until(
      'a running generation',
      async () => (await statuses(first.url, first.keys.test))[0] === 'running' || undefined,
    )
    // Whoever leaves before his call has left takes it back.
    await sleep(400)
    leaving.abort()
    await assert.rejects(call)

    assert.equal(await first.child.end('SIGTERM'), 0)

    const second = await startChild({ home })
    assert.deepEqual(await statuses(second.url, second.keys.test), ['settled', 'settled'])
    await second.child.end('SIGTERM')
  })

  test('a second one on the same data is refused with the first one’s pid and address; after a kill the next starts at once', async () => {
    const home = await freshHome()
    const first = await startChild({ home })
    const { url, keys } = first
    const made = await post(url, keys.test, 'a rehearsal')
    const picture = sha256(
      Buffer.from(((await made.json()) as { data: { b64_json: string }[] }).data[0]?.b64_json ?? '', 'base64'),
    )
    const id = made.headers.get('x-generation-id') ?? ''

    const refused = startNode(
      ['src/main.ts', 'serve'],
      { PLANTAIN_DATA: home.directory, PLANTAIN_PORT: '0' },
      /Plantain listens on/,
    )

    await assert.rejects(refused, ({ message }: Error) => {
      assert.match(message, /ended with 3/)
      assert.match(message, new RegExp(`in use by the gateway with process id ${first.child.pid} at ${url}`))
      return true
    })
    assert.equal((await fetch(`${url}/health`)).status, 200, 'the first is none the worse')
    await first.child.end('SIGKILL')
    const startedAt = performance.now()
    const next = await startChild({ home })
    assert.ok(performance.now() - startedAt < 10_000)
    assert.equal(await fetchedHash({ url: next.url, keys: { live: next.keys.test } }, id), picture)
    await next.child.end('SIGTERM')
  })

  test('what a caller says is in no log, at the most talkative level', async () => {
    const canary = 'CANARY-9d1e'
    const gateway = await startChild({ home: await freshHome(), environment: { PLANTAIN_LOG_LEVEL: 'debug' } })
    const { url, keys } = gateway
    const headers = {
      ...bearer(keys.test),
      'content-type': 'application/json',
      'user-agent': canary,
      'http-referer': `https://${canary}.test/`,
      'x-title': canary,
      'x-session-id': canary,
      cookie: `c=${canary}`,
      'idempotency-key': canary,
    }
    const send = async (path: string, body: unknown, key = keys.test) =>
      await (
        await fetch(url + path, { method: 'POST', headers: { ...headers, ...bearer(key) }, body: JSON.stringify(body) })
      ).text()

    const chat = (content: string) => ({ model: MODEL, user: canary, messages: [{ role: 'user', content }] })
    await send('/api/v1/chat/completions', { ...chat(`${canary} by the sea`), metadata: { note: canary } })
    await send('/v1/images/generations', { model: MODEL, prompt: `${canary}[[fault:status=400]]`, user: canary })
    await send('/v1/images/generations', { model: MODEL, prompt: `${canary}[[fault:refusal=promptFeedback:SAFETY]]` })
    await send('/v1/images/generations', { model: canary, prompt: canary })
    await send('/v1/images/generations', { model: MODEL, prompt: canary, n: canary, [canary]: canary })
    await send('/api/v1/chat/completions', chat(canary), `sk-pl-test-${canary}`)
    await send(`/${canary}?${canary}=${canary}`, { [canary]: canary })
    await fetch(`${url}/api/v1/generations/${canary}`, { headers })
    await sleep(100)
    await gateway.child.end('SIGTERM')

    const output = gateway.child.output()
    assert.ok(output.includes('"msg":"request"'), 'requests were logged')
    assert.doesNotMatch(output, new RegExp(canary, 'i'))
    assert.ok(!output.includes(keys.test.slice(0, 40)), 'nor is the key')
  })
})

async function statuses(url: string, key: string): Promise<readonly string[]> {
  return (await listReceipts({ url, keys: { live: key } })).map(({ status }) => status)
}

test('what was charged in all is what the receipts say', async () => {
  const gateway = await startGatewayChild()
  const { url, keys } = gateway
  for (const prompt of ['one', 'one', 'one[[fault:status=503]]']) await (await post(url, keys.test, prompt)).text()

  const receipts = await listReceipts({ url, keys: { live: keys.test } })
  const key = (await (await fetch(`${url}/api/v1/key`, { headers: bearer(keys.test) })).json()) as {
    data: { usage: number }
  }

  assert.deepEqual(
    receipts.map(({ status }) => status),
    ['voided', 'settled', 'settled'],
  )
  assert.equal(Number(sum(receipts.map((receipt) => usd(receipt.charge_usd)))) / 1e9, key.data.usage)
  await gateway.stop()
})
