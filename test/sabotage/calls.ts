import type { Sabotage } from './sabotage.ts'

/** What must never happen to a call that is paid for. */
export const CALLS: readonly Sabotage[] = [
  {
    promise: 'M3',
    deed: 'submit again instead of asking',
    edits: [
      {
        file: 'src/providers/fal/provider.ts',
        find: 'resume: (requestId, _, call) => finish(upstream, requestId, call),',
        put: 'resume(_, request, call) { return this.generate(request, call) },',
      },
    ],
    tests: ['src/providers/fal/fal.test.ts'],
  },
  {
    promise: 'M3',
    deed: 'ask after a job before its id is written down',
    edits: [
      {
        file: 'src/providers/fal/provider.ts',
        find: 'await call.submitted(submitted.value)',
        put: 'void call.submitted(submitted.value)',
      },
    ],
    tests: ['src/providers/fal/fal.test.ts'],
  },
  {
    promise: 'R6',
    deed: 'show the credential to a delivery host',
    edits: [
      {
        file: 'src/providers/download.ts',
        find: "headers: { accept: 'image/*', 'accept-encoding': 'identity' },",
        put: "headers: { accept: 'image/*', 'accept-encoding': 'identity', authorization: call.credential },",
      },
    ],
    tests: ['src/providers/download.test.ts'],
  },
  {
    promise: 'M3',
    deed: 'say that a call has left after it has',
    edits: [{ file: 'src/providers/exchange.ts', find: 'departing?.()', put: 'setTimeout(() => departing?.(), 50)' }],
    tests: ['src/providers/google/google.test.ts'],
  },
  {
    promise: 'M13',
    deed: 'take a lost delivery for free',
    edits: [{ file: 'src/providers/download.ts', find: "billed: 'yes',", put: "billed: 'no'," }],
    tests: ['src/providers/download.test.ts'],
  },
  {
    promise: 'S1',
    deed: 'trust every delivery host',
    edits: [{ file: 'src/providers/download.ts', find: '?.origin === origin)', put: "?.origin !== '')" }],
    tests: ['src/providers/download.test.ts'],
  },
  {
    promise: 'M13',
    deed: 'give up after one failed question',
    edits: [
      {
        file: 'src/providers/poll.ts',
        find: 'doubts >= BELIEVED_AFTER)) return err(poll.failure)',
        put: 'doubts >= 1)) return err(poll.failure)',
      },
    ],
    tests: ['src/providers/poll.test.ts'],
  },
  {
    promise: 'M12',
    deed: 'cancel a job that runs',
    edits: [
      {
        file: 'src/providers/fal/provider.ts',
        find: "if (!before.ok || before.value?.status !== 'IN_QUEUE') return 'too_late'",
        put: "if (!before.ok) return 'too_late'",
      },
    ],
    tests: ['src/providers/fal/fal.test.ts'],
  },
  {
    promise: 'M8',
    deed: 'replay without comparing what was asked',
    edits: [
      {
        file: 'src/generations/idempotency.ts',
        find: 'return found.fingerprint === idempotency.fingerprint ? ok(found.generation_id as GenerationId) : err(REUSED)',
        put: 'return ok(found.generation_id as GenerationId)',
      },
    ],
    tests: ['src/generations/idempotency.test.ts'],
  },
  {
    promise: 'X7',
    deed: 'share idempotency keys among workspaces',
    edits: [
      { file: 'src/generations/idempotency.ts', find: "        .where('workspace_id', '=', workspaceId)\n", put: '' },
    ],
    tests: ['src/generations/idempotency.test.ts'],
  },
  {
    promise: 'M8',
    deed: 'keep a 402 under its key',
    edits: [
      {
        file: 'src/generations/idempotency.ts',
        find: 'new Set([400, 401, 402, 403, 413, 429])',
        put: 'new Set<number>()',
      },
    ],
    tests: ['src/generations/idempotency.test.ts'],
  },
  {
    promise: 'M8',
    deed: 'forget a key before its day is over',
    edits: [
      {
        file: 'src/generations/idempotency.ts',
        find: 'found.expires_at <= (await database.now())',
        put: 'found.expires_at < 0',
      },
    ],
    tests: ['src/generations/idempotency.test.ts'],
  },
  {
    promise: 'M8',
    deed: 'leave pictures out of the fingerprint',
    edits: [{ file: 'src/core/canonical.ts', find: 'return canonicalBlob(value)', put: 'return null' }],
    tests: ['src/http/idempotency.test.ts'],
  },
  {
    promise: 'X8',
    deed: 'leave the seed out of the request key',
    edits: [
      { file: 'src/cache/request-key.ts', find: 'plain(parameters)', put: 'plain({ ...parameters, seed: undefined })' },
    ],
    tests: ['src/cache/request-key.test.ts'],
  },
  {
    promise: 'X8',
    deed: 'leave pictures out of the request key',
    edits: [
      { file: 'src/cache/request-key.ts', find: 'return { sha256: facts.sha256, ...more }', put: 'return { ...more }' },
    ],
    tests: ['src/cache/request-key.test.ts'],
  },
  {
    promise: 'X8',
    deed: 'leave the workspace out of the request key',
    edits: [{ file: 'src/cache/request-key.ts', find: '    workspaceId,\n    mode,\n', put: '    mode,\n' }],
    tests: ['src/cache/request-key.test.ts'],
  },
  {
    promise: 'M7',
    deed: 'buy for every call with the same key',
    edits: [
      { file: 'src/generations/idempotency.ts', find: 'return claimed !== undefined', put: 'return claimed !== null' },
    ],
    tests: ['src/generations/idempotency.test.ts'],
  },
  {
    promise: 'section 3',
    deed: 'send what has failed three times',
    edits: [{ file: 'src/generations/repeated-failures.ts', find: '>= MOST,', put: '> MOST,' }],
    tests: ['src/generations/repeated-failures.test.ts'],
  },
  {
    promise: 'section 1',
    deed: 'deliver half a picture without a word',
    edits: [{ file: 'src/catalog/differences.ts', find: 'share < least ', put: 'share < 0 ' }],
    tests: ['src/catalog/differences.test.ts'],
  },
  {
    promise: 'section 1',
    deed: 'charge whole what came in part',
    edits: [
      {
        file: 'src/generations/reckon.ts',
        find: 'rules.isProRata ? proRata(charge, meanShare(good)) : charge',
        put: 'charge',
      },
    ],
    tests: ['src/generations/pro-rata.test.ts'],
  },
  {
    promise: 'M12',
    deed: 'charge what was cancelled for free',
    edits: [
      {
        file: 'src/generations/undertaking.ts',
        find: 'return entry.takenBack && !outcome.ok ? err(TAKEN_BACK) : outcome',
        put: 'return outcome',
      },
    ],
    tests: ['src/generations/cancel.test.ts'],
  },
  {
    promise: 'M3',
    deed: 'not look for pictures that had arrived',
    edits: [
      {
        file: 'src/generations/recover.ts',
        find: 'return now((await adopt(row, road, images, agreed)) ?? err(LOST))',
        put: 'return now(err(LOST))',
      },
    ],
    tests: ['src/generations/recover.test.ts'],
  },
  {
    promise: 'A9',
    deed: 'book a loss for calls that never left',
    edits: [
      {
        file: 'src/generations/recover.ts',
        find: 'if (parts.departures.hasStayed(row.id, generation.owner)) return now(err(STAYED))',
        put: '',
      },
    ],
    tests: ['src/generations/recover.test.ts'],
  },
  {
    promise: 'M3',
    deed: 'take what another node has taken',
    edits: [
      {
        file: 'src/generations/recover.ts',
        find: 'if (!(await takeOver(database.db, row.id, taken))) continue',
        put: 'await takeOver(database.db, row.id, taken)',
      },
    ],
    tests: ['src/generations/recover.test.ts'],
  },
]
