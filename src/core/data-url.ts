/** How much of a string is searched for the comma that ends a data URL's parameters. */
export const MAX_DATA_PREFIX_BYTES = 4096

/** What a data URL says of its data (RFC 2397), without the data. */
export interface DataPrefix {
  /** Lower case, without parameters; `text/plain` when left out. */
  readonly mediaType: string
  readonly isBase64: boolean
}

/** Reads everything up to and including the comma; undefined when that is not the start of a data URL. */
export function parseDataPrefix(prefix: string): DataPrefix | undefined {
  const text = prefix.toLowerCase()
  if (!text.startsWith('data:') || !text.endsWith(',')) return undefined
  const [mediaType = '', ...parameters] = text.slice('data:'.length, -1).split(';')
  return { mediaType: mediaType.trim() || 'text/plain', isBase64: parameters.at(-1)?.trim() === 'base64' }
}
