import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { systemClock } from '../src/core/clock.ts'
import { sum, usd } from '../src/core/money.ts'
import { openDatabase } from '../src/db/open.ts'
import { audit } from '../src/ledger/auditor.ts'
import { startGatewayChild, type TestGatewayChild } from './support/gateway.ts'
import { fetchedHash, listReceipts, until } from './support/generations.ts'
import { DATABASES, makeHome } from './support/home.ts'
import { sha256 } from './support/pictures.ts'
import { type Simulator, startSimulator } from './support/simulator.ts'

const MODEL = 'google/gemini-nano-banana-2.1'
const PROMPT = 'a heron at dusk'

const LEAVES = {
  nothing: 'nothing was held, sent or written',
  'a picture': 'the picture is made, charged once and kept',
  either: 'nothing happened, or the whole of it did',
} as const

/** One caller on a socket of its own. */
interface Caller {
  readonly socket: Socket
  /** Everything received so far. */
  received(): string
  /** Sends the request, or so much of its bytes. */
  send(from?: number, to?: number): Promise<void>
  /** Offset at which the body begins, and the length of the whole. */
  readonly head: number
  readonly length: number
  /** Breaks the connection at once, without a farewell. */
  vanish(): void
}

interface Scene {
  readonly caller: Caller
  readonly gateway: TestGatewayChild
  readonly simulator: Simulator
  /** The generation of this call, once it is listed with the given status. */
  listed(status?: string): Promise<string>
  /** The simulator's record of this call. */
  billed(isWhole?: boolean): Promise<void>
}

interface Point {
  readonly name: string
  /** Directives for the simulator. */
  readonly faults?: string
  readonly stream?: boolean
  /** Nothing may come of it; or something must; or it depends on what the gateway had read when the connection broke. */
  readonly leaves: 'nothing' | 'a picture' | 'either'
  leave(scene: Scene): Promise<void>
}

const POINTS: readonly Point[] = [
  {
    name: 'after the headers were sent',
    leaves: 'nothing',
    leave: async ({ caller }) => {
      await caller.send(0, caller.head)
      await sleep(50)
    },
  },
  {
    name: 'in the middle of the request body',
    leaves: 'nothing',
    leave: async ({ caller }) => {
      await caller.send(0, caller.head + 20)
      await sleep(50)
    },
  },
  { name: 'with the last byte of the request', leaves: 'either', leave: async ({ caller }) => await caller.send() },
  {
    name: 'right after admission, its id in hand',
    stream: true,
    faults: 'delay=200',
    leaves: 'a picture',
    leave: async ({ caller }) => {
      await caller.send()
      await until('X-Generation-Id', () => /x-generation-id: (gen-\S+)/i.exec(caller.received())?.[1])
    },
  },
  {
    name: 'while the provider works',
    faults: 'delay=600',
    leaves: 'a picture',
    leave: async ({ caller, listed }) => {
      await caller.send()
      await listed('running')
    },
  },
  {
    name: 'when the provider has answered with headers only',
    faults: 'slow-first-byte=400',
    leaves: 'a picture',
    leave: async ({ caller, billed }) => {
      await caller.send()
      await billed()
    },
  },
  {
    name: 'in the middle of the provider’s answer',
    faults: 'drip=500000',
    leaves: 'a picture',
    leave: async ({ caller, billed }) => {
      await caller.send()
      await billed()
      await sleep(200)
    },
  },
  {
    name: 'between the provider’s last byte and the settlement',
    leaves: 'a picture',
    leave: async ({ caller, billed }) => {
      await caller.send()
      await billed(true)
    },
  },
  {
    name: 'after the settlement, no byte of the answer read',
    leaves: 'a picture',
    leave: async ({ caller, listed }) => {
      caller.socket.pause()
      await caller.send()
      await listed('settled')
    },
  },
  {
    name: 'after the first bytes of the answer',
    leaves: 'a picture',
    leave: async ({ caller }) => await answered(caller, () => 1),
  },
  {
    name: 'in the middle of the answer',
    leaves: 'a picture',
    leave: async ({ caller }) => await answered(caller, (length) => length / 2),
  },
  {
    name: 'at the last byte of the answer',
    leaves: 'a picture',
    leave: async ({ caller }) => await answered(caller, (length) => length - 1),
  },
]

/** Reads until so much of the answer's body is there. */
async function answered(caller: Caller, enough: (length: number) => number): Promise<void> {
  await caller.send()
  await until('the answer', () => {
    const [head = '', body = ''] = caller.received().split('\r\n\r\n', 2)
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1])
    return body.length >= enough(length) ? true : undefined
  })
}

