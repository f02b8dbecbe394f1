import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'

import { canonical } from '../core/canonical.ts'
import type { ImageRequest, Part, Picture } from '../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../core/json-blob.ts'
import { writeJson } from '../core/json-blobs.ts'
import type { Mode } from '../core/receipt.ts'

export interface KeyedRequest {
  readonly workspaceId: string
  readonly mode: Mode
  /** What answers: another version of a model gives other pictures. */
  readonly modelVersion: string
  /** As admission left it: every picture has its facts. */
  readonly request: ImageRequest
}

/**
 * One name for all equal requests of a workspace and mode: SHA-256, hex, over everything that was said, pictures by their own hashes.
 * Whatever a request may say counts, a field of tomorrow too: a miss costs a picture, a wrong hit shows somebody another one. Only
 * where a picture stood in the caller's body does not count. Throws for a picture that admission has not looked at.
 */
export function requestKey({ workspaceId, mode, modelVersion, request }: KeyedRequest): string {
  const { turns, mask, ...parameters } = request
  return digest({
    workspaceId,
    mode,
    modelVersion,
    parameters: plain(parameters),
    turns: turns.map(({ parts, ...turn }) => ({ ...turn, parts: parts.map(keyedPart) })),
    mask: mask && keyedPicture(mask),
  })
}

function keyedPart(part: Part): JsonValue {
  return part.type === 'text' ? { ...part } : { ...part, picture: keyedPicture(part.picture) }
}

/** The facts follow from the bytes, and the bytes from the hash. */
function keyedPicture({ field, source: _, facts, ...more }: Picture): JsonValue {
  assert(facts, `the picture at ${field} has no facts yet`)
  return { sha256: facts.sha256, ...more }
}

/** Amounts of money become text; everything else in a request is JSON already. */
function plain(value: unknown): JsonValue {
  if (typeof value === 'bigint') return { nanos: value.toString() }
  if (value === undefined || value === null) return null
  if (value instanceof JsonBlob || typeof value !== 'object') return value as JsonValue
  if (Array.isArray(value)) return value.map(plain)
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => (inner === undefined ? [] : [[name, plain(inner)]])),
  )
}

function digest(value: JsonValue): string {
  const hash = createHash('sha256')
  const { chunks } = writeJson(canonical(value))
  // A pass-through parameter so large that it went to the disk equals nothing: nobody sends it twice, and reading it would take a wait.
  if (!(Symbol.iterator in chunks)) return hash.update(randomUUID()).digest('hex')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}
