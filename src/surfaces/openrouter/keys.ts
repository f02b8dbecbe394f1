import { z } from 'zod'

import type { KeyChange, NewKey } from '../../core/ask.ts'
import { usd, usdNumber, type Nanos } from '../../core/money.ts'
import { ok } from '../../core/result.ts'
import type { AskInput, AskRoute } from '../../core/surface.ts'
import { flag, flagText, oneOf, said, shortText, wholeNumberText } from '../fields.ts'
import { presentKey, presentOwnKey } from './key-facts.ts'

const TIME_ERROR = 'must be a full ISO 8601 time with seconds and zone, such as 2027-12-31T23:59:59Z'
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/
const LIMIT_ERROR = 'must be US dollars from 0 to 1000000000, or null for none'

const limitField = z
  .number({ error: LIMIT_ERROR })
  .min(0, { error: LIMIT_ERROR })
  .max(1_000_000_000, { error: LIMIT_ERROR })
  .describe('Most that this key may spend, in US dollars.')
const limitResetField = oneOf(['daily', 'weekly', 'monthly']).describe('When the limit starts over, at 00:00 UTC.')

const NewKeyBody = z
  .object(
    {
      name: shortText(200).describe('A name to tell keys apart by.'),
      mode: oneOf(['live', 'test', 'admin'])
        .nullish()
        .describe(
          'Extension: a test key is served by the sandbox; admin only for the local command line. Default live.',
        ),
      limit: limitField.nullish(),
      limit_reset: limitResetField.nullish(),
      expires_at: z
        .string({ error: TIME_ERROR })
        .regex(TIME, { error: TIME_ERROR })
        .refine((text) => !Number.isNaN(Date.parse(text)), { error: TIME_ERROR })
        .nullish(),
      workspace_id: shortText(200).nullish(),
    },
    { error: 'must be a JSON object' },
  )
  .describe('A key to be made.')

const KeyChangeBody = z
  .object(
    {
      name: shortText(200).optional(),
      disabled: flag().optional(),
      limit: limitField.nullable().optional(),
      limit_reset: limitResetField.nullable().optional(),
    },
    { error: 'must be a JSON object' },
  )
  .describe('What to change; absent leaves a field as it is, null clears it.')

/** OpenRouter lists at most a hundred keys per call. */
const PAGE = 100

const KeysQuery = z.object({
  include_disabled: flagText().optional(),
  offset: wholeNumberText(0, 1_000_000).optional(),
  limit: wholeNumberText(1, PAGE).optional(),
  workspace_id: shortText(200).optional(),
})

const ownKey = {
  kind: 'ask',
  method: 'GET',
  summary: "The caller's own key: limits and spending",
  access: 'any',
  parse: () => ok({ ask: 'key' } as const),
  present: presentOwnKey,
} as const

export const keyRoutes: readonly AskRoute[] = [
  { ...ownKey, id: 'getCurrentKey', path: '/api/v1/key' } satisfies AskRoute<'key'>,
  // The old name, which many clients still call.
  { ...ownKey, id: 'getCurrentKeyAlias', path: '/api/v1/auth/key' } satisfies AskRoute<'key'>,
  {
    kind: 'ask',
    id: 'listKeys',
    method: 'GET',
    path: '/api/v1/keys',
    summary: 'API keys of the workspace',
    access: 'admin',
    query: KeysQuery,
    parse: ({ query }: AskInput & { query: z.output<typeof KeysQuery> }) =>
      ok({
        ask: 'keys.list',
        includeDisabled: query.include_disabled ?? false,
        offset: query.offset ?? 0,
        limit: query.limit ?? PAGE,
        ...(query.workspace_id !== undefined && { workspaceId: query.workspace_id }),
      }),
    present: (keys) => ({ data: keys.map(presentKey) }),
  } satisfies AskRoute<'keys.list'>,
  {
    kind: 'ask',
    id: 'createKey',
    method: 'POST',
    path: '/api/v1/keys',
    summary: 'Make an API key; its text is shown this once',
    access: 'admin',
    body: NewKeyBody,
    status: 201,
    parse: ({ body }: AskInput & { body: z.output<typeof NewKeyBody> }) =>
      ok({ ask: 'keys.create', key: toNewKey(body) }),
    present: ({ facts, key }) => ({ data: presentKey(facts), key }),
  } satisfies AskRoute<'keys.create'>,
  {
    kind: 'ask',
    id: 'getKey',
    method: 'GET',
    path: '/api/v1/keys/:hash',
    summary: 'One API key by its hash',
    access: 'admin',
    parse: ({ params }) => ok({ ask: 'keys.get', hash: params['hash'] ?? '' }),
    present: (facts) => ({ data: presentKey(facts) }),
  } satisfies AskRoute<'keys.get'>,
  {
    kind: 'ask',
    id: 'updateKey',
    method: 'PATCH',
    path: '/api/v1/keys/:hash',
    summary: 'Change an API key',
    access: 'admin',
    body: KeyChangeBody,
    parse: ({ params, body }: AskInput & { body: z.output<typeof KeyChangeBody> }) =>
      ok({ ask: 'keys.update', hash: params['hash'] ?? '', change: toChange(body) }),
    present: (facts) => ({ data: presentKey(facts) }),
  } satisfies AskRoute<'keys.update'>,
  {
    kind: 'ask',
    id: 'deleteKey',
    method: 'DELETE',
    path: '/api/v1/keys/:hash',
    summary: 'Delete an API key',
    access: 'admin',
    parse: ({ params }) => ok({ ask: 'keys.delete', hash: params['hash'] ?? '' }),
    present: () => ({ deleted: true }),
  } satisfies AskRoute<'keys.delete'>,
  {
    kind: 'ask',
    id: 'getCredits',
    method: 'GET',
    path: '/api/v1/credits',
    summary: 'Credits bought and used',
    access: 'admin',
    parse: () => ok({ ask: 'credits' }),
    present: ({ totalCredits, totalUsage }) => ({
      data: { total_credits: usdNumber(totalCredits), total_usage: usdNumber(totalUsage) },
    }),
  } satisfies AskRoute<'credits'>,
]

function toNewKey({ name, mode, limit, limit_reset, expires_at, workspace_id }: z.output<typeof NewKeyBody>): NewKey {
  return {
    name,
    ...said({
      mode,
      limit: toNanos(limit),
      limitReset: limit_reset,
      expiresAt: expires_at === null || expires_at === undefined ? undefined : Date.parse(expires_at),
      workspaceId: workspace_id,
    }),
  }
}

/** Here, unlike elsewhere, `null` is a word of its own. */
function toChange({ name, disabled, limit, limit_reset }: z.output<typeof KeyChangeBody>): KeyChange {
  return {
    ...said({ name, disabled }),
    ...(limit !== undefined && { limit: toNanos(limit) }),
    ...(limit_reset !== undefined && { limitReset: limit_reset }),
  }
}

/** JSON has only binary numbers for money; nine decimals give back what was written. */
function toNanos<Nothing extends null | undefined>(dollars: number | Nothing): Nanos | Nothing {
  return typeof dollars === 'number' ? usd(dollars.toFixed(9)) : dollars
}
