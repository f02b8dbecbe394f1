import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

import { ANSWER_LIMITS, readJson, writeJson } from '../src/core/json-blobs.ts'

/** Moves 2 MB answers from one socket to another in three ways and prints each way's CPU and wall time against the raw pipe's. */
const REPEATS = 7
const ANSWERS = 60
const PICTURE_BYTES = 1_500_000

const picture = Buffer.alloc(PICTURE_BYTES, 'plantain!').toString('base64')
const answer = Buffer.from(JSON.stringify({ created: 1, data: [{ b64_json: picture }], usage: { total_tokens: 1120 } }))

type Move = (from: Socket, to: Socket) => Promise<void>

const moves: Record<string, Move> = {
  pipe: async (from, to) => {
    for await (const chunk of from) await send(to, [chunk])
  },
  codec: async (from, to) => {
    const read = await readJson(from, { limits: ANSWER_LIMITS, mode: 'answer' })
    if (!read.ok) throw new Error(read.error.message)
    const { chunks } = writeJson(read.value.value)
    const all: Buffer[] = []
    for await (const chunk of chunks) all.push(chunk)
    await send(to, all)
  },
  'parse + stringify': async (from, to) => {
    const chunks: Buffer[] = []
    for await (const chunk of from) chunks.push(chunk)
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    await send(to, [Buffer.from(JSON.stringify(value))])
  },
}

const upstream = createServer((socket) => socket.end(answer)).listen(0, '127.0.0.1')
const caller = createServer((socket) => socket.resume()).listen(0, '127.0.0.1')
await Promise.all([once(upstream, 'listening'), once(caller, 'listening')])

const results = new Map(Object.keys(moves).map((name) => [name, { cpu: [] as number[], wall: [] as number[] }]))
for (let repeat = 0; repeat <= REPEATS; repeat++) {
  for (const [name, move] of Object.entries(moves)) {
    const { cpu, wall } = await measure(move)
    if (repeat > 0) results.get(name)?.cpu.push(cpu)
    if (repeat > 0) results.get(name)?.wall.push(wall)
  }
}
const floor = results.get('pipe') ?? { cpu: [], wall: [] }
for (const [name, { cpu, wall }] of results) {
  const ratios = `cpu × ${(median(cpu) / median(floor.cpu)).toFixed(2)}, wall × ${(median(wall) / median(floor.wall)).toFixed(2)}`
  console.log(
    `${name}: ${median(cpu).toFixed(2)} ms CPU, ${median(wall).toFixed(2)} ms per 2 MB answer; ${ratios} of the pipe`,
  )
}
upstream.close()
caller.close()

async function measure(move: Move): Promise<{ cpu: number; wall: number }> {
  const cpu = process.cpuUsage()
  const start = process.hrtime.bigint()
  for (let count = 0; count < ANSWERS; count++) {
    const [from, to] = await Promise.all([open(upstream), open(caller)])
    await move(from, to)
    to.end()
    await once(to, 'close')
  }
  const used = process.cpuUsage(cpu)
  return {
    cpu: (used.user + used.system) / 1000 / ANSWERS,
    wall: Number(process.hrtime.bigint() - start) / 1e6 / ANSWERS,
  }
}

async function open(server: ReturnType<typeof createServer>): Promise<Socket> {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on a port')
  const socket = connect(address.port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

async function send(to: Socket, chunks: readonly Buffer[]): Promise<void> {
  to.cork()
  let isDrained = true
  for (const chunk of chunks) isDrained = to.write(chunk)
  to.uncork()
  if (!isDrained) await once(to, 'drain')
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
