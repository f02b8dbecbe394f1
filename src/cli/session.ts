import { type Config, type Environment, readConfig } from '../config.ts'
import type { JsonValue } from '../core/json-blob.ts'
import type { Client } from './client.ts'
import { connect, type Connection } from './connect.ts'
import { CommandFailure, type ExitCode, wrongUsage } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** What a command works with. The gateway is looked for when the command first needs it. */
export interface Session {
  readonly config: Config
  /** What is wrong with the settings; empty for commands that did not ask to see it. */
  readonly problems: readonly string[]
  readonly terminal: Terminal
  /** `--json`: one document on standard output and nothing else there. */
  readonly isJson: boolean
  connection(): Promise<Connection>
  client(mode: 'test' | 'live' | 'admin'): Promise<Client>
  /** The command's result: the document for programs, the lines for people. */
  report(document: unknown, lines: readonly string[]): void
}

export interface CommonOptions {
  readonly json?: boolean
}

/** Runs a command's work in a session of its own: what every command is given to be run by. */
export type Perform = (options: CommonOptions, work: Work, more?: PerformOptions) => Promise<void>

interface PerformOptions {
  /** What to do with settings that cannot be read: refuse to start, the default, or leave it to the command. */
  readonly unsound: 'refuse' | 'accept'
}

type Work = (session: Session) => Promise<ExitCode | void>

interface Outside {
  readonly terminal: Terminal
  /** Undefined: that of this process. */
  readonly environment: Environment | undefined
}

/** Runs one command to its end: settings, work, connection closed, failure told, exit code. */
export async function perform(
  { terminal, environment }: Outside,
  options: CommonOptions,
  work: Work,
  { unsound }: PerformOptions = { unsound: 'refuse' },
): Promise<ExitCode> {
  const isJson = options.json === true
  let connecting: Promise<Connection> | undefined
  try {
    const { config, problems } = readConfig(environment)
    if (problems.length > 0 && unsound === 'refuse') throw new CommandFailure(3, problems)
    const connection = async () => await (connecting ??= connect(config, terminal))
    return (
      (await work({
        config,
        problems,
        terminal,
        isJson,
        connection,
        client: async (mode) => fitting((await connection()).client(mode), mode),
        report: (document, lines) => terminal.print(isJson ? JSON.stringify(document, null, 2) : lines.join('\n')),
      })) ?? 0
    )
  } catch (error) {
    if (error instanceof CommandFailure) return tell(error, terminal, isJson)
    throw error
  } finally {
    const connection = await connecting?.catch(() => undefined)
    await connection?.close()
  }
}

/** The given key decides where money comes from, so it may not contradict what was said. */
function fitting(client: Client, mode: 'test' | 'live' | 'admin'): Client {
  if (mode === 'live' && client.mode === 'test')
    throw wrongUsage('--live needs a live key, and PLANTAIN_API_KEY is a test key.')
  if (mode === 'test' && client.mode === 'live')
    throw wrongUsage('PLANTAIN_API_KEY is a live key: say --live to use it, or give a test key.')
  return client
}

/** Each problem on a line of its own on standard error; the same in one document for `--json`. */
export function tell(failure: CommandFailure, terminal: Terminal, isJson: boolean): ExitCode {
  for (const message of failure.messages) terminal.error(message)
  if (isJson) terminal.print(JSON.stringify({ error: errorDocument(failure) }, null, 2))
  return failure.exitCode
}

function errorDocument({ message, messages, facts, exitCode }: CommandFailure): JsonValue {
  return { message, ...(messages.length > 1 && { messages: [...messages] }), ...facts, exit_code: exitCode }
}
