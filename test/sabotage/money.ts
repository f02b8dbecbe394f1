import type { Sabotage } from './sabotage.ts'

/** What must never happen to money, to what was acknowledged, and to what was bought. */
export const MONEY: readonly Sabotage[] = [
  {
    promise: 'M1',
    deed: 'hold without looking at the balance',
    edits: [{ file: 'src/ledger/store.ts', find: "    .where('balance_nanos', '>=', amount)\n", put: '' }],
    tests: ['src/ledger/overspend.test.ts'],
  },
  {
    promise: 'M1',
    deed: 'let a key go beyond its limit',
    edits: [
      {
        file: 'src/ledger/key-spend.ts',
        find: "excluded.held_nanos`, '<=', limit)",
        put: "excluded.held_nanos`, '>=', ZERO)",
      },
    ],
    tests: ['src/ledger/overspend.test.ts'],
  },
  {
    promise: 'M1',
    deed: 'take the hold from the balance twice',
    edits: [
      {
        file: 'src/ledger/store.ts',
        find: "eb('balance_nanos', '-', amount)",
        put: "eb('balance_nanos', '-', (amount + amount) as Nanos)",
      },
    ],
    tests: ['src/ledger/store.test.ts'],
  },
  {
    promise: 'A6',
    deed: 'settle a hold that was settled before',
    edits: [{ file: 'src/ledger/store.ts', find: "    .where('state', '=', 'pending')\n", put: '' }],
    tests: ['src/ledger/store.test.ts'],
    quick: true,
  },
  {
    promise: 'M3',
    deed: 'sweep generations whose process is alive',
    edits: [
      { file: 'src/generations/leases.ts', find: "    .where('lease_until', '<', now)\n    .limit", put: '    .limit' },
      {
        file: 'src/generations/leases.ts',
        find: "    .where('lease_until', '<', now)\n    .executeTakeFirst",
        put: '    .executeTakeFirst',
      },
    ],
    tests: ['src/generations/recover.test.ts'],
    only: 'lease',
  },
  {
    promise: 'M3',
    deed: 'leave what a dead process left',
    edits: [{ file: 'src/generations/keeper.ts', find: '  await recover()\n\n', put: '\n' }],
    tests: ['src/generations/recover.test.ts'],
    only: 'on one machine',
  },
  {
    promise: 'M12',
    deed: 'end the upstream call with the caller’s connection',
    edits: [
      {
        file: 'src/generations/undertaking.ts',
        find: '    isCancelled: () => isCancelled,\n',
        put: '    controller,\n    isCancelled: () => isCancelled,\n',
      },
      {
        file: 'src/generations/engine.ts',
        find: '    running.set(id, entry)\n',
        put: '    running.set(id, entry)\n    ;(globalThis.sabotaged ??= new Map()).set(id, undertaking.controller)\n',
      },
      {
        file: 'src/http/run.ts',
        find: "    if (outcome === 'left') return reply.hijack()\n",
        put: "    if (outcome === 'left') {\n      globalThis.sabotaged?.get(started.value.id)?.abort(new Error('left'))\n      return reply.hijack()\n    }\n",
      },
    ],
    tests: ['test/disconnect.test.ts'],
  },
  {
    promise: 'M17',
    deed: 'drop the triggers that keep history as it is',
    edits: [
      {
        file: 'src/db/migrations/0001-initial.ts',
        find: "  return ['update', 'delete'].map(",
        put: '  return [].map(',
      },
    ],
    tests: ['src/db/database.test.ts'],
    only: 'history',
    quick: true,
  },
  {
    promise: 'M18',
    deed: 'charge by the catalogue of the moment',
    edits: [
      {
        file: 'src/generations/admit.ts',
        find: '      price: snapshotOf(served),\n',
        put: '      get price() {\n        return snapshotOf(served)\n      },\n',
      },
    ],
    tests: ['src/generations/generate.test.ts'],
    only: 'stored with the hold',
    quick: true,
  },
  {
    promise: '§1',
    deed: 'charge more than was held',
    edits: [
      { file: 'src/generations/cap.ts', find: 'if (charge.total <= hold) return', put: 'if (hold >= 0n) return' },
    ],
    tests: ['src/generations/generate.test.ts', 'src/generations/cap.test.ts'],
    only: 'above the hold|whatever the lines',
  },
  {
    promise: '§1',
    deed: 'charge for pictures that are of no use',
    edits: [
      {
        file: 'src/generations/reckon.ts',
        find: 'images: kept.outputs.map(({ original, picture }) => original ?? picture),',
        put: 'images: generated.images.map(() => ({ width: 1, height: 1 })),',
      },
    ],
    tests: ['src/generations/generate.test.ts'],
    only: 'one is unusable',
  },
  {
    promise: '§1',
    deed: 'forget what the provider took for nothing',
    edits: [
      {
        file: 'src/generations/reckon.ts',
        find: "if (!outcome.ok && outcome.error.billed === 'no') return ZERO",
        put: 'return ZERO',
      },
    ],
    tests: ['src/generations/generate.test.ts'],
    only: 'no usable|of three calls',
  },
  {
    promise: '§1 Attempt',
    deed: 'call the provider before the hold is on disk',
    edits: [
      {
        file: 'src/generations/admit.ts',
        find: '      await parts.database.durable()\n      return ok(admitted)',
        put: '      return ok(admitted)',
      },
    ],
    tests: ['src/generations/admit.test.ts'],
    only: 'on disk',
    quick: true,
  },
  {
    promise: '§1 Attempt',
    deed: 'call the next route before its attempt is on disk',
    edits: [
      { file: 'src/generations/attempt.ts', find: '  await database.durable()\n  return row', put: '  return row' },
    ],
    tests: ['src/generations/admit.test.ts'],
    only: 'on disk',
  },
  {
    promise: 'D1',
    deed: 'answer before the settlement is on disk',
    edits: [
      {
        file: 'src/generations/close.ts',
        find: '    await database.durable()\n    return receipt',
        put: '    return receipt',
      },
    ],
    tests: ['src/generations/admit.test.ts'],
    only: 'on disk',
  },
  {
    promise: 'D1',
    deed: 'never sync the WAL',
    edits: [{ file: 'src/db/wal-sync.ts', find: '      await sync(descriptor)\n', put: '' }],
    tests: ['src/db/wal-sync.test.ts'],
  },
  {
    promise: 'design §4',
    deed: 'convert pictures that nobody wanted converted',
    edits: [
      {
        file: 'src/generations/keep.ts',
        find: '  const { format } = request\n',
        put: "  const { format = 'webp' } = request\n",
      },
    ],
    tests: ['src/generations/generate.test.ts'],
    only: 'byte for byte',
    quick: true,
  },
]
