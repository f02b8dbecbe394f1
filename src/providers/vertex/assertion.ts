import { createPrivateKey, sign } from 'node:crypto'

import { unixSeconds } from '../../core/clock.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { KeyFile } from './key-file.ts'

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
/** The longest that Google takes. */
const LIFETIME_S = 3600

/**
 * What a service account shows to get an access token: a JWT over who it is, signed by its key (RS256, RFC 7523). It is made out to the
 * endpoint that it is sent to, so that it opens nothing elsewhere. The error is the end of a sentence about the key file.
 * Source: https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests (read 2026-11-22).
 */
export function assertionOf(key: KeyFile, endpoint: string, epochMs: number): Result<string, string> {
  const issuedAt = unixSeconds(epochMs)
  const header = { alg: 'RS256', typ: 'JWT', ...(key.private_key_id !== undefined && { kid: key.private_key_id }) }
  const claims = { iss: key.client_email, scope: SCOPE, aud: endpoint, iat: issuedAt, exp: issuedAt + LIFETIME_S }
  const text = `${encoded(header)}.${encoded(claims)}`
  try {
    const privateKey = createPrivateKey(key.private_key)
    if (privateKey.asymmetricKeyType !== 'rsa') return err('holds a private key that is not an RSA key')
    return ok(`${text}.${sign('RSA-SHA256', Buffer.from(text), privateKey).toString('base64url')}`)
  } catch {
    return err('holds a private key that cannot be read')
  }
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
