import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { Principal } from '../accounts/principal.ts'
import type { FailureCode } from '../core/errors.ts'
import type { Access, Surface } from '../core/surface.ts'

/** What the edge keeps for the life of one server. */
export interface Edge {
  /** Set once, by stop.ts: nothing new is started, every answer closes its connection. */
  stopping: boolean
  /** Open connections, each with the response it is working on, if any. */
  readonly connections: Map<Socket, ServerResponse | undefined>
  /** Every route that was registered, for the route-table test and OpenAPI. */
  readonly routes: RouteEntry[]
}

export interface RouteEntry {
  readonly method: string
  readonly path: string
  readonly access: Access
}

/** What is known about one request; all that the log and the metrics may read. */
export interface RequestFacts {
  /** Monotonic milliseconds. */
  readonly startedAt: number
  readonly surface: Surface
  principal?: Principal
  generationId?: string
  /** Canonical id, never the caller's own text. */
  model?: string
  failure?: FailureCode
}

declare module 'fastify' {
  interface FastifyInstance {
    edge: Edge
  }
  interface FastifyRequest {
    facts: RequestFacts
  }
  interface FastifyContextConfig {
    /** Who may call the route. A route without it cannot be registered. */
    access?: Access
    surface?: Surface
    /** Callers on this machine, with no proxy between, need no key. */
    loopback?: boolean
    /** Starts work; refused while the server stops. */
    generates?: boolean
  }
}
