/** Balances of one workspace, in nanos. */
export interface Balances {
  readonly available: bigint
  readonly held: bigint
  readonly revenue: bigint
}

export interface KeyTerms {
  /** Never starts over. */
  readonly limit?: bigint
  /** The operator's funds pay: no balance is asked. */
  readonly isMetered?: boolean
}

export type HoldVerdict = 'held' | 'insufficient_credit' | 'key_limit_reached'

/**
 * What the ledger has to do, as a few numbers: the model that it is compared with. Every method says what the ledger must answer,
 * and moves the numbers accordingly.
 */
export interface Books {
  hold(id: string, amount: bigint, key: string): HoldVerdict
  /** What is held for it; undefined when nothing is, or nothing any more. */
  heldFor(id: string): bigint | undefined
  /** True once for each hold; a charge above it is cut. */
  resolve(id: string, charge: bigint): boolean
  /** True once for each name. */
  credit(name: string, amount: bigint): boolean
  readonly balances: () => Balances
  /** Holds that are not resolved. */
  readonly open: () => number
}

export function makeBooks(keys: ReadonlyMap<string, KeyTerms>): Books {
  const holds = new Map<string, { readonly amount: bigint; readonly key: string }>()
  const spent = new Map<string, bigint>()
  const credited = new Set<string>()
  let available = 0n
  let held = 0n
  let revenue = 0n

  return {
    hold(id, amount, key) {
      const { limit, isMetered = false } = keys.get(key) ?? {}
      const before = spent.get(key) ?? 0n
      if (!isMetered && amount > available) return 'insufficient_credit'
      if (limit !== undefined && before + amount > limit) return 'key_limit_reached'
      holds.set(id, { amount, key })
      spent.set(key, before + amount)
      if (!isMetered) available -= amount
      held += amount
      return 'held'
    },
    heldFor: (id) => holds.get(id)?.amount,
    resolve(id, charge) {
      const hold = holds.get(id)
      if (hold === undefined) return false
      const { amount, key } = hold
      const charged = charge < amount ? charge : amount
      holds.delete(id)
      spent.set(key, (spent.get(key) ?? 0n) - (amount - charged))
      if (keys.get(key)?.isMetered !== true) available += amount - charged
      held -= amount
      revenue += charged
      return true
    },
    credit(name, amount) {
      if (credited.has(name)) return false
      credited.add(name)
      available += amount
      return true
    },
    balances: () => ({ available, held, revenue }),
    open: () => holds.size,
  }
}
