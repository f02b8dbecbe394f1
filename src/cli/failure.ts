import type { JsonValue } from '../core/json-blob.ts'

/** How a command ends: 0 done, 1 refused or failed, 2 wrong usage, 3 settings or connection. */
export type ExitCode = 0 | 1 | 2 | 3

/** A command's end that is not success. Thrown anywhere below a command, told and turned into the exit code in one place. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode
  /** One or more sentences, each told on a line of its own. */
  readonly messages: readonly string[]
  /** What `--json` tells beside the messages. */
  readonly facts: Readonly<Record<string, JsonValue | undefined>>

  constructor(
    exitCode: ExitCode,
    messages: string | readonly string[],
    facts: Readonly<Record<string, JsonValue | undefined>> = {},
  ) {
    const all = typeof messages === 'string' ? [messages] : messages
    super(all.join('\n'))
    this.exitCode = exitCode
    this.messages = all
    this.facts = facts
  }
}

export function wrongUsage(message: string): CommandFailure {
  return new CommandFailure(2, message)
}

/** What a throw says, whatever was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
