import { ADDRCONFIG } from 'node:dns'
import { lookup, Resolver } from 'node:dns/promises'

/**
 * Every address of a name, IPv4 first; empty when the name does not exist. Rejects when nobody could tell, and with the signal's reason
 * when that aborts first.
 */
export type Resolve = (hostname: string, signal: AbortSignal) => Promise<readonly string[]>

/** Together under what a fetch may take, so that one dead name server leaves time for the other. */
const QUERY = { timeout: 1_500, tries: 2, maxTimeout: 3_000 } as const

/** Answers that mean "there is no such address", by c-ares' names. */
const ABSENT = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME'])

/**
 * Asks DNS itself, over sockets: the system's look-up would hold one of the process's four file threads for as long as a stranger's name
 * server keeps silent. Neither search domains nor the hosts file are read, so a name means what it means everywhere.
 */
export function makeResolve(servers?: readonly string[]): Resolve {
  return async (hostname, signal) => {
    signal.throwIfAborted()
    // One per look-up, because cancelling ends everything that a resolver has under way.
    const resolver = new Resolver(QUERY)
    if (servers !== undefined) resolver.setServers(servers)
    const stop = () => resolver.cancel()
    signal.addEventListener('abort', stop, { once: true })
    try {
      const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
      signal.throwIfAborted()
      const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
      // One family that fails while the other answers is common; only what was answered is judged and used.
      const troubles = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []))
      const trouble = troubles.find((error) => !isAbsent(error))
      if (addresses.length === 0 && trouble !== undefined) throw trouble
      return addresses
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }
}

/** The system's own look-up, hosts file and all: for names that the operator chose. */
export const lookUpTrusted: Resolve = async (hostname) => {
  const answers = await lookup(hostname, { all: true, order: 'ipv4first', hints: ADDRCONFIG })
  return answers.map(({ address }) => address)
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ABSENT.has(String(error.code))
}
