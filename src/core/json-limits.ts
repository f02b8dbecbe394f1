/** What a document may cost before it is refused. All of them are checked while it streams in. */
export interface JsonLimits {
  readonly maxBytes: number
  /** Objects and arrays inside one another. */
  readonly maxDepth: number
  /** Values of every kind; keys are not counted. */
  readonly maxNodes: number
  /** UTF-8 bytes, escapes resolved, of one string that is not base64, and of one key. */
  readonly maxStringBytes: number
  /** Long base64 strings. Long texts are bounded by the other limits: a conversation may have many. */
  readonly maxBlobs: number
}

/** What a caller may send: reliability.md's figures for bodies. Two pictures of 10 MB and a long conversation fit. */
export const REQUEST_LIMITS: JsonLimits = {
  maxBytes: 32 * 1024 * 1024,
  maxDepth: 32,
  maxNodes: 50_000,
  maxStringBytes: 128 * 1024,
  maxBlobs: 64,
}

/** What a provider may answer. Only the bytes are tight: a picture that was paid for is not thrown away over form. */
export const ANSWER_LIMITS: JsonLimits = {
  maxBytes: 64 * 1024 * 1024,
  maxDepth: 128,
  maxNodes: 200_000,
  maxStringBytes: 64 * 1024 * 1024,
  maxBlobs: 1024,
}

/**
 * What is left of a document once its long strings are taken out: it becomes one string for `JSON.parse`, so this bounds the longest
 * single step (about 30 ms) of any document, in requests and answers alike.
 */
export const MAX_SKELETON_BYTES = 8 * 1024 * 1024

/** A string is long, and stands as a blob, from this many bytes between its quotes. */
export const LONG_STRING_BYTES = 4096

/** Why a document was refused. Only a body that is too large as a whole is `payload_too_large`. */
export interface JsonProblem {
  readonly code: 'invalid_json' | 'payload_too_large'
  /** A whole sentence, without any of the document's content but the names of its fields. */
  readonly message: string
  /** Dotted path of the field at fault, where there is one. */
  readonly field?: string
}

/** Unwinds the reader from wherever it is. Never leaves it: `readJson` turns it into a value. */
export class Refusal extends Error {
  readonly problem: JsonProblem

  constructor(problem: JsonProblem) {
    super(problem.message)
    this.problem = problem
  }
}

/** Refuses the document for its form. */
export function refuse(message: string, path: readonly (string | number)[] = []): never {
  throw new Refusal({ code: 'invalid_json', message, ...(path.length > 0 && { field: dotted(path) }) })
}

/** A path as messages show it, cut to 200 characters: keys are as long as the sender likes. */
export function dotted(path: readonly (string | number)[]): string {
  const text = path.join('.')
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}

/** `131072` as `128 KiB`. */
export function sizeText(bytes: number): string {
  if (bytes % (1024 * 1024) === 0) return `${bytes / (1024 * 1024)} MiB`
  return bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} bytes`
}
