import type { Sabotage } from './sabotage.ts'

/** What must never happen to the memory that pictures take. */
export const MEMORY: readonly Sabotage[] = [
  {
    promise: 'P2',
    deed: 'never move pictures out of memory',
    edits: [
      { file: 'src/core/picture-memory.ts', find: '    return this.#held >= this.#limit', put: '    return false' },
    ],
    tests: ['test/memory.test.ts'],
  },
  {
    promise: 'P1',
    deed: 'never let go of what was sent',
    edits: [{ file: 'src/core/json-blob.ts', find: '    this.hold?.release()\n', put: '' }],
    tests: ['src/http/send.test.ts'],
  },
  {
    promise: 'P1',
    deed: 'hold the whole answer',
    edits: [
      {
        file: 'src/core/held-slices.ts',
        find: '    const slices = this.#slices\n    this.replace([])',
        put: '    const slices = this.#slices',
      },
    ],
    tests: ['src/core/json-intake.test.ts'],
  },
  {
    promise: 'R5',
    deed: 'read an answer without end',
    edits: [
      {
        file: 'src/core/json-reader.ts',
        find: '    if (this.#bytes > maxBytes) {',
        put: '    if (this.#bytes > 8 * maxBytes) {',
      },
    ],
    tests: ['test/memory.test.ts'],
    only: 'never ends',
  },
  {
    promise: 'R5',
    deed: 'count what was refused',
    edits: [{ file: 'src/core/long-string.ts', find: '    this.#held.drop()\n', put: '' }],
    tests: ['src/core/json-intake.test.ts'],
  },
  {
    promise: 'P2',
    deed: 'leave spilled pictures behind after a crash',
    edits: [{ file: 'src/assets/spill.ts', find: '    await unlink(path)\n', put: '' }],
    tests: ['src/assets/spill.test.ts'],
  },
]
