import { NO_CREDENTIAL } from '../entry.ts'
import type { Call } from '../provider.ts'

/** Servers that ask for no credential get none. */
export function credentialOf({ credential }: Call): Readonly<Record<string, string>> {
  return credential === NO_CREDENTIAL ? {} : { authorization: `Bearer ${credential}` }
}

/** A base URL that is only a host means the API's usual place on it: operators write either. */
export function pathUnder({ baseUrl }: Call, path: string): string {
  return URL.parse(baseUrl)?.pathname === '/' ? `/v1${path}` : path
}
