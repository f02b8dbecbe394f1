import type { Command } from 'commander'

import type { ProviderFinding } from './ask-providers.ts'
import type { CommonOptions, Perform, Session } from './session.ts'

interface ProvidersOptions extends CommonOptions {
  readonly spend?: boolean
}

export function addDoctorProviders(doctor: Command, perform: Perform): void {
  doctor
    .command('providers')
    .description('Ask every configured provider whether its credential is good, which costs nothing')
    .option('--spend', 'then have each make its cheapest picture: a good key may still be refused every picture')
    .option('--json', 'one JSON document on standard output')
    .addHelpText(
      'after',
      `
Examples:
  plantain doctor providers
  plantain doctor providers --spend

--spend is real money, a fraction of a cent up to a few cents a provider: what it will cost at most is said before.`,
    )
    .action((_own: ProvidersOptions, command: Command) => {
      const options = command.optsWithGlobals<ProvidersOptions>()
      return perform(options, (session) => lookAtProviders(session, options))
    })
}

async function lookAtProviders(session: Session, { spend = false }: ProvidersOptions): Promise<0 | 1> {
  const { askProviders } = await import('./ask-providers.ts')
  const asked = await askProviders(session.config)
  const bad = new Set(asked.filter(({ state }) => state === 'wrong').map(({ provider }) => provider))
  const worthIt = Object.keys(session.config.providers).filter((provider) => !bad.has(provider))
  const proven = spend ? await (await import('./prove-providers.ts')).proveProviders(session, worthIt) : []
  const findings = [...asked, ...proven]
  const isRight = findings.every(({ state }) => state !== 'wrong')
  session.report({ ok: isRight, findings }, findings.length > 0 ? findings.map(lineOf) : [NOBODY])
  return isRight ? 0 : 1
}

const NOBODY = 'No provider is configured. `plantain doctor` names the settings.'

const MARKS: Readonly<Record<ProviderFinding['state'], string>> = { ok: '✓', wrong: '✗', unasked: '–' }

function lineOf({ provider, place, state, text }: ProviderFinding): string {
  return `${MARKS[state]} ${provider}${place === undefined ? '' : ` (${place})`}: ${text}`
}
