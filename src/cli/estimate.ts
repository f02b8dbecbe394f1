import type { Command } from 'commander'
import { z } from 'zod'

import { addRequestOptions, requestBody, type RequestOptions } from './request-options.ts'
import type { Perform, Session } from './session.ts'

export function addEstimate(program: Command, perform: Perform): void {
  const command = program
    .command('estimate')
    .argument('<prompt>', 'what would be made')
    .description('What it would cost and who would make it, without making it')
  addRequestOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  plantain estimate "A paper boat" -n 4 --size 2K
  plantain estimate "A paper boat" -m openai/gpt-image-2 --live`,
    )
    .action((prompt: string, options: RequestOptions) =>
      perform(options, (session) => estimate(session, prompt, options)),
    )
}

const Estimate = z.object({
  model: z.object({ requested: z.string(), served: z.string() }),
  hold_usd: z.string(),
  typical_usd: z.string(),
  price_version: z.string(),
  routes: z.array(
    z.object({
      provider: z.string(),
      model: z.string(),
      served: z.string(),
      taken: z.boolean(),
      why: z.string(),
      hold_usd: z.string().nullable(),
    }),
  ),
  warnings: z.array(z.looseObject({ message: z.string() })),
})

async function estimate(session: Session, prompt: string, options: RequestOptions): Promise<void> {
  const client = await session.client(options.live ? 'live' : 'test')
  const body = requestBody(prompt, options, session.config.settings.PLANTAIN_DEFAULT_MODEL)
  const { value, raw } = await client.send('POST', '/api/v1/estimate', body, Estimate)
  const { requested, served } = value.model
  for (const { message } of value.warnings) session.terminal.note(`plantain: warning: ${message}`)
  session.report(raw, [
    `model    ${served}${requested === served ? '' : ` (asked for as ${requested})`}`,
    `typical  ${value.typical_usd} USD for the pictures alone`,
    `hold     ${value.hold_usd} USD until the real cost is known`,
    `prices   ${value.price_version}`,
    ...value.routes.map(
      ({ provider, model, taken, why, hold_usd: hold }) =>
        `route    ${taken ? '✓' : '–'} ${provider} ${model}: ${why}${hold === null ? '' : `; holds ${hold} USD`}`,
    ),
  ])
}
