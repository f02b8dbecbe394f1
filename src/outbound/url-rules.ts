import { isIP } from 'node:net'

/** The request line of a GET has to fit into the 8 KiB that common servers read. */
const MAX_URL_CHARACTERS = 8192

const MAX_HOST_CHARACTERS = 253

/** Names that never belong to the public internet (RFC 6761, 6762, 8375, and ICANN's `internal`; read 2026-11-22). */
const PRIVATE_NAMES = /(^|\.)(localhost|local|internal|home\.arpa)$/

/** Labels that DNS can hold, the last of them not a number, so that no resolver takes the name for an address. */
const NAME = /^([a-z0-9_-]{1,63}\.)*(?!\d+$)[a-z0-9_-]{1,63}$/

/**
 * What readers of URLs disagree about: white space and control characters, which WHATWG drops or encodes, and the backslash, which
 * only some take for a slash.
 */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const AMBIGUOUS = /[\u0000-\u0020\u007f\\]/

const SCHEME = /^[a-z][a-z0-9+.-]*:/i

/** Two slashes and a host. WHATWG would also take `http:host`, for a host or for a path, and `http:///host`. */
const ABSOLUTE = /^https?:\/\/[^/?#]/i

export interface Origins {
  /** Origins that the operator named, as `URL.origin` writes them: any port, any host. */
  readonly trusted: ReadonlySet<string>
}

/**
 * The one parse of a URL that somebody else chose, and every rule that needs no look-up; undefined when a rule forbids it. WHATWG has
 * made all spellings of an address and of a name one by then: `0x7f.1`, full-width digits, `%6c`. A trailing dot is taken away. With
 * `from` it is the target of a redirect and may be relative; it may not lead from https to http.
 */
export function allowedUrl(text: string, { trusted }: Origins, from?: URL): URL | undefined {
  if (text.length > MAX_URL_CHARACTERS || AMBIGUOUS.test(text)) return undefined
  if ((from === undefined || SCHEME.test(text)) && !ABSOLUTE.test(text)) return undefined
  const url = URL.parse(text, from?.href)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined
  if (url.username !== '' || url.password !== '' || url.hostname === '') return undefined
  if (from?.protocol === 'https:' && url.protocol === 'http:') return undefined
  url.hash = ''
  if (literalAddress(url) !== undefined) return trusted.has(url.origin) || hasWebPort(url) ? url : undefined

  if (url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1)
  if (url.hostname.length > MAX_HOST_CHARACTERS || !NAME.test(url.hostname)) return undefined
  if (trusted.has(url.origin)) return url
  return hasWebPort(url) && !PRIVATE_NAMES.test(url.hostname) ? url : undefined
}

/** The address, without brackets, of a URL that names one instead of a host. */
export function literalAddress({ hostname }: URL): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return isIP(bare) === 0 ? undefined : bare
}

/** Port of a URL as a number, its protocol's own where it names none. */
export function portOf({ protocol, port }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}

function hasWebPort(url: URL): boolean {
  return portOf(url) === 80 || portOf(url) === 443
}
