import type { Config } from '../config.ts'
import { makeGateway } from '../gateway.ts'
import { CommandFailure, type ExitCode, messageOf } from './failure.ts'
import { showFirstKeys } from './first-keys.ts'
import { writeLocalKey } from './local-key-file.ts'
import { openStore } from './open.ts'
import type { Terminal } from './terminal.ts'

interface ServeOptions {
  /** What is wrong with the settings; the start then fails, with everything else that is wrong beside it. */
  readonly known: readonly string[]
  readonly onListening: (address: string) => void
}

/** Serves until SIGTERM or SIGINT, then finishes what is in flight. A second signal ends it at once. Resolves with the exit code. */
export async function serve(
  config: Config,
  terminal: Terminal,
  { known, onListening }: ServeOptions,
): Promise<ExitCode> {
  const opened = await openStore(config, { listens: true, known, onFatal: terminal.abort })
  if (!opened.ok) throw new CommandFailure(3, opened.error.problems)
  const store = opened.value
  const gateway = await makeGateway(store)
  const directory = config.settings.PLANTAIN_DATA
  if (gateway.firstKeys) showFirstKeys(gateway.firstKeys, directory, terminal)
  const address = await gateway.listen().catch(async (error: unknown) => {
    await gateway.stop()
    await store.close()
    throw new CommandFailure(3, `PLANTAIN_PORT: cannot listen: ${messageOf(error)}`)
  })
  // From the first word that it listens on, whoever heard it may ask it to stop.
  const interrupted = terminal.interrupted()
  const localKey = writeLocalKey(directory, { address, secret: gateway.localKey })
  store.announce(address)
  onListening(address)

  await interrupted
  localKey.withdraw()
  const isDrained = await gateway.stop()
  await store.close()
  return isDrained ? 0 : 1
}
