import { generateKeyPairSync } from 'node:crypto'

export interface TestKey {
  readonly type: 'service_account'
  readonly project_id: string
  readonly private_key_id: string
  readonly private_key: string
  readonly client_email: string
  readonly token_uri: string
}

/** A service account that nobody has, with a key pair of its own, whose public half is in its name for the simulator to find. */
export function testKey({ name = 'kites', project = 'kites-2026', tokenUri = '/google-vertex/token' } = {}): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const shown = publicKey.export({ format: 'der', type: 'spki' }).toString('base64url')
  return {
    type: 'service_account',
    project_id: project,
    private_key_id: shown.slice(-40),
    private_key: String(privateKey.export({ format: 'pem', type: 'pkcs8' })),
    client_email: `${name}.${shown}@${project}.iam.gserviceaccount.com`,
    // As Google's own have it, but for the host: the base URL's is meant.
    token_uri: tokenUri,
  }
}