for (const database of DATABASES) {
  describe(`M12: a caller that disconnects (${database})`, () => {
    const home = makeHome(database)
    const made: string[] = []
    let simulator: Simulator
    let gateway: TestGatewayChild
    let expected: string

    const start = async (): Promise<TestGatewayChild> =>
      await startGatewayChild({
        home: await home,
        environment: { GEMINI_API_KEY: 'a-key-for-the-simulator', PLANTAIN_GOOGLE_BASE_URL: simulator.google },
      })

    before(async () => {
      simulator = await startSimulator('refuse')
      expected = await pictureOf(simulator)
      await simulator.reset()
      gateway = await start()
    })
    after(async () => {
      await gateway.child.end()
      await simulator.stop()
      await (await home).remove()
    })

    const half = POINTS.length / 2
    for (const [index, point] of POINTS.entries()) {
      if (index === half) {
        test('the process that made them is asked to stop, and another takes its place', async () => {
          assert.equal(await gateway.child.end('SIGTERM'), 0)
          gateway = await start()
        })
      }

      test(`${point.name}: ${LEAVES[point.leaves]}`, async () => {
        const known = new Set(made)
        const caller = await call(gateway, point)
        const unknown = async (status?: string) =>
          (await listReceipts(gateway)).find(
            (receipt) => !known.has(receipt.id) && (status ?? receipt.status) === receipt.status,
          )
        await point.leave({
          caller,
          gateway,
          simulator,
          listed: async (status) => await until(`a ${status} generation`, async () => (await unknown(status))?.id),
          async billed(isWhole = false) {
            await until('a call at the provider', async () => {
              const last = (await simulator.bill()).recent[known.size]
              return last && (!isWhole || last.answer_complete) ? true : undefined
            })
          },
        })
        caller.vanish()

        if (point.leaves === 'nothing' || (point.leaves === 'either' && !(await appears(unknown)))) {
          await sleep(100)
          assert.equal(await unknown(), undefined)
          assert.equal((await simulator.bill()).calls, made.length)
          return
        }
        const settled = await until('the settlement', async () => await unknown('settled'))
        made.push(settled.id)
        assert.equal((await simulator.bill()).calls, made.length, 'one call at the provider')
      })
    }

    test('after a kill, another process serves every picture, byte for byte, and every charge stands once', async () => {
      assert.equal(await gateway.child.end('SIGKILL'), 'SIGKILL')
      gateway = await start()

      const receipts = await listReceipts(gateway)

      assert.deepEqual(receipts.map(({ id }) => id).toSorted(), made.toSorted())
      for (const receipt of receipts) {
        assert.deepEqual(
          [receipt.status, receipt.delivered, receipt.attempts.map(({ state }) => state)],
          ['settled', 1, ['ok']],
        )
        assert.equal(receipt.images[0]?.sha256, expected)
        assert.equal(await fetchedHash(gateway, receipt.id), expected)
      }
      const bill = await simulator.bill()
      assert.equal(bill.calls, made.length)
      assert.equal(String(sum(receipts.map((receipt) => usd(receipt.charge_usd)))), bill.billed_nanos)
    })

    test('nothing is held, every hold was resolved once, and the books balance', async () => {
      await gateway.child.end('SIGTERM')
      const { directory, databaseUrl } = await home
      const store = await openDatabase({
        directory,
        clock: systemClock,
        onFatal: assert.fail,
        ...(databaseUrl !== undefined && { url: databaseUrl }),
      })
      try {
        assert.deepEqual(await audit(store), [])
        const holds = await store.db.selectFrom('holds').select(['generation_id', 'state']).execute()
        assert.deepEqual(holds.map((hold) => hold.generation_id).toSorted(), made.toSorted())
        assert.ok(holds.every(({ state }) => state === 'posted'))
      } finally {
        await store.close()
      }
    })
  })
}

async function appears(unknown: () => Promise<object | undefined>): Promise<boolean> {
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await unknown()) !== undefined) return true
    await sleep(20)
  }
  return false
}

async function call({ url, keys }: TestGatewayChild, { faults, stream }: Point): Promise<Caller> {
  const { hostname, port } = new URL(url)
  const content = faults === undefined ? PROMPT : `${PROMPT}[[fault:${faults}]]`
  const body = JSON.stringify({ model: MODEL, messages: [{ role: 'user', content }], ...(stream && { stream }) })
  const head = [
    'POST /api/v1/chat/completions HTTP/1.1',
    `Host: ${hostname}:${port}`,
    `Authorization: Bearer ${keys.live}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '\r\n',
  ].join('\r\n')
  const whole = Buffer.from(head + body)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  let received = ''
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')))
  socket.on('error', () => {})
  return {
    socket,
    received: () => received,
    head: Buffer.byteLength(head),
    length: whole.length,
    send: (from = 0, to = whole.length) =>
      new Promise((resolve) => socket.write(whole.subarray(from, to), () => resolve())),
    vanish: () => void socket.resetAndDestroy(),
  }
}

/** What the simulator paints for the prompt, asked without a gateway between. */
async function pictureOf({ google }: Simulator): Promise<string> {
  const answer = await fetch(`${google}/v1beta/models/gemini-nano-banana-2.1:generateContent`, {
    method: 'POST',
    headers: { 'x-goog-api-key': 'k', 'content-type': 'application/json' },
    body: JSON.stringify({ contents: [{ parts: [{ text: PROMPT }] }] }),
  })
  const { candidates } = (await answer.json()) as {
    candidates: { content: { parts: { inlineData?: { data: string } }[] } }[]
  }
  const data = candidates[0]?.content.parts.find(({ inlineData }) => inlineData)?.inlineData?.data ?? ''
  return sha256(Buffer.from(data, 'base64'))
}
