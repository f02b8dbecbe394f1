import { type Command, Option } from 'commander'

import { CommandFailure, messageOf } from './failure.ts'
import { wholeNumber } from './request-options.ts'
import type { CommonOptions, Perform, Session } from './session.ts'

interface SandboxOptions extends CommonOptions {
  readonly port: number
  readonly host: string
  readonly latency: number
  readonly retired: 'serve' | 'refuse'
  readonly pictures: 'fine' | 'coarse'
}

export function addSandbox(program: Command, perform: Perform): void {
  program
    .command('sandbox')
    .description("The providers' simulators, for other people's test suites")
    .option('--port <port>', 'where to listen; 0 takes any free port', wholeNumber, 7879)
    .option('--host <address>', 'where to listen', '127.0.0.1')
    .option('--latency <milliseconds>', 'a typical wait before each answer', wholeNumber, 0)
    .addOption(
      new Option('--retired <what>', 'models that were shut down').choices(['serve', 'refuse']).default('refuse'),
    )
    .addOption(
      new Option('--pictures <detail>', 'coarse ones, in large pixels, take a tenth of the time')
        .choices(['fine', 'coarse'])
        .default('fine'),
    )
    .option('--json', 'the addresses as one JSON document on standard output, once it listens')
    .addHelpText(
      'after',
      `
Examples:
  plantain sandbox --port 7879
  PLANTAIN_GOOGLE_BASE_URL=http://127.0.0.1:7879/google-ai-studio GEMINI_API_KEY=any plantain serve

GET /_sandbox/bill tells what would have been billed, POST /_sandbox/reset starts over.`,
    )
    .action((options: SandboxOptions) => perform(options, (session) => runSandbox(session, options)))
}

async function runSandbox(session: Session, { port, host, latency, ...served }: SandboxOptions): Promise<void> {
  const { startSandbox } = await import('../sandbox/simulators.ts')
  const sandbox = await startSandbox({ port, host, latencyMs: latency, ...served }).catch((error: unknown) => {
    throw new CommandFailure(3, `Cannot listen on ${host}:${port}: ${messageOf(error)}`)
  })
  const providers = sandbox.simulated.map(({ provider }) => ({
    provider,
    base_url: sandbox.baseUrlFor(provider) ?? '',
  }))
  const interrupted = session.terminal.interrupted()
  session.report({ url: sandbox.url, providers }, [
    `The sandbox listens on ${sandbox.url}`,
    ...providers.map(({ provider, base_url: url }) => `  ${provider}  ${url}`),
  ])
  await interrupted
  await sandbox.close()
}
