import type { Command } from 'commander'
import { z } from 'zod'

import type { CommonOptions, Perform, Session } from './session.ts'
import { table } from './table.ts'

export function addModels(program: Command, perform: Perform): void {
  program
    .command('models')
    .argument('[filter]', 'only models with this in their id, name or aliases')
    .description('Models, what a picture costs, and whether they are served here')
    .option('--json', 'one JSON document on standard output')
    .addHelpText(
      'after',
      `
Examples:
  plantain models
  plantain models nano
  plantain models flux --json

"configured" is served with real money, "simulated" by the sandbox for test keys; "needs" names the credential to set.`,
    )
    .action((filter: string | undefined, options: CommonOptions) =>
      perform(options, (session) => listModels(session, filter ?? '')),
    )
}

const Offers = z.object({
  data: z.array(
    z.looseObject({
      id: z.string(),
      name: z.string(),
      aliases: z.array(z.string()),
      edits: z.boolean(),
      picture_usd: z.string().nullable(),
      live: z.boolean(),
      test: z.boolean(),
      needs: z.array(z.string()),
    }),
  ),
})
type Offer = z.output<typeof Offers>['data'][number]

async function listModels(session: Session, filter: string): Promise<void> {
  const client = await session.client('admin')
  const { value } = await client.get('/api/v1/offers', Offers)
  const wanted = filter.toLowerCase()
  const models = value.data.filter(({ id, name, aliases }) =>
    [id, name, ...aliases].some((text) => text.toLowerCase().includes(wanted)),
  )
  const rows = models.map((offer) => [
    offer.id,
    offer.name,
    priceText(offer),
    offer.edits ? 'yes' : 'no',
    servedText(offer),
  ])
  const heading = ['MODEL', 'NAME', 'USD A PICTURE', 'EDITS', 'SERVED']
  session.report(
    { data: models },
    rows.length > 0 ? table([heading, ...rows]) : [`No model has ${filter} in its name.`],
  )
}

function priceText({ picture_usd: price }: Offer): string {
  return price ?? 'unknown'
}

function servedText({ live, test, needs }: Offer): string {
  const here = [live ? 'configured' : undefined, test ? 'simulated' : undefined].filter((word) => word !== undefined)
  const missing = live ? [] : needs.length > 0 ? [`needs ${needs.join(' or ')}`] : []
  const said = [...here, ...missing]
  return said.length > 0 ? said.join(', ') : 'no'
}
