import { createHash } from 'node:crypto'

import type { FastifyRequest } from 'fastify'

import { canonical } from '../core/canonical.ts'
import { fail, type Failure } from '../core/errors.ts'
import type { JsonValue } from '../core/json-blob.ts'
import { writeJson } from '../core/json-blobs.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { GenerateRoute } from '../core/surface.ts'
import { spendTurn } from '../core/turn.ts'
import type { Idempotency } from '../generations/engine-port.ts'

const HEADER = 'Idempotency-Key'
const PRINTABLE = /^[\x20-\x7e]{1,255}$/

/** Counts as part of what was asked: the same body may mean something else in another version of the interface. */
const API_VERSION = '1'

/** The caller's own name for this purchase, from `Idempotency-Key`; undefined without the header. */
export async function idempotencyOf(
  request: FastifyRequest,
  route: GenerateRoute,
  body: JsonValue,
): Promise<Result<Idempotency | undefined, Failure>> {
  const key = request.headers['idempotency-key']
  if (key === undefined) return ok(undefined)
  if (timesGiven(request) > 1) return refusal('is given more than once')
  if (typeof key !== 'string' || !PRINTABLE.test(key)) return refusal('must be 1 to 255 printable ASCII characters')
  return ok({ key, scope: `${route.method} ${route.path}`, fingerprint: await fingerprint(route, body) })
}

/**
 * SHA-256, hex, of what was asked: the same for every layout of the same document. Pictures are hashed in the slices that they came
 * in, from the disk where they went there, and in steps that let others have their turn.
 */
async function fingerprint({ method, id }: GenerateRoute, body: JsonValue): Promise<string> {
  const hash = createHash('sha256').update(`${method} ${id} ${API_VERSION}\n`)
  for await (const chunk of writeJson(canonical(body)).chunks) {
    hash.update(chunk)
    await spendTurn(chunk.length)
  }
  return hash.digest('hex')
}

/** Node joins repeated headers into one, which then looks like a key of its own. */
function timesGiven({ raw }: FastifyRequest): number {
  return raw.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === HEADER.toLowerCase()).length
}

function refusal(what: string): Result<never, Failure> {
  return err(fail('invalid_request', `${HEADER} ${what}.`, { field: HEADER }))
}
