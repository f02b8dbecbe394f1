import { type Command, Option } from 'commander'
import { z } from 'zod'

import { randomText } from '../core/ids.ts'
import { formatUsd, type Nanos, subtract, usd } from '../core/money.ts'
import type { Client } from './client.ts'
import { CommandFailure, wrongUsage } from './failure.ts'
import type { CommonOptions, Perform, Session } from './session.ts'
import { table } from './table.ts'

/** What the test balance is filled up to, as at the first start. */
const TEST_BALANCE = usd('100')

interface AddOptions extends CommonOptions {
  readonly mode: 'live' | 'test'
  readonly prepaid?: boolean
}

export function addCredits(program: Command, perform: Perform): void {
  const credits = program
    .command('credits')
    .description('What may be spent and what is set aside')
    .option('--json', 'one JSON document on standard output')
    .addHelpText(
      'after',
      `
Examples:
  plantain credits
  plantain credits add 25 --prepaid
  plantain credits refill --test

Live traffic is metered (paid by the operator's own provider accounts) until credits are added with --prepaid.`,
    )
    .action((options: CommonOptions) => perform(options, showBalances))
  credits
    .command('add')
    .argument('<usd>', 'US dollars, such as 25 or 0.5')
    .description('Add to a balance')
    .option('--prepaid', 'from now on live traffic is paid from the live balance')
    .addOption(new Option('--mode <mode>', 'which balance').choices(['live', 'test']).default('live'))
    .option('--json', 'one JSON document on standard output')
    .addHelpText('after', '\nExamples:\n  plantain credits add 25 --prepaid\n  plantain credits add 1000 --mode test')
    .action((amount: string, _own: AddOptions, command: Command) => {
      const options = command.optsWithGlobals<AddOptions>()
      return perform(options, (session) => addToBalance(session, amount, options))
    })
  credits
    .command('refill')
    .description(`Fill the test balance up to ${formatUsd(TEST_BALANCE)} USD`)
    .requiredOption('--test', 'the test balance, the only one that costs nothing')
    .option('--json', 'one JSON document on standard output')
    .addHelpText('after', '\nExample:\n  plantain credits refill --test')
    .action((_own: CommonOptions, command: Command) => perform(command.optsWithGlobals<CommonOptions>(), refill))
}

const Balance = z.object({
  mode: z.enum(['live', 'test']),
  available_usd: z.string(),
  held_usd: z.string(),
  live_mode: z.enum(['metered', 'prepaid']),
})
type Balance = z.output<typeof Balance>

async function showBalances(session: Session): Promise<void> {
  const { value, raw } = await readBalances(await session.client('admin'))
  session.report(raw, balanceLines(value.data))
}

async function addToBalance(session: Session, amount: string, { mode, prepaid }: AddOptions): Promise<void> {
  if (!/^\d{1,7}(\.\d{1,9})?$/.test(amount) || usd(amount) === 0n)
    throw wrongUsage(`Credits are US dollars above 0 with at most nine decimals, such as 25 or 0.5, not ${amount}.`)
  const answer = await grant(await session.client('admin'), { amount_usd: amount, mode, prepaid: prepaid ?? false })
  session.report(answer.raw, balanceLines([answer.value]))
}

async function refill(session: Session): Promise<void> {
  const client = await session.client('admin')
  const { value } = await readBalances(client)
  const test = value.data.find(({ mode }) => mode === 'test')
  if (test === undefined) throw new CommandFailure(1, 'This key cannot see the test balance; an admin key can.')
  const missing: Nanos = subtract(TEST_BALANCE, usd(test.available_usd))
  if (missing <= 0n) return session.report(test, balanceLines([test]))
  const answer = await grant(client, { amount_usd: formatUsd(missing), mode: 'test' })
  session.report(answer.raw, balanceLines([answer.value]))
}

function readBalances(client: Client) {
  return client.get('/api/v1/balance', z.object({ data: z.array(Balance) }))
}

/** Said once, added once: a person who repeats the command means to add again. */
function grant(
  client: Client,
  body: { readonly amount_usd: string; readonly mode: string; readonly prepaid?: boolean },
) {
  return client.send('POST', '/api/v1/credits', { ...body, idempotency_key: `cli-${randomText(20)}` }, Balance)
}

function balanceLines(balances: readonly Balance[]): readonly string[] {
  const rows = balances.map(({ mode, available_usd: available, held_usd: held, live_mode: liveMode }) => [
    mode,
    mode === 'live' && liveMode === 'metered' ? `${available} (metered: not limited by it)` : available,
    held,
  ])
  return table([['BALANCE', 'USD AVAILABLE', 'USD HELD'], ...rows])
}
