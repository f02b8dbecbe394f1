/** One way to break a promise on purpose, and the tests that have to notice. */
export interface Sabotage {
  /** Number of the promise, `M1`, or what design.md promises. */
  readonly promise: string
  /** What the edits do to it, in words. */
  readonly deed: string
  readonly edits: readonly Edit[]
  /** Test files that must go red. */
  readonly tests: readonly string[]
  /** Only the tests with such names, where a file has slow ones. */
  readonly only?: string
  /** Cheap enough to be tried at every `npm test`. */
  readonly quick?: true
}

export interface Edit {
  readonly file: string
  /** Stands exactly once in the file. */
  readonly find: string
  readonly put: string
}

export const SABOTAGES: readonly Sabotage[] = [
  {
    promise: 'M1',
    deed: 'hold without looking at the balance',
    edits: [{ file: 'src/ledger/store.ts', find: "    .where('balance_nanos', '>=', amount)\n", put: '' }],
    tests: ['src/ledger/overspend.test.ts'],
    quick: true,
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
  },
  {
    promise: 'M3',
    deed: 'sweep without asking the ledger whether the hold was open',
    edits: [
      {
        file: 'src/generations/recover.ts',
        find: 'if (!(await ledger.void(trx, { generationId: generation.id, providerCost: ZERO, loss, at }))) return',
        put: 'await ledger.void(trx, { generationId: generation.id, providerCost: ZERO, loss, at })',
      },
    ],
    tests: ['src/generations/recover.test.ts'],
    only: 'two sweeps',
  },
  {
    promise: 'M3',
    deed: 'sweep generations whose process is alive',
    edits: [{ file: 'src/generations/store.ts', find: "    .where('lease_until', '<', now)\n", put: '' }],
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
        file: 'src/generations/attempt.ts',
        find: '  const deadline = new AbortController()\n',
        put: '  const deadline = new AbortController()\n  ;(globalThis.sabotaged ??= new Map()).set(admitted.id, deadline)\n',
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
        file: 'src/generations/reckon.ts',
        find: 'return chargeLines(admitted.price, {\n    calls: calls.map',
        put: 'return chargeLines({ ...admitted.price, entries: admitted.model.pricing.entries }, {\n    calls: calls.map',
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
        find: '    await parts.database.durable()\n    return ok(admitted)',
        put: '    return ok(admitted)',
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
  {
    promise: 'R2',
    deed: 'forget the deadline',
    edits: [
      {
        file: 'src/generations/attempt.ts',
        find: "    () => deadline.abort(new DOMException('the deadline has passed', 'TimeoutError')),",
        put: '    () => {},',
      },
    ],
    tests: ['test/engine.test.ts'],
    only: 'deadline',
  },
  {
    promise: 'R10',
    deed: 'start although nothing can be stored',
    edits: [
      {
        file: 'src/generations/references.ts',
        find: '  if (trouble !== undefined) {',
        put: '  if (trouble === null) {',
      },
    ],
    tests: ['src/generations/admit.test.ts'],
    only: 'disk that cannot',
  },
  {
    promise: 'R12',
    deed: 'do not sync the picture’s file',
    edits: [{ file: 'src/assets/local-directory.ts', find: '        await fdatasync(descriptor)\n', put: '' }],
    tests: ['src/assets/durable-order.test.ts'],
    quick: true,
  },
  {
    promise: 'R12',
    deed: 'do not sync the picture’s folder',
    edits: [{ file: 'src/assets/local-directory.ts', find: '      await syncFolder(folder)\n', put: '' }],
    tests: ['src/assets/durable-order.test.ts'],
  },
  {
    promise: 'R13',
    deed: 'cut off what is in flight when asked to stop',
    edits: [
      {
        file: 'src/http/stop.ts',
        find: '  closeUnused(app)\n\n',
        put: '  closeUnused(app)\n  app.server.closeAllConnections()\n\n',
      },
    ],
    tests: ['src/http/stop.test.ts'],
  },
  {
    promise: 'R13',
    deed: 'stop without waiting for work whose caller has left',
    edits: [
      {
        file: 'src/http/stop.ts',
        find: 'while (engine.inFlight().length > 0 &&',
        put: 'while (engine.inFlight().length > 9e9 &&',
      },
    ],
    tests: ['src/http/stop.test.ts'],
  },
  {
    promise: 'R14',
    deed: 'own a directory without locking it',
    edits: [{ file: 'src/db/owner.ts', find: "connection.exec('begin exclusive')", put: "connection.exec('begin')" }],
    tests: ['src/db/owner.test.ts'],
    quick: true,
  },
  {
    promise: 'P6',
    deed: 'wait ten times as long for headers',
    edits: [{ file: 'src/http/settings.ts', find: '  headersTimeoutMs: 15_000,', put: '  headersTimeoutMs: 150_000,' }],
    tests: ['src/http/settings.test.ts'],
    only: 'promised settings',
  },
  {
    promise: 'P7',
    deed: 'take documents of any depth',
    edits: [
      {
        file: 'src/core/json-syntax.ts',
        find: 'if (this.#open.length >= this.#limits.maxDepth) {',
        put: 'if (this.#open.length >= 9e9) {',
      },
    ],
    tests: ['src/core/json-syntax.test.ts'],
    only: 'every limit',
    quick: true,
  },
  {
    promise: 'X1',
    deed: 'write the key’s text down',
    edits: [
      {
        file: 'src/accounts/store.ts',
        find: '    name: key.name,\n    label: parsed.label,',
        put: '    name: key.name,\n    label: text,',
      },
    ],
    tests: ['src/accounts/store.test.ts'],
    only: 'holds its hash',
    quick: true,
  },
  {
    promise: 'X6',
    deed: 'let a route be registered without access',
    edits: [{ file: 'src/http/server.ts', find: 'if (access === undefined) throw', put: 'if (access === null) throw' }],
    tests: ['src/http/server.test.ts'],
    only: 'declares who may use it',
  },
  {
    promise: 'X6',
    deed: 'let everyone use everything',
    edits: [
      {
        file: 'src/http/auth.ts',
        find: "  if (access === 'none') return ok(undefined)\n",
        put: '  if (access) return ok(undefined)\n',
      },
    ],
    tests: ['src/http/auth.test.ts'],
    only: 'missing header',
  },
  {
    promise: 'X16',
    deed: 'take two Hosts for one',
    edits: [
      {
        file: 'src/http/strictness.ts',
        find: 'if (ONCE.has(name) && seen.has(name))',
        put: 'if (name === "" && seen.has(name))',
      },
    ],
    tests: ['src/http/strictness.test.ts'],
  },
  {
    promise: 'X17',
    deed: 'take __proto__ for a key',
    edits: [
      {
        file: 'src/core/json-syntax.ts',
        find: "new Set(['__proto__', 'constructor', 'prototype'])",
        put: 'new Set([])',
      },
    ],
    tests: ['src/core/json-syntax.test.ts'],
    only: 'with the key',
  },
  {
    promise: 'X17',
    deed: 'take the last of repeated keys',
    edits: [{ file: 'src/http/bodies.ts', find: "mode: 'request'", put: "mode: 'answer'" }],
    tests: ['src/http/server.test.ts', 'src/http/strictness.test.ts'],
  },
  {
    promise: 'X19',
    deed: 'look up whatever stands in the header',
    edits: [{ file: 'src/accounts/keys.ts', find: ' || sum !== checksum(prefix + secret)) return', put: ') return' }],
    tests: ['src/accounts/keys.test.ts', 'src/accounts/authenticate.test.ts'],
  },
  {
    promise: 'X20',
    deed: 'log the prompt',
    edits: [
      {
        file: 'src/http/logs.ts',
        find: '      request: request.id,\n      method: request.method,',
        put: '      request: request.id,\n      body: request.body,\n      method: request.method,',
      },
    ],
    tests: ['src/http/logs.test.ts'],
    quick: true,
  },
]
