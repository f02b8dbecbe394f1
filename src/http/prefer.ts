/** How long a caller wants to wait for a generation, from `Prefer` (RFC 7240); undefined when it did not say. */
export interface Preference {
  /** 0 for `respond-async`. */
  readonly waitMs: number
  /** For `Preference-Applied`. */
  readonly applied: string
}

/** An hour: more than any generation's deadline. */
const LONGEST_WAIT_S = 3_600

export function preferenceOf(header: string | string[] | undefined): Preference | undefined {
  const words = [header ?? []]
    .flat()
    .join(',')
    .toLowerCase()
    .split(/[,;]/)
    .map((word) => word.trim())
  const seconds = words
    .map((word) => /^wait\s*=\s*"?(\d{1,5})"?$/.exec(word)?.[1])
    .find((digits) => digits !== undefined)
  if (seconds !== undefined) {
    const wait = Math.min(Number(seconds), LONGEST_WAIT_S)
    return { waitMs: wait * 1000, applied: `wait=${wait}` }
  }
  return words.includes('respond-async') ? { waitMs: 0, applied: 'respond-async' } : undefined
}
