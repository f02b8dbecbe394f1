/** An operator's Azure resource, by its base URL. */
export interface Resource {
  /** Up to `/openai`. */
  readonly baseUrl: string
  /** `v1` names the deployment in the body, as OpenAI names a model; `deployments`, the older form, in the path. */
  readonly form: 'v1' | 'deployments'
  readonly apiVersion: string | undefined
}

/** The last version of the older form that has pictures; operators name another behind their base URL. */
const OLDER_VERSION = '2025-04-01-preview'

const BASE = /^([^?#]*?)(\/openai)?(\/v1|\/deployments)?\/*(?:\?api-version=([\w.-]+))?$/

/**
 * What a base URL says: `https://r.openai.azure.com` alone means the v1 API, and so does one that ends in `/openai/v1`;
 * `…/openai/deployments` means the older form. `?api-version=…` behind it goes before our own choice. Undefined for what has anything
 * else in it that a path cannot have.
 */
export function resourceAt(baseUrl: string): Resource | undefined {
  const [, start, openai = '', end, version] = BASE.exec(baseUrl) ?? []
  if (start === undefined) return undefined
  // Without either ending only the host is known.
  const root = `${start}${end === undefined ? '/openai' : openai}`
  if (end === '/deployments') return { baseUrl: root, form: 'deployments', apiVersion: version ?? OLDER_VERSION }
  // As Azure's clients do: a base URL that says v1 needs no version.
  return { baseUrl: root, form: 'v1', apiVersion: version ?? (end === undefined ? 'v1' : undefined) }
}
