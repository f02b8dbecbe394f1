import type { Sabotage } from './sabotage.ts'

/** What one tenant must never learn, take or change of another, and what the books must never hide. */
export const TENANTS: readonly Sabotage[] = [
  {
    promise: 'X7',
    deed: 'forget the workspace of a generation',
    edits: [
      {
        file: 'src/generations/store.ts',
        find: "    .where('id', '=', id)\n    .where('workspace_id', '=', sight.workspaceId)",
        put: "    .where('id', '=', id)",
      },
    ],
    tests: ['test/tenants.test.ts'],
    only: 'generations/:id answers',
  },
  {
    promise: 'X7',
    deed: 'list the generations of everybody',
    edits: [
      {
        file: 'src/generations/store.ts',
        find: "    .where('workspace_id', '=', sight.workspaceId)\n    .where('mode', '=', sight.mode)\n    .orderBy('created_at', 'desc')",
        put: "    .where('mode', '=', sight.mode)\n    .orderBy('created_at', 'desc')",
      },
    ],
    tests: ['test/tenants.test.ts'],
    only: 'GET /api/v1/generations answers',
  },
  {
    promise: 'X7',
    deed: 'find a key by its hash for anybody',
    edits: [
      {
        file: 'src/http/answers.ts',
        find: 'if (found.ok && found.value.workspaceId !== workspaceId) return',
        put: "if (found.ok && workspaceId === '') return",
      },
    ],
    tests: ['test/tenants.test.ts'],
    only: 'keys/:hash answers',
  },
  {
    promise: 'X7',
    deed: 'audit for everybody',
    edits: [
      {
        file: 'src/http/answers.ts',
        find: 'return workspaceId === (await accounts.defaultWorkspaceId())',
        put: "return workspaceId !== ''",
      },
    ],
    tests: ['test/tenants.test.ts'],
    only: 'shown it',
  },
  {
    promise: 'X7',
    deed: 'let anybody decide how everybody pays',
    edits: [{ file: 'src/http/answers.ts', find: '!ask.grant.prepaid || (await isOperator(principal))', put: 'true' }],
    tests: ['test/tenants.test.ts'],
    only: 'how live traffic is paid for',
  },
  {
    promise: 'X7',
    deed: 'share the idempotency keys of credits',
    edits: [
      {
        file: 'src/ledger/store.ts',
        find: 'credit:${book.workspaceId}:${idempotencyKey}',
        put: 'credit:${idempotencyKey}',
      },
    ],
    tests: ['test/tenants.test.ts'],
    only: 'given under some key',
  },
  {
    promise: 'A7',
    deed: 'not read what was charged',
    edits: [
      {
        file: 'src/ledger/charged-pictures.ts',
        find: 'return digest === sha256 ? undefined',
        put: "return digest !== '' ? undefined",
      },
    ],
    tests: ['src/ledger/charged-pictures.test.ts'],
    only: 'one bit',
  },
  {
    promise: 'A9',
    deed: 'let a booking be higher than its bill',
    edits: [{ file: 'src/ledger/reconcile.ts', find: 'booked !== billed', put: 'booked < billed' }],
    tests: ['src/ledger/reconcile.test.ts'],
    only: 'never took',
  },
  {
    promise: 'A9',
    deed: 'overlook calls that are on the bill alone',
    edits: [
      {
        file: 'src/ledger/reconcile.ts',
        find: 'return left.filter((call) => amountOf(call) !== 0n)',
        put: 'return []',
      },
    ],
    tests: ['src/ledger/reconcile.test.ts'],
    only: 'nobody has made',
  },
]
