import type { Command } from 'commander'

import type { CommonOptions, Perform } from './session.ts'

export function addServe(program: Command, perform: Perform): void {
  program
    .command('serve')
    .description('Run the gateway until it is interrupted')
    .option('--json', 'the address as one JSON document on standard output, once it listens')
    .addHelpText(
      'after',
      `
Examples:
  plantain serve
  PLANTAIN_PORT=8080 GEMINI_API_KEY=… plantain serve
  DATABASE_URL=postgres://user:password@host/plantain plantain serve

Everything is set by environment variables. What cannot work is named at once: plantain doctor looks without starting.`,
    )
    .action((options: CommonOptions) =>
      perform(
        options,
        async ({ config, problems, terminal, isJson }) => {
          const { serve } = await import('./serve.ts')
          const onListening = (address: string) => {
            if (isJson) terminal.print(JSON.stringify({ address, pid: process.pid }))
            terminal.note(`Plantain listens on ${address}`)
          }
          return await serve(config, terminal, { known: problems, onListening })
        },
        { unsound: 'accept' },
      ),
    )
}
