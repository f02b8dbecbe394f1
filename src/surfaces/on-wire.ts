import assert from 'node:assert/strict'

import type { JsonValue } from '../core/json-blob.ts'
import { writeJson } from '../core/json-blobs.ts'

/** What a client reads once the codec has written a surface's answer; for tests. */
export function onWire(value: JsonValue): unknown {
  const { chunks, byteLength } = writeJson(value)
  assert.ok(Symbol.iterator in chunks)
  const bytes = Buffer.concat([...chunks])
  assert.equal(bytes.length, byteLength)
  return JSON.parse(bytes.toString())
}
