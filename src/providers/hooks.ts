import { randomBytes } from 'node:crypto'

import { LRUCache } from 'lru-cache'

import type { Hook } from './provider.ts'

/** Addresses under which providers may tell that a job has changed. */
export interface Hooks {
  /** A new address of one call, and its calls. */
  open(): Hook
  /** Somebody called the address with this token; a token that nobody gave out is nothing. */
  call(token: string): void
}

/** Longest that a provider's word is waited for; whoever waits longer asks by himself anyway. */
const KEPT_MS = 3_600_000
const MOST = 10_000

/**
 * Hooks below the address under which this gateway is reached from outside. Whoever calls one has to know 192 random bits, and all that
 * he achieves is that the provider is asked sooner: nothing that a caller says is read. Kept in memory: after a restart, or on another
 * node, the job is polled as if there were no hook.
 */
export function makeHooks(publicUrl: string): Hooks {
  const hooks = new LRUCache<string, Bell>({ max: MOST, ttl: KEPT_MS })
  return {
    open() {
      const token = randomBytes(24).toString('hex')
      const bell = new Bell()
      hooks.set(token, bell)
      return { url: `${publicUrl.replace(/\/+$/, '')}/hooks/${token}`, called: () => bell.rung() }
    },
    call: (token) => hooks.get(token)?.ring(),
  }
}

/** Rings for whoever waits, or else for the next one who does. */
class Bell {
  #isRinging = false
  #waiting: (() => void) | undefined

  ring(): void {
    if (this.#waiting === undefined) this.#isRinging = true
    this.#waiting?.()
    this.#waiting = undefined
  }

  rung(): Promise<void> {
    if (this.#isRinging) {
      this.#isRinging = false
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }
}
