import assert from 'node:assert/strict'

import { JsonBlob } from './json-blob.ts'
import type { Intake, JsonValue, Spill } from './json-blob.ts'
import { ANSWER_LIMITS, readJson, REQUEST_LIMITS, writeJson } from './json-blobs.ts'
import type { JsonDocument, JsonProblem, ReadOptions } from './json-blobs.ts'

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

export function watcher(onAbort: () => void = () => {}, pause?: () => Promise<void>): Watcher {
  const log: string[] = []
  const received: Buffer[] = []
  return {
    log,
    received,
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

/** Keeps what it is given in an array, and its budget where the test put it. */
export function memorySpill(available: () => number): Spill & { stored: number } {
  const spill = {
    stored: 0,
    available,
    async store(slices: readonly Buffer[]): Promise<AsyncIterable<Buffer>> {
      const copies = slices.map((slice) => Buffer.from(slice))
      spill.stored += copies.reduce((total, copy) => total + copy.length, 0)
      return {
        async *[Symbol.asyncIterator]() {
          yield* copies
        },
      }
    },
  }
  return spill
}
