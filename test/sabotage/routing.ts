import type { Sabotage } from './sabotage.ts'

/** What must never happen to the choice of a provider, and to what is tried after a failure. */
export const ROUTING: readonly Sabotage[] = [
  {
    promise: 'routing',
    deed: 'ignore provider.only',
    edits: [
      {
        file: 'src/router/filters.ts',
        find: "(only.includes(provider) ? undefined : 'not in provider.only')",
        put: "(only.length < 0 ? 'not in provider.only' : undefined)",
      },
    ],
    tests: ['src/router/plan.test.ts'],
  },
  {
    promise: 'routing',
    deed: 'ignore max_price',
    edits: [
      {
        file: 'src/router/filters.ts',
        find: 'const dear = limits.find(',
        put: 'const dear = limits.slice(0, 0).find(',
      },
    ],
    tests: ['src/router/plan.test.ts'],
  },
  {
    promise: 'routing',
    deed: 'forget an outage',
    edits: [{ file: 'src/router/rank.ts', find: "now.state !== 'good' && !isNamed ? 1 : 0,", put: '0,' }],
    tests: ['src/router/plan.test.ts'],
  },
  {
    promise: 'routing',
    deed: 'make the order unstable',
    edits: [
      {
        file: 'src/router/rank.ts',
        find: '.toSorted((a, b) => compare(a.keys, b.keys))',
        put: '.toReversed().toSorted((a, b) => compare(a.keys, b.keys))',
      },
    ],
    tests: ['src/router/plan.test.ts'],
  },
  {
    promise: 'routing',
    deed: 'take "no training" for zero retention',
    edits: [
      {
        file: 'src/router/filters.ts',
        find: "(kept === 'not for training' && name === 'data_collection')",
        put: "kept === 'not for training'",
      },
    ],
    tests: ['src/router/plan.test.ts'],
  },
  {
    promise: 'routing',
    deed: 'keep routes that are not configured',
    edits: [
      { file: 'src/router/filters.ts', find: 'credentials > 0 ? undefined :', put: 'credentials >= 0 ? undefined :' },
    ],
    tests: ['src/router/plan.test.ts'],
  },
  {
    promise: 'design 5',
    deed: 'hold for the first road instead of the dearest',
    edits: [
      {
        file: 'src/generations/consider.ts',
        find: '(hold > most ? hold : most)',
        put: '(most === ZERO ? hold : most)',
      },
    ],
    tests: ['src/generations/consider.test.ts'],
  },
  {
    promise: 'routing',
    deed: 'use the first credential always',
    edits: [{ file: 'src/setup.ts', find: 'places[index]', put: 'places[0]' }],
    tests: ['src/setup.test.ts'],
  },
  {
    promise: 'M14',
    deed: 'try once more after an ambiguous failure',
    edits: [
      {
        file: 'src/router/policy.ts',
        find: 'export const MAX_AFTER_AMBIGUOUS = 1',
        put: 'export const MAX_AFTER_AMBIGUOUS = 2',
      },
    ],
    tests: ['src/router/failover.test.ts'],
  },
  {
    promise: 'M13',
    deed: 'try a fourth time',
    edits: [
      { file: 'src/router/policy.ts', find: 'export const MAX_ATTEMPTS = 3', put: 'export const MAX_ATTEMPTS = 4' },
    ],
    tests: ['src/router/failover.test.ts'],
  },
  {
    promise: 'M13',
    deed: 'ask somebody else after a refusal',
    edits: [
      {
        file: 'src/router/policy.ts',
        find: "refused: { same: 'never', other: 'if_wished'",
        put: "refused: { same: 'never', other: 'always'",
      },
    ],
    tests: ['src/router/failover.test.ts'],
  },
  {
    promise: 'M13',
    deed: 'come back before Retry-After',
    edits: [
      {
        file: 'src/router/policy.ts',
        find: '<= Math.min(WAIT_CAP_MS, spareMs) ? retryAfterMs : undefined',
        put: '<= Math.min(WAIT_CAP_MS, spareMs) ? 0 : undefined',
      },
    ],
    tests: ['src/router/failover.test.ts'],
  },
  {
    promise: 'L4',
    deed: 'call whoever said not to be called',
    edits: [{ file: 'src/router/health.ts', find: "if (limitedUntil > at) return 'limited'", put: '' }],
    tests: ['src/router/failover.test.ts'],
  },
  {
    promise: 'M14',
    deed: 'repeat without a budget',
    edits: [{ file: 'src/router/budgets.ts', find: 'if (left() === 0) {', put: 'if (left() < 0) {' }],
    tests: ['src/router/budgets.test.ts'],
  },
  {
    promise: 'M14',
    deed: 'repeat ambiguous calls without a budget',
    edits: [
      {
        file: 'src/router/budgets.ts',
        find: 'ambiguous(ambiguousAt).left === 0',
        put: 'ambiguous(ambiguousAt).left < 0',
      },
    ],
    tests: ['src/router/budgets.test.ts'],
  },
  {
    promise: 'L3',
    deed: 'send more than one probe',
    edits: [
      { file: 'src/router/health.ts', find: "return breaker.isProbing ? 'probing' : 'probe'", put: "return 'probe'" },
    ],
    tests: ['src/router/health.test.ts'],
  },
  {
    promise: 'L3',
    deed: 'open the breaker later',
    edits: [
      { file: 'src/router/health.ts', find: 'export const FAULTS_IN_ROW = 5', put: 'export const FAULTS_IN_ROW = 6' },
    ],
    tests: ['src/router/health.test.ts'],
  },
  {
    promise: 'L4',
    deed: 'count 4xx against a provider',
    edits: [
      {
        file: 'src/router/policy.ts',
        find: "return tells === 'fault' && is4xx ? 'neutral' : tells",
        put: 'return is4xx ? tells : tells',
      },
    ],
    tests: ['src/router/policy.test.ts'],
  },
  {
    promise: 'L5',
    deed: 'eject the last route',
    edits: [{ file: 'src/router/failover.ts', find: 'mayForce: true', put: 'mayForce: false' }],
    tests: ['src/router/failover.test.ts'],
  },
  {
    promise: 'L6',
    deed: 'let one provider take everything',
    edits: [
      { file: 'src/router/bulkhead.ts', find: 'if (bulkhead.inFlight >= bulkhead.most) return undefined', put: '' },
    ],
    tests: ['src/router/bulkhead.test.ts'],
  },
  {
    promise: 'L6',
    deed: 'keep a slot after a defect',
    edits: [
      { file: 'src/router/failover.ts', find: '      slot.release()\n      permit?.end()', put: '      permit?.end()' },
    ],
    tests: ['src/router/failover.test.ts'],
  },
  {
    promise: 'L1',
    deed: 'wait for a status line no longer than fast pictures take',
    edits: [{ file: 'src/router/health-book.ts', find: 'Math.max(HEADERS_FLOOR_MS, 3 * p99Ms)', put: '3 * p99Ms' }],
    tests: ['src/router/health-book.test.ts'],
  },
  {
    promise: 'M13',
    deed: 'try the same route again as another',
    edits: [
      {
        file: 'src/router/failover.ts',
        find: 'return !trail.some(({ route }) => isSameTarget(route, place.route))',
        put: 'return trail.length > 0',
      },
    ],
    tests: ['src/router/failover.test.ts'],
  },
]
