import { AsyncLocalStorage } from 'node:async_hooks'

/** Knows whether the running code is inside a transaction of one database, across awaits. */
export interface TransactionScope {
  run<T>(work: () => Promise<T>): Promise<T>
  /** Throws inside a transaction: there the outer handle would wait for itself on SQLite, and escape the rollback on PostgreSQL. */
  assertOutside(): void
}

export function makeTransactionScope(): TransactionScope {
  const storage = new AsyncLocalStorage<{ open: boolean }>()
  return {
    async run(work) {
      const scope = { open: true }
      try {
        return await storage.run(scope, work)
      } finally {
        // Work that was detached inside the transaction and outlives it is outside again.
        scope.open = false
      }
    },
    assertOutside() {
      if (storage.getStore()?.open === true) {
        throw new Error(
          'the outer database handle was used inside a transaction; use the handle the transaction was given',
        )
      }
    },
  }
}
