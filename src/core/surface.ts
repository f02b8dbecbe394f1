import type { z } from 'zod'

import type { Answers, Ask } from './ask.ts'
import type { Failure } from './errors.ts'
import type { ImageRequest } from './image-request.ts'
import type { JsonValue } from './json-blob.ts'
import type { Delivery, Progress } from './receipt.ts'
import type { Result } from './result.ts'

/** Who may call a route. `none` needs no key, `key` an ordinary key (test or live), `admin` an admin key, `any` either. */
export type Access = 'none' | 'key' | 'admin' | 'any'

/** One dialect: a name and a table of routes. Data and pure functions; `http/` mounts it. */
export interface Surface {
  readonly name: 'openrouter' | 'openai' | 'gemini' | 'native'
  readonly routes: readonly Route[]
  /** The dialect's envelope for any failure under its paths, the ones found before a route was reached included. */
  presentFailure(failure: Failure, context: { readonly requestId: string; readonly generationId?: string }): JsonValue
  /** Path prefix that this dialect owns, for failures outside every route: `/api/v1`. */
  readonly prefix: string
}

export type Route = GenerateRoute | AskRoute | CatalogRoute

interface RouteBase {
  /** Unique name, the OpenAPI operationId: `createChatCompletion`. */
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Fastify's notation: `/api/v1/keys/:hash`. */
  readonly path: string
  readonly summary: string
  readonly access: Access
}

/** A route that buys pictures. */
export interface GenerateRoute extends RouteBase {
  readonly kind: 'generate'
  readonly body: z.ZodType
  /** From a body that satisfied the schema. A failure names the field in the caller's own words. */
  parse(body: unknown): Result<ParsedGenerate, Failure>
  present(delivery: Delivery): JsonValue
  readonly stream?: StreamDialect
}

export interface ParsedGenerate {
  readonly request: ImageRequest
  readonly stream: boolean
  /** What the caller wrote for `resolution`, `aspect_ratio` and the like, where it was another name: refusals are told in it. */
  readonly fieldNames?: Readonly<Record<string, string>>
}

/** How a dialect streams. Every method returns whole SSE data payloads in order; `http/` frames, keeps alive and ends them. */
export interface StreamDialect {
  progress(progress: Progress, context: StreamContext): readonly StreamEvent[]
  /** What is said of progress in a comment, which every client passes over. */
  note?(progress: Progress): string | undefined
  delivered(delivery: Delivery): readonly StreamEvent[]
  failed(failure: Failure, context: StreamContext): readonly StreamEvent[]
}

export interface StreamContext {
  readonly generationId: string
  readonly requestId: string
  readonly model: string
  readonly createdAt: number
}

export type StreamEvent = { readonly event?: string; readonly data: JsonValue } | { readonly raw: '[DONE]' }

/** What a route without a body of pictures gets to read: already validated by its schemas. */
export interface AskInput {
  readonly params: Readonly<Record<string, string>>
  readonly query: unknown
  readonly body: unknown
}

/** A route answered from accounts, ledger or generations. */
export interface AskRoute<Name extends Ask['ask'] = Ask['ask']> extends RouteBase {
  readonly kind: 'ask'
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** Status of a success; 200 when absent. */
  readonly status?: number
  parse(input: AskInput): Result<Ask, Failure>
  present(answer: Answers[Name]): JsonValue
}

/** A route answered from the catalogue alone, by the surface itself. */
export interface CatalogRoute extends RouteBase {
  readonly kind: 'catalog'
  readonly query?: z.ZodType
  answer(input: AskInput): Result<JsonValue, Failure>
}
