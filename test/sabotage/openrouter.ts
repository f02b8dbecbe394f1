import type { Sabotage } from './sabotage.ts'

/** Every field that is sent to OpenRouter has its effect, and every answer its meaning. */
export const OPENROUTER: readonly Sabotage[] = [
  {
    promise: 'field',
    deed: 'leave out n',
    edits: [{ file: 'src/providers/openrouter/request.ts', find: '      ...(n !== undefined && { n }),\n', put: '' }],
    tests: ['src/providers/openrouter/simulated.test.ts'],
  },
  {
    promise: 'field',
    deed: 'leave out the references',
    edits: [
      {
        file: 'src/providers/openrouter/request.ts',
        find: '      ...(references.value.length > 0 && { input_references: references.value }),\n',
        put: '',
      },
    ],
    tests: ['src/providers/openrouter/simulated.test.ts'],
  },
  {
    promise: 'field',
    deed: 'leave out the quality',
    edits: [
      {
        file: 'src/providers/openrouter/request.ts',
        find: '    ...(quality !== undefined && { quality }),\n',
        put: '',
      },
    ],
    tests: ['src/providers/openrouter/simulated.test.ts'],
  },
  {
    promise: 'field',
    deed: 'leave out the modalities',
    edits: [
      {
        file: 'src/providers/openrouter/request.ts',
        find: "      modalities: knobs.speaks && request.wantsText !== false ? ['image', 'text'] : ['image'],\n",
        put: '',
      },
    ],
    tests: ['src/providers/openrouter/simulated.test.ts'],
  },
  {
    promise: 'money',
    deed: 'round a reported cost down',
    edits: [
      {
        file: 'src/providers/openrouter/usage.ts',
        find: 'usd(dollars.toFixed(9))',
        put: 'usd(String(Math.floor(dollars * 1e9) / 1e9))',
      },
    ],
    tests: ['src/providers/openrouter/openrouter.test.ts'],
  },
  {
    promise: 'money',
    deed: 'not believe a reported cost',
    edits: [
      { file: 'src/providers/openrouter/usage.ts', find: "return cost > ZERO ? 'yes' : 'no'", put: 'return otherwise' },
    ],
    tests: ['src/providers/openrouter/openrouter.test.ts'],
  },
  {
    promise: 'refusal',
    deed: 'take a refusal for a bad credential',
    edits: [
      { file: 'src/providers/openrouter/errors.ts', find: 'return status === 403 && flagged', put: 'return false' },
    ],
    tests: ['src/providers/openrouter/openrouter.test.ts'],
  },
]
