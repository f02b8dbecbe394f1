import type { Sabotage } from './sabotage.ts'

/** Faults of provider, disk and process, and what comes in from outside. */
export const EDGES: readonly Sabotage[] = [
  {
    promise: 'R2',
    deed: 'forget the deadline',
    edits: [
      {
        file: 'src/generations/undertaking.ts',
        find: "    () => controller.abort(new DOMException('the deadline has passed', 'TimeoutError')),",
        put: '    () => {},',
      },
      // The wait for the status line is bounded by the deadline as well.
      {
        file: 'src/providers/http.ts',
        find: 'headersMs: Math.min(paid ? (call.headersMs ?? Infinity) : limits.askMs, untilDeadlineMs),',
        put: 'headersMs: 300_000,',
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
  },
  {
    promise: 'R12',
    deed: 'do not sync the picture’s folder',
    edits: [{ file: 'src/assets/local-directory.ts', find: '      await syncFolder(folder)\n', put: '' }],
    tests: ['src/assets/durable-order.test.ts'],
    quick: true,
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
