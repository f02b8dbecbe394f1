import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where a gateway of the same user listens, and the secret that opens it: `<secret>.test`, `.live` and `.admin` are keys. */
export interface LocalGateway {
  readonly address: string
  readonly secret: string
}

/** Lets the command line of the same user in without a key: whoever can read this file owns the data anyway. */
export function writeLocalKey(directory: string, { address, secret }: LocalGateway): { withdraw(): void } {
  const file = join(directory, 'local-key')
  rmSync(file, { force: true })
  writeFileSync(file, `${address}\n${secret}\n`, { mode: 0o600 })
  return { withdraw: () => rmSync(file, { force: true }) }
}

/** Undefined where there is none. A crash leaves the file behind, so its gateway may be gone. */
export function readLocalKey(directory: string): LocalGateway | undefined {
  try {
    const [address = '', secret = ''] = readFileSync(join(directory, 'local-key'), 'utf8').split('\n')
    return address !== '' && secret !== '' ? { address, secret } : undefined
  } catch {
    return undefined
  }
}
