import { ok, type Result } from '../../core/result.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { isPath } from './key-file.ts'
import type { Token, Tokens } from './tokens.ts'

/** How a call gets in: what it shows, and below which path. */
export interface Door {
  /** What no failure may repeat. */
  readonly secret: string
  readonly headers: Readonly<Record<string, string>>
  /** Up to `/publishers`. */
  readonly path: string
  /** The token, where the secret is one. */
  readonly token?: Token
}

/** With an API key by itself, with a key file once there is a token. */
export async function doorOf(call: Call, tokens: Tokens): Promise<Result<Door, UpstreamFailure>> {
  const { baseUrl, credential } = call
  const isWhole = /\/projects\/[^/]+\/locations\/[^/]+$/.test(baseUrl)
  if (!isPath(credential)) {
    // As a header, never as `?key=`: addresses end up in logs.
    return ok({ secret: credential, headers: { 'x-goog-api-key': credential }, path: isWhole ? '' : '/v1' })
  }
  const token = await tokens.of(call)
  if (!token.ok) return token
  const { secret, project } = token.value
  const path = `/v1/projects/${encodeURIComponent(project)}/locations/${locationOf(baseUrl)}`
  const headers = { authorization: `Bearer ${secret}` }
  return ok({ secret, headers, path: isWhole ? '' : path, token: token.value })
}

/** `us-central1-aiplatform.googleapis.com` is a region's, `aiplatform.eu.rep.googleapis.com` a larger one's; every other host is global. */
const REGION = /^([a-z0-9-]+)-aiplatform\.googleapis\.com$/
const JURISDICTION = /^aiplatform\.([a-z]+)\.rep\.googleapis\.com$/

function locationOf(baseUrl: string): string {
  const host = URL.parse(baseUrl)?.hostname ?? ''
  return (REGION.exec(host) ?? JURISDICTION.exec(host))?.[1] ?? 'global'
}
