import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Bill } from './bill.ts'

/** What every simulator is given. */
export interface SimulatorOptions {
  /** Whether models that their makers have shut down are served as they were, or refused as they are now. */
  readonly retired: 'serve' | 'refuse'
  /** A typical wait before each answer in milliseconds; each call takes 60 to 140 % of it. */
  readonly latencyMs: number
  /** In [0, 1), for ids; pictures and counts depend on the request alone. */
  readonly random: () => number
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly bill: Bill
}

/** Answers what comes below one provider's prefix; `path` is what is left behind it, query and all. */
export type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void>

/** An answer that is none: the provider's own error body under its own status. */
export interface Refusal {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export function sendJson(response: ServerResponse, document: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document))
}

/** A body that is a text goes out as one, as some servers tell their errors. */
export function sendRefusal(response: ServerResponse, { status, body, headers }: Refusal): void {
  const [type, text] = typeof body === 'string' ? ['text/plain', body] : ['application/json', JSON.stringify(body)]
  response.writeHead(status, { 'content-type': type, ...headers }).end(text)
}

export function isRefusal(value: object): value is Refusal {
  return 'status' in value && 'body' in value
}

/** Where this simulator is reached from outside, as the caller wrote it: `http://127.0.0.1:7879/fal`. */
export function baseOf(request: IncomingMessage, path: string): string {
  return `http://${request.headers.host}${(request.url ?? '').slice(0, -path.length)}`
}
