import { randomFillSync } from 'node:crypto'

import type { Clock } from './clock.ts'

export type GenerationId = string & { readonly __id: 'generation' }

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const GENERATION_ID = /^gen-\d{10}-[A-Za-z0-9]{20}$/

/** Bytes from here on would favour the first letters of the alphabet. */
const UNBIASED = 256 - (256 % ALPHABET.length)

/** `length` characters of [A-Za-z0-9], each drawn uniformly from the system's random source. */
export function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    const byte = randomByte()
    if (byte < UNBIASED) text += ALPHABET[byte % ALPHABET.length]
  }
  return text
}

const pool = Buffer.alloc(4096)
let used = pool.length

/** From a pool that is filled by the system's random source; each byte is given out once. */
function randomByte(): number {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  return pool[used++] ?? 0
}

/** OpenRouter's form: `gen-<unix seconds>-<20 characters>`. Sorts by time to the second. */
export function newGenerationId(clock: Clock): GenerationId {
  return `gen-${Math.floor(clock.now() / 1000)}-${randomText(20)}` as GenerationId
}

/** Whether `text` has the form of a generation's id; says nothing about whether one exists. */
export function isGenerationId(text: string): text is GenerationId {
  return GENERATION_ID.test(text)
}

/** An id for rows that never leave the database by themselves: `<prefix>-<24 characters>`. */
export function newId(prefix: string): string {
  return `${prefix}-${randomText(24)}`
}
