/** A stream of numbers in [0, 1) that depends on its seed text alone. */
export interface Random {
  (): number
  between(low: number, high: number): number
  pick<T>(items: readonly [T, ...T[]]): T
}

/** The same text gives the same stream on every machine: what makes a painting repeatable. */
export function randomFrom(seed: string): Random {
  let state = hashOf(seed) || 1
  const next = (): number => {
    // mulberry32, public domain: 32 bits of state are plenty for a picture.
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const between = (low: number, high: number): number => low + (high - low) * next()
  const pick = <T>(items: readonly [T, ...T[]]): T => items[Math.floor(next() * items.length)] ?? items[0]
  return Object.assign(next, { between, pick })
}

/** FNV-1a, 32 bits, over UTF-16 code units. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}
