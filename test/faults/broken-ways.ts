import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

import { startNode } from '../support/child.ts'
import type { Case } from './table.ts'

type Way = NonNullable<Case['way']>

/** Base URLs behind which no request can be sent, in each of the ways that a connection fails to come about. */
export interface BrokenWays extends AsyncDisposable {
  url(way: Way): string
}

/** Fills the backlog of a process that never accepts; then the kernel lets further connections wait for ever. */
const FULL = 8

export async function openBrokenWays(): Promise<BrokenWays> {
  const sockets = new Set<Socket>()
  const mute = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
  })
  const gone = createServer()
  const ports = { 'no TLS': await listen(mute), refused: await listen(gone) }
  await close(gone)
  const program = `
    const server = require('node:net').createServer()
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:fs').writeSync(1, 'deaf at ' + server.address().port + '\\n')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`
  const deaf = await startNode(['-e', program], {}, /deaf at (\d+)/)
  const deafPort = Number(deaf.ready[1])
  const filling = Array.from({ length: FULL }, () => connect(deafPort, '127.0.0.1').on('error', () => {}))
  await Promise.race(filling.map((socket) => once(socket, 'connect')))

  return {
    url(way) {
      switch (way) {
        case 'refused':
          return `http://127.0.0.1:${ports.refused}`
        case 'unknown name':
          return 'http://nobody.invalid'
        case 'no TLS':
          return `https://127.0.0.1:${ports['no TLS']}`
        case 'no connection':
          return `http://127.0.0.1:${deafPort}`
      }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of [...sockets, ...filling]) socket.destroy()
      await close(mute)
      await deaf.end('SIGKILL')
    },
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function close(server: Server): Promise<void> {
  await new Promise((closed) => server.close(closed))
}
