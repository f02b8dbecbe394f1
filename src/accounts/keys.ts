import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

export type KeyMode = 'live' | 'test' | 'admin'

/** A key's text taken apart. Only what has the right form and checksum gets here; whether the key exists is the store's to say. */
export interface ParsedKey {
  readonly mode: KeyMode
  /** SHA-256 of the full text, lower-case hex. */
  readonly hash: string
  /** Masked, safe to show and log: `sk-pl-live-ab12…9xyz`. */
  readonly label: string
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

const SECRET_BYTES = 32

/** 43 base62 digits hold 256 bits (62^43 > 2^256), 6 hold a CRC-32. */
const SECRET_DIGITS = 43
const CHECKSUM_DIGITS = 6

const LONGEST = 'sk-pl-admin-'.length + SECRET_DIGITS + CHECKSUM_DIGITS

const KEY = /^(sk-pl-(live|test|admin)-)([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/

/**
 * A key's text: `sk-pl-live-`, the 256 random bits given as 43 characters of [0-9A-Za-z], and a CRC-32 of everything before it as
 * 6 more. One double click selects it, and no shell or URL needs to quote it.
 */
export function makeKeyText(mode: KeyMode, secret: Uint8Array): string {
  if (secret.length !== SECRET_BYTES) throw new RangeError(`a key is made of ${SECRET_BYTES} random bytes`)
  const body = `sk-pl-${mode}-${base62(BigInt(`0x${Buffer.from(secret).toString('hex')}`), SECRET_DIGITS)}`
  return body + checksum(body)
}

/** Undefined for anything that no Plantain ever made: other forms, typing mistakes, cut-off copies. Never throws, needs no database. */
export function parseKey(text: string): ParsedKey | undefined {
  if (text.length > LONGEST) return undefined
  const [, prefix, mode, secret, sum] = KEY.exec(text) ?? []
  if (prefix === undefined || secret === undefined || sum !== checksum(prefix + secret)) return undefined
  const hash = createHash('sha256').update(text).digest('hex')
  return { mode: mode as KeyMode, hash, label: `${prefix}${secret.slice(0, 4)}…${text.slice(-4)}` }
}

function checksum(body: string): string {
  return base62(BigInt(crc32(body)), CHECKSUM_DIGITS)
}

function base62(value: bigint, width: number): string {
  let digits = ''
  for (let rest = value; rest > 0n; rest /= 62n) digits = `${DIGITS[Number(rest % 62n)]}${digits}`
  return digits.padStart(width, '0')
}
