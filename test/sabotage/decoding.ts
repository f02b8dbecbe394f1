import type { Sabotage } from './sabotage.ts'

/** What must never happen where foreign pixels are decoded. */
export const DECODING: readonly Sabotage[] = [
  {
    promise: 'P8',
    deed: 'inherit the environment',
    edits: [
      { file: 'src/assets/decoding/decoding-process.ts', find: "{ env: ENVIRONMENT, cwd: '/',", put: "{ cwd: '/'," },
    ],
    tests: ['src/assets/decoding/decoder.test.ts'],
    only: 'knows nothing',
  },
  {
    promise: 'P8',
    deed: 'let a picture take any memory',
    edits: [
      {
        file: 'src/assets/decoding/decoding-process.ts',
        find: '      if (this.#rssBytes() > maxRssBytes)',
        put: '      if (maxRssBytes < 0)',
      },
    ],
    tests: ['src/assets/decoding/decoder.test.ts'],
    only: 'too much memory',
  },
  {
    promise: 'P8',
    deed: 'open the loader for SVG',
    edits: [
      {
        file: 'src/assets/decoding/recode.ts',
        find: "'VipsForeignLoadWebpBuffer']",
        put: "'VipsForeignLoadWebpBuffer', 'VipsForeignLoadSvgBuffer']",
      },
    ],
    tests: ['src/assets/decoding/bombs.test.ts'],
    only: 'slips past',
  },
  {
    promise: 'P8',
    deed: 'keep inherited descriptors',
    edits: [{ file: 'src/assets/decoding/decode.ts', find: '\ncloseInherited()\n', put: '\n' }],
    tests: ['src/assets/decoding/decoder.test.ts'],
    only: 'inherited',
  },
  {
    promise: 'P8',
    deed: 'outlive the gateway',
    edits: [
      {
        file: 'src/assets/decoding/decode.ts',
        find: "process.stdin.on('end', end)\n",
        put: 'setInterval(() => {}, 1000)\n',
      },
    ],
    tests: ['src/assets/decoding/decoder.test.ts'],
    only: 'inherited',
  },
  {
    promise: 'P8',
    deed: 'use no namespaces',
    edits: [{ file: 'src/assets/decoding/isolation.ts', find: '? [...UNSHARE, ...node] : node', put: '? node : node' }],
    tests: ['src/assets/decoding/decoder.test.ts'],
    only: 'where the system grants',
  },
  {
    promise: 'P8',
    deed: 'decode everything at once',
    edits: [
      {
        file: 'src/assets/decoding/decoder.ts',
        find: 'if (this.#running < this.#limits.atOnce)',
        put: 'if (this.#running < 99)',
      },
    ],
    tests: ['src/assets/decoding/decoder.test.ts'],
    only: 'two pictures',
  },
  {
    promise: 'P8',
    deed: 'believe any length that the process names',
    edits: [
      {
        file: 'src/assets/decoding/decoding-process.ts',
        find: 'byteLength <= most ? byteLength : undefined',
        put: 'byteLength <= most ? byteLength : byteLength',
      },
    ],
    tests: ['src/assets/decoding/decoder.test.ts'],
    only: 'believed',
  },
  {
    promise: 'P8',
    deed: 'count no scans',
    edits: [{ file: 'src/assets/decoding/traps.ts', find: '    if (marker === 0xda) scans++\n', put: '' }],
    tests: ['src/assets/decoding/bombs.test.ts'],
    only: 'scans',
  },
  {
    promise: 'P8',
    deed: 'allow a page behind a PNG',
    edits: [{ file: 'src/assets/decoding/traps.ts', find: 'if (MARKUP.test(', put: 'if (/^$a/.test(' }],
    tests: ['src/assets/decoding/bombs.test.ts'],
    only: 'page',
  },
  {
    promise: 'P8',
    deed: 'pass metadata on',
    edits: [
      {
        file: 'src/assets/decoding/recode.ts',
        find: 'sharp(bytes, options).autoOrient()',
        put: 'sharp(bytes, options).autoOrient().keepMetadata()',
      },
    ],
    tests: ['src/assets/clean.test.ts'],
    only: 'orientation',
  },
]
