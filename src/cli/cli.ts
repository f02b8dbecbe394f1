import { Command, CommanderError } from 'commander'

import manifest from '../../package.json' with { type: 'json' }
import { addCredits } from './credits.ts'
import { addDoctor } from './doctor.ts'
import { addEstimate } from './estimate.ts'
import type { Environment } from '../config.ts'
import type { ExitCode } from './failure.ts'
import { addEdit, addGenerate } from './generate.ts'
import { addGenerations } from './generations.ts'
import { addKeys } from './keys.ts'
import { addModels } from './models.ts'
import { addSandbox } from './sandbox.ts'
import { addServe } from './serve-command.ts'
import { perform, type Perform } from './session.ts'
import { systemTerminal, type Terminal } from './terminal.ts'

/** The command line, with this process's terminal and environment unless told otherwise. Resolves with the exit code: 0 done, 1 refused or failed, 2 wrong usage, 3 settings or connection. */
export async function run(
  argv: readonly string[],
  terminal: Terminal = systemTerminal,
  environment?: Environment,
): Promise<ExitCode> {
  let code: ExitCode = 0
  const performing: Perform = async (options, work, more) => {
    code = await perform({ terminal, environment }, options, work, more)
  }
  const program = makeProgram(terminal)
  for (const add of COMMANDS) add(program, performing)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    throw error
  }
}

const COMMANDS = [
  addGenerate,
  addEdit,
  addEstimate,
  addGenerations,
  addModels,
  addKeys,
  addCredits,
  addServe,
  addSandbox,
  addDoctor,
] as const

function makeProgram(terminal: Terminal): Command {
  return new Command('plantain')
    .description(manifest.description)
    .version(manifest.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
      outputError: (text) => terminal.error(text.trim().replace(/^error: /, '')),
    })
    .showHelpAfterError('See --help.')
    .addHelpText(
      'after',
      `
Examples:
  plantain generate "A serene mountain lake at sunrise, photorealistic." -o lake.png
  plantain serve
  plantain models nano

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 settings or connection.`,
    )
}
