import type { FastifyHttpOptions } from 'fastify'
import type { Server } from 'node:http'

/** Bounds on connections and their patience. Each one closes a known way to hold a server's memory or sockets for nothing. */
export interface ServerSettings {
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number
  /** From the first byte of a request to the end of its body. It does not run while an answer is prepared or sent. */
  readonly requestTimeoutMs: number
  /** How often the two above are looked at. */
  readonly connectionsCheckingIntervalMs: number
  /** Longer than the 60 s after which common load balancers drop an idle connection, so that the balancer closes first. */
  readonly keepAliveTimeoutMs: number
  /** Spreads long-lived clients over restarted or added nodes. */
  readonly maxRequestsPerSocket: number
  /** All headers of one request together. */
  readonly maxHeaderBytes: number
  /** Connections beyond this are dropped at once by the kernel's listener. */
  readonly maxConnections: number
  /** A client that takes no byte of an answer for this long is cut off; its generation stays fetchable. */
  readonly writeIdleMs: number
  /** Between the comments that keep a stream's proxies from giving up. */
  readonly heartbeatMs: number
}

export const SERVER_SETTINGS: ServerSettings = {
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 120_000,
  connectionsCheckingIntervalMs: 5_000,
  keepAliveTimeoutMs: 75_000,
  maxRequestsPerSocket: 1_000,
  maxHeaderBytes: 16_384,
  maxConnections: 16_384,
  writeIdleMs: 60_000,
  heartbeatMs: 10_000,
}

/** The settings as Fastify and Node take them. Logging is ours (logs.ts), so Fastify's own is off. */
export function serverOptions(settings: ServerSettings): FastifyHttpOptions<Server> {
  return {
    http: {
      headersTimeout: settings.headersTimeoutMs,
      connectionsCheckingInterval: settings.connectionsCheckingIntervalMs,
      maxHeaderSize: settings.maxHeaderBytes,
      insecureHTTPParser: false,
      // A missing Host is refused by strictness.ts, which can say so in the dialect's envelope; Node would answer without a body.
      requireHostHeader: false,
    },
    requestTimeout: settings.requestTimeoutMs,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    maxRequestsPerSocket: settings.maxRequestsPerSocket,
    forceCloseConnections: false,
    // The requests that still arrive while stopping get the dialect's envelope from server.ts instead of Fastify's.
    return503OnClosing: false,
    logger: false,
    trustProxy: false,
    // Beyond it find-my-way would write an answer of its own; the header limit already bounds the target.
    routerOptions: { maxParamLength: settings.maxHeaderBytes },
  }
}
