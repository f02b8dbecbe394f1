import type { Sabotage } from './sabotage.ts'

/** What must never happen to an address that somebody else chose. */
export const OUTBOUND: readonly Sabotage[] = [
  {
    promise: 'S4',
    deed: 'leave a range open',
    edits: [{ file: 'src/outbound/address-rules.ts', find: "  '100.64.0.0/10',\n", put: '' }],
    tests: ['src/outbound/address-rules.test.ts'],
  },
  {
    promise: 'S4',
    deed: 'let 6to4 through',
    edits: [{ file: 'src/outbound/address-rules.ts', find: "'2002::/16', ", put: '' }],
    tests: ['src/outbound/address-rules.test.ts'],
  },
  {
    promise: 'S3',
    deed: 'look at the first DNS answer alone',
    edits: [
      {
        file: 'src/outbound/judge.ts',
        find: 'addresses.every(isAllowed)',
        put: 'addresses.slice(0, 1).every(isAllowed)',
      },
    ],
    tests: ['test/outbound/matrix.test.ts'],
  },
  {
    promise: 'S3',
    deed: 'connect to the name instead of the checked address',
    edits: [
      {
        file: 'src/outbound/connect.ts',
        find: 'connect(address, portOf(url), limit)',
        put: 'connect(url.hostname, portOf(url), limit)',
      },
    ],
    tests: ['test/outbound/matrix.test.ts'],
  },
  {
    promise: 'S3',
    deed: 'not look at the other end',
    edits: [
      {
        file: 'src/outbound/connect.ts',
        find: 'if (peer !== undefined && isSameAddress(peer, address))',
        put: 'if (peer !== undefined)',
      },
    ],
    tests: ['test/outbound/fetch.test.ts'],
  },
  {
    promise: 'S3',
    deed: 'follow a redirect unjudged',
    edits: [
      {
        file: 'src/outbound/follow.ts',
        find: '    text = location\n',
        put: '    text = location\n    origins.trusted.has = () => true\n',
      },
    ],
    tests: ['test/outbound/matrix.test.ts'],
  },
  {
    promise: 'S3',
    deed: 'go from https to http',
    edits: [
      {
        file: 'src/outbound/url-rules.ts',
        find: "from?.protocol === 'https:' && url.protocol === 'http:'",
        put: "from?.protocol === 'none:' && url.protocol === 'http:'",
      },
    ],
    tests: ['src/outbound/url-rules.test.ts'],
  },
  {
    promise: 'S3',
    deed: 'follow a fourth redirect',
    edits: [
      { file: 'src/outbound/follow.ts', find: 'redirects <= MOST_REDIRECTS', put: 'redirects <= MOST_REDIRECTS + 1' },
    ],
    tests: ['test/outbound/fetch.test.ts'],
  },
  {
    promise: 'S5',
    deed: 'let encoded content through',
    edits: [
      {
        file: 'src/outbound/fetched.ts',
        find: "!isPlain(headers['content-encoding'], 'identity')",
        put: "!isPlain(undefined, 'identity')",
      },
    ],
    tests: ['test/outbound/answers.test.ts'],
  },
  {
    promise: 'S5',
    deed: 'count no bytes',
    edits: [{ file: 'src/outbound/fetched.ts', find: '      bytes += chunk.length\n', put: '' }],
    tests: ['test/outbound/answers.test.ts'],
  },
  {
    promise: 'S5',
    deed: 'believe the label',
    edits: [{ file: 'src/outbound/reference.ts', find: 'labelled !== actual', put: 'labelled === undefined' }],
    tests: ['test/outbound/reference.test.ts'],
  },
  {
    promise: 'S5',
    deed: 'not count a workspace',
    edits: [{ file: 'src/outbound/quota.ts', find: 'held + fetches > perWorkspace', put: 'held > perWorkspace' }],
    tests: ['src/outbound/quota.test.ts'],
  },
  {
    promise: 'S2',
    deed: 'open any port',
    edits: [
      { file: 'src/outbound/url-rules.ts', find: 'portOf(url) === 80 || portOf(url) === 443', put: 'portOf(url) > 0' },
    ],
    tests: ['src/outbound/url-rules.test.ts'],
  },
  {
    promise: 'S2',
    deed: 'send credentials along',
    edits: [{ file: 'src/outbound/url-rules.ts', find: "url.username !== '' || url.password !== '' || ", put: '' }],
    tests: ['src/outbound/url-rules.test.ts'],
  },
  {
    promise: 'S6',
    deed: 'refuse at once what was not looked up',
    edits: [{ file: 'src/outbound/judge.ts', find: 'REFUSAL_MS - (elapsed % REFUSAL_MS)', put: '0 * elapsed' }],
    tests: ['test/outbound/fetch.test.ts'],
  },
  {
    promise: 'S7',
    deed: 'open metadata services by a range',
    edits: [
      {
        file: 'src/outbound/address-rules.ts',
        find: 'address === undefined || isClosedForAll(address)) return false\n  return isPublic',
        put: 'address === undefined) return false\n  return isPublic',
      },
    ],
    tests: ['src/outbound/address-rules.test.ts'],
  },
  {
    promise: 'S1',
    deed: 'open a socket beside the connector',
    edits: [
      {
        file: 'src/outbound/connect.ts',
        find: '  let trouble: unknown\n',
        put: "  let trouble: unknown\n  connectSocket({ host: '127.0.0.1', port: 9 }).on('error', () => {})\n",
      },
    ],
    tests: ['test/outbound/matrix.test.ts'],
  },
]
