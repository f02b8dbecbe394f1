import type { Sabotage } from './sabotage.ts'

/** What must never happen to an answer that went wrong on its way. */
export const FAULTS: readonly Sabotage[] = [
  {
    promise: 'M4',
    deed: 'end with the first connection that breaks',
    edits: [{ file: 'src/db/postgres.ts', find: "  pool.on('error', () => undefined)\n", put: '' }],
    tests: ['src/db/database.test.ts'],
    only: 'M4: connections',
    needsPostgres: true,
  },
  {
    promise: 'R7',
    deed: 'take a database that is away for a defect',
    edits: [
      { file: 'src/http/failures.ts', find: 'if (error instanceof DatabaseAway)', put: 'if (error instanceof Date)' },
    ],
    tests: ['src/http/server.test.ts'],
    only: 'a lost database',
  },
  {
    promise: 'R7',
    deed: 'call every key wrong while the database is away',
    edits: [
      {
        file: 'src/http/auth.ts',
        find: 'await authenticate(keyText)',
        put: "await authenticate(keyText).catch(() => err(fail('invalid_api_key', 'User not found.')))",
      },
    ],
    tests: ['src/http/server.test.ts'],
    only: 'a lost key store',
  },
  {
    promise: 'M6',
    deed: 'leave a moment out',
    edits: [{ file: 'src/assets/local-directory.ts', find: "failpoint('after asset rename')", put: '' }],
    tests: ['test/crash.test.ts'],
    only: 'every named moment',
  },
  {
    promise: 'M13',
    deed: 'book nothing for a call that may have cost',
    edits: [
      { file: 'src/generations/reckon.ts', find: '  return listPrice(agreed, row, road)\n', put: '  return ZERO\n' },
    ],
    tests: ['test/faults.test.ts'],
    only: '500 with',
  },
  {
    promise: 'M13',
    deed: 'take a lost connection for free',
    edits: [
      {
        file: 'src/providers/failure.ts',
        find: "    billed: 'unknown',\n    message: `The connection ended without an answer",
        put: "    billed: 'no',\n    message: `The connection ended without an answer",
      },
    ],
    tests: ['test/faults.test.ts'],
    only: 'Reset or end of stream',
  },
  {
    promise: 'M12',
    deed: 'forget a picture within a day',
    edits: [{ file: 'src/assets/retention.ts', find: "'<=', now - DAY_MS)", put: "'<=', now)" }],
    tests: ['test/faults.test.ts'],
    only: 'finds his picture for a day',
  },
  {
    promise: 'R1',
    deed: 'go on asking who is down',
    edits: [
      { file: 'src/router/rank.ts', find: "        now.state !== 'good' && !isNamed ? 1 : 0,", put: '        0,' },
    ],
    tests: ['test/faults.test.ts'],
    only: 'down by 500',
  },
  {
    promise: 'R3',
    deed: 'wait longer for a drip',
    edits: [{ file: 'src/providers/http.ts', find: '  paceMs: 20_000,', put: '  paceMs: 28_000,' }],
    tests: ['test/faults-slow.test.ts'],
    only: 'R3.*sqlite',
  },
  {
    promise: 'R4',
    deed: 'take a truncated picture',
    edits: [
      {
        file: 'src/assets/usable.ts',
        find: "  if (probed.fault !== undefined) return refuse('truncated',",
        put: "  if (probed.fault === '') return refuse('truncated',",
      },
    ],
    tests: ['test/faults.test.ts'],
    only: 'R4',
  },
  {
    promise: 'R4',
    deed: 'not say which provider failed',
    edits: [
      { file: 'src/surfaces/openrouter/failure.ts', find: '        provider_name: upstream.provider,\n', put: '' },
    ],
    tests: ['test/faults.test.ts'],
    only: 'R4',
  },
  {
    promise: 'R5',
    deed: 'take an answer of any size',
    edits: [
      {
        file: 'src/providers/http.ts',
        find: '  answerBytes: 64 * 1024 * 1024,',
        put: '  answerBytes: 128 * 1024 * 1024,',
      },
    ],
    tests: ['test/faults.test.ts'],
    only: 'R5',
  },
  {
    promise: 'R10',
    deed: 'call although the disk is full',
    edits: [
      {
        file: 'src/generations/references.ts',
        find: '  if (trouble !== undefined) {',
        put: '  if (trouble === null) {',
      },
    ],
    tests: ['test/faults.test.ts'],
    only: 'almost full',
  },
  {
    promise: 'R19',
    deed: 'not say who failed',
    edits: [{ file: 'src/http/failures.ts', find: "    'x-error-by': by,\n", put: '' }],
    tests: ['test/faults.test.ts'],
    only: 'R19',
  },
  {
    promise: 'M1',
    deed: 'hold without looking, whoever comes first',
    edits: [{ file: 'src/ledger/store.ts', find: "    .where('balance_nanos', '>=', amount)\n", put: '' }],
    tests: ['test/simulate.test.ts'],
    only: 'M1.*sqlite',
  },
  {
    promise: 'M2',
    deed: 'charge one share of several',
    edits: [
      {
        file: 'src/generations/reckon.ts',
        find: 'const good = shares.flatMap(',
        put: 'const good = shares.slice(0, 1).flatMap(',
      },
    ],
    tests: ['test/simulate.test.ts'],
    only: 'M2.*sqlite',
  },
  {
    promise: 'M2',
    deed: 'hold a little more than was quoted',
    edits: [
      {
        file: 'src/generations/admit.ts',
        find: 'amount: agreed.hold,',
        put: 'amount: (agreed.hold + 1n) as typeof agreed.hold,',
      },
    ],
    tests: ['test/simulate.test.ts'],
    only: 'M2.*sqlite',
  },
]
