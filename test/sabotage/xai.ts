import type { Sabotage } from './sabotage.ts'

/** Every field that is sent to xAI has its effect, every answer its meaning, and every trait its proof. */
export const XAI: readonly Sabotage[] = [
  {
    promise: 'field',
    deed: 'xai: leave out the tier',
    edits: [
      {
        file: 'src/providers/xai/request.ts',
        find: '      ...(resolution !== undefined && { resolution: RESOLUTIONS[resolution] ?? resolution }),\n',
        put: '',
      },
    ],
    tests: ['src/providers/xai/xai.test.ts'],
  },
  {
    promise: 'field',
    deed: 'xai: send references to the endpoint that ignores them and bills',
    edits: [
      {
        file: 'src/providers/xai/request.ts',
        find: "path: images.length > 0 ? '/images/edits' : '/images/generations',",
        put: "path: '/images/generations',",
      },
    ],
    tests: ['src/providers/xai/simulated.test.ts'],
  },
  {
    promise: 'field',
    deed: 'xai: drop the ratio of a single edit in silence',
    edits: [
      {
        file: 'src/providers/xai/request.ts',
        find: "    : err('aspect_ratio cannot be sent with a single reference: xAI keeps the ratio of that picture.')",
        put: '    : ok({})',
      },
    ],
    tests: ['src/providers/xai/xai.test.ts'],
  },
  {
    promise: 'money',
    deed: 'xai: take a tick for a nano-dollar',
    edits: [{ file: 'src/providers/xai/usage.ts', find: '(BigInt(ticks) + 9n) / 10n', put: 'BigInt(ticks)' }],
    tests: ['src/providers/xai/simulated.test.ts'],
  },
  {
    promise: 'money',
    deed: 'xai: believe that a picture which was made and withheld is free',
    edits: [
      {
        file: 'src/providers/xai/errors.ts',
        find: "kind: 'refused', billed: billedBy(usage, 'unknown') }",
        put: "kind: 'refused', billed: 'no' }",
      },
    ],
    tests: ['src/providers/xai/simulated.test.ts'],
  },
  {
    promise: 'money',
    deed: 'xai: deliver the placeholder of a withheld picture',
    edits: [{ file: 'src/providers/xai/answer.ts', find: ' || isClean === false', put: '' }],
    tests: ['src/providers/xai/xai.test.ts'],
  },
  {
    promise: 'failover',
    deed: 'xai: wait for the credit of an empty account to come back',
    edits: [
      {
        file: 'src/providers/xai/errors.ts',
        find: "  if (isAboutMoney(failed)) return { ...base, kind: 'unauthorized', billed: 'no' }\n",
        put: '',
      },
    ],
    tests: ['src/providers/xai/xai.test.ts'],
  },
  {
    promise: 'traits',
    deed: 'forget that an adapter has no mask',
    edits: [
      {
        file: 'src/providers/within-traits.ts',
        find: '  if (mask !== undefined && !traits.mask) return mask.field\n',
        put: '',
      },
    ],
    tests: ['src/providers/xai/xai.test.ts'],
  },
  {
    promise: 'traits',
    deed: 'xai: claim a seed that is never sent',
    edits: [{ file: 'src/providers/xai/entry.ts', find: 'seed: false', put: 'seed: true' }],
    tests: ['src/providers/xai/xai.test.ts'],
  },
  {
    promise: 'check',
    deed: 'make the free question a paid one',
    edits: [
      {
        file: 'src/providers/xai/check.ts',
        find: "    method: 'GET',\n",
        put: "    method: 'GET',\n    paid: true,\n",
      },
    ],
    tests: ['src/providers/xai/xai.test.ts'],
  },
  {
    promise: 'check',
    deed: 'take a key that has spent its limit for a good one',
    edits: [{ file: 'src/providers/openrouter/check.ts', find: 'if (left > 0)', put: 'if (left >= 0)' }],
    tests: ['src/providers/checks.test.ts'],
  },
  {
    promise: 'doctor',
    deed: 'ask a locked account for a second and a third picture',
    edits: [
      {
        file: 'src/cli/prove-providers.ts',
        find: "      if (code === 'provider_unconfigured' || typeof id !== 'string' || (await mayHaveCost(client, id))) return last\n",
        put: '      void code\n',
      },
    ],
    tests: ['src/cli/doctor-providers.test.ts'],
  },
  {
    promise: 'doctor',
    deed: 'end well whatever was found',
    edits: [{ file: 'src/cli/doctor-providers.ts', find: '  return isRight ? 0 : 1\n', put: '  return 0\n' }],
    tests: ['src/cli/doctor-providers.test.ts'],
  },
]
