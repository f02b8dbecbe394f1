import { z } from 'zod'

import type { Balance, CreditGrant } from '../../core/ask.ts'
import { formatUsd, usd } from '../../core/money.ts'
import { ok } from '../../core/result.ts'
import type { AskInput, AskRoute } from '../../core/surface.ts'
import { flag, oneOf, shortText } from '../fields.ts'

const AMOUNT_ERROR = 'must be US dollars as decimal text above 0 with at most nine decimals, such as "25" or "0.5"'
/** At most 9,999,999 dollars at once: far inside what a balance can hold. */
const AMOUNT = /^(?=.*[1-9])\d{1,7}(?:\.\d{1,9})?$/

const GrantBody = z
  .object(
    {
      amount_usd: z.string({ error: AMOUNT_ERROR }).regex(AMOUNT, { error: AMOUNT_ERROR }).describe('`25`, `0.5`'),
      mode: oneOf(['live', 'test']).nullish().describe('Which balance of the workspace. Default live.'),
      prepaid: flag().nullish().describe('Pay live traffic from this balance from now on.'),
      idempotency_key: shortText(200).describe('The same text adds the money once.'),
    },
    { error: 'must be a JSON object' },
  )
  .describe('Credits to be added.')

/** Money, and what only the operator may do. */
export const operatorRoutes: readonly AskRoute[] = [
  {
    kind: 'ask',
    id: 'getBalance',
    method: 'GET',
    path: '/api/v1/balance',
    summary: 'What may be spent and what is set aside, in the mode of the key; both modes for an admin key',
    access: 'any',
    parse: () => ok({ ask: 'balance' }),
    present: (balances) => ({ data: balances.map(presentBalance) }),
  } satisfies AskRoute<'balance'>,
  {
    kind: 'ask',
    id: 'addCredits',
    method: 'POST',
    path: '/api/v1/credits',
    summary: 'Add credits to the workspace',
    access: 'admin',
    body: GrantBody,
    parse: ({ body }: AskInput & { body: z.output<typeof GrantBody> }) =>
      ok({ ask: 'credits.add', grant: toGrant(body) }),
    present: presentBalance,
  } satisfies AskRoute<'credits.add'>,
  {
    kind: 'ask',
    id: 'audit',
    method: 'GET',
    path: '/api/v1/audit',
    summary: 'Whether every sum of the ledger is right, and every charged picture is there',
    access: 'admin',
    parse: () => ok({ ask: 'audit' }),
    present: (findings) => ({ ok: findings.length === 0, findings: findings.map((finding) => ({ ...finding })) }),
  } satisfies AskRoute<'audit'>,
]

function presentBalance({ mode, available, held, liveMode }: Balance) {
  return { mode, available_usd: formatUsd(available), held_usd: formatUsd(held), live_mode: liveMode }
}

function toGrant({ amount_usd, mode, prepaid, idempotency_key }: z.output<typeof GrantBody>): CreditGrant {
  return {
    amount: usd(amount_usd),
    mode: mode ?? 'live',
    prepaid: prepaid ?? false,
    idempotencyKey: idempotency_key,
  }
}
