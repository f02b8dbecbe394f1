import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'

import { makeResolve } from './resolve.ts'

const NEVER = new AbortController().signal

test('both families are asked for, and the answers of a CNAME are those of its end', async () => {
  await using server = await nameServer((type) => ({ records: type === A ? [ALIAS, [A, '5db8d70e']] : [[AAAA, SIX]] }))

  const addresses = await makeResolve([server.address])('name.example', NEVER)

  assert.deepEqual(addresses, ['93.184.215.14', '2606:4700::1111'])
})

test('a name without addresses gives none', async () => {
  await using server = await nameServer(() => ({ code: NXDOMAIN }))

  assert.deepEqual(await makeResolve([server.address])('name.example', NEVER), [])
})

test('one family is enough when the other fails', async () => {
  await using server = await nameServer((type) => (type === A ? { records: [[A, '5db8d70e']] } : { code: SERVFAIL }))

  assert.deepEqual(await makeResolve([server.address])('name.example', NEVER), ['93.184.215.14'])
})

test('a server that cannot tell is a failure, not an absent name', async () => {
  await using server = await nameServer((type) => ({ code: type === A ? NXDOMAIN : SERVFAIL }))

  await assert.rejects(makeResolve([server.address])('name.example', NEVER), { code: 'ESERVFAIL' })
})

test('a server that keeps silent is waited for no longer than the signal says', async () => {
  await using server = await nameServer(() => undefined)
  const startedAt = performance.now()

  await assert.rejects(makeResolve([server.address])('name.example', AbortSignal.timeout(100)), {
    name: 'TimeoutError',
  })

  assert.ok(performance.now() - startedAt < 1_000)
})

test('a server that keeps silent is given up by itself within seven seconds', async () => {
  await using server = await nameServer(() => undefined)
  const startedAt = performance.now()

  await assert.rejects(makeResolve([server.address])('name.example', NEVER), { code: 'ETIMEOUT' })

  assert.ok(performance.now() - startedAt < 7_000)
})

const A = 1
const CNAME = 5
const AAAA = 28
const SERVFAIL = 2
const NXDOMAIN = 3
const SIX = '26064700000000000000000000001111'
/** `x.` as the canonical name; the address belongs to that. */
const ALIAS: DnsRecord = [CNAME, '017800']

type DnsRecord = readonly [type: number, dataHex: string]
interface Reply {
  readonly code?: number
  readonly records?: readonly DnsRecord[]
}

/** A DNS server on loopback (RFC 1035 §4): every question has one name, and gets what `answer` says for its type. */
async function nameServer(answer: (type: number) => Reply | undefined) {
  const socket = createSocket('udp4')
  socket.on('message', (query, { port, address }) => {
    const end = query.indexOf(0, 12) + 5
    const reply = answer(query.readUInt16BE(end - 4))
    if (reply === undefined) return
    const { code = 0, records = [] } = reply
    const header = Buffer.from(query.subarray(0, 12))
    header.writeUInt16BE(0x8180 | code, 2)
    header.writeUInt16BE(records.length, 6)
    header.writeUInt32BE(0, 8)
    let owner = Buffer.from('c00c', 'hex')
    const lines = records.map(([type, hex]) => {
      const data = Buffer.from(hex, 'hex')
      const fixed = Buffer.alloc(10)
      fixed.writeUInt16BE(type, 0)
      fixed.writeUInt16BE(1, 2)
      fixed.writeUInt16BE(data.length, 8)
      const line = Buffer.concat([owner, fixed, data])
      if (type === CNAME) owner = data
      return line
    })
    socket.send(Buffer.concat([header, query.subarray(12, end), ...lines]), port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: `127.0.0.1:${socket.address().port}`,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((closed) => void socket.close(closed))
    },
  }
}
