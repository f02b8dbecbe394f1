import type { ServerResponse } from 'node:http'
import { sendRefusal } from '../simulator.ts'
import type { Refusal as Told } from '../simulator.ts'
import { refusalBody } from './errors.ts'
import type { Refusal } from './errors.ts'

/** Answers a small document, or a refusal as Google's error body. */
export function sendJson(response: ServerResponse, value: object | Refusal): void {
  const isRefusal = 'code' in value && 'status' in value && 'message' in value
  sendRefusal(response, isRefusal ? told(value) : pretty(200, value))
}

/** A refusal as it is sent; `isElement`: where events come as one array. */
export function told(refusal: Refusal, isElement = false): Told {
  const body = refusalBody(refusal)
  return pretty(refusal.code, isElement ? [body] : body)
}

function pretty(status: number, document: unknown): Told {
  const headers = { 'content-type': 'application/json; charset=UTF-8' }
  return { status, body: `${JSON.stringify(document, undefined, 2)}\n`, headers }
}
