import assert from 'node:assert/strict'

import { JsonBlob } from './json-blob.ts'
import type { Intake, JsonValue, Spilled, Spilling } from './json-blob.ts'
import { ANSWER_LIMITS, readJson, REQUEST_LIMITS, writeJson } from './json-blobs.ts'
import type { JsonDocument, JsonProblem, ReadOptions } from './json-blobs.ts'
import { PictureMemory } from './picture-memory.ts'

/** What the codec's tests share. */
export const REQUEST: ReadOptions = { limits: REQUEST_LIMITS, mode: 'request' }
export const ANSWER: ReadOptions = { limits: ANSWER_LIMITS, mode: 'answer' }
/** 8,000 characters of base64 with every digit and padding. */
export const BASE64 = Buffer.from(Array.from({ length: 5999 }, (_, index) => (index * 37) % 256)).toString('base64')

export async function* inChunks(bytes: Buffer, size = 64 * 1024): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size))
}

export async function read(text: string | Buffer, options = REQUEST, size?: number): Promise<JsonDocument> {
  const result = await readJson(inChunks(Buffer.from(text), size), options)
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  return result.value
}

export async function refusal(text: string | Buffer, options = REQUEST, size?: number): Promise<JsonProblem> {
  const result = await readJson(inChunks(Buffer.from(text), size), options)
  assert.ok(!result.ok, 'the document was accepted')
  return result.error
}

export async function written(value: JsonValue): Promise<string> {
  const { byteLength, chunks } = writeJson(value)
  const all: Buffer[] = []
  for await (const chunk of chunks) all.push(chunk)
  const bytes = Buffer.concat(all)
  assert.equal(bytes.length, byteLength)
  return bytes.toString('utf8')
}

/** The value at a path of a document, as a blob. */
export function blobAt(value: JsonValue | undefined, ...path: readonly string[]): JsonBlob {
  const found = path.reduce<unknown>((inner, key) => Object(inner)[key], value)
  assert.ok(found instanceof JsonBlob, `${path.join('.')} is no blob`)
  return found
}

export function characters(blob: JsonBlob): string {
  return Buffer.concat(blob.slices).toString('utf8')
}

export interface Watcher extends Intake {
  readonly log: string[]
  readonly received: Buffer[]
}

export function watcher(onAbort: () => void = () => {}, pause?: () => Promise<void>, elsewhere?: Spilled): Watcher {
  const log: string[] = []
  const received: Buffer[] = []
  return {
    log,
    received,
    ...(elsewhere && { elsewhere }),
    write(slice) {
      log.push('write')
      received.push(slice)
      return pause?.().then(() => void log.push('written'))
    },
    end: () => void log.push('end'),
    abort: () => {
      log.push('abort')
      onAbort()
    },
  }
}

/** A budget whose spill keeps what it is given in arrays. */
export function testMemory(limitBytes: number) {
  const spilled: Buffer[][] = []
  const memory = new PictureMemory(limitBytes, () => {
    const copies: Buffer[] = []
    spilled.push(copies)
    return spillingOf(copies)
  })
  return { memory, stored: () => spilled.flat().reduce((total, { length }) => total + length, 0) }
}

export function spillingOf(copies: Buffer[]): Spilling {
  return {
    get byteLength() {
      return copies.reduce((total, { length }) => total + length, 0)
    },
    async write(slices) {
      copies.push(...slices.map((slice) => Buffer.from(slice)))
    },
    drop: () => void copies.splice(0),
    async *[Symbol.asyncIterator]() {
      yield* copies
    },
  }
}
