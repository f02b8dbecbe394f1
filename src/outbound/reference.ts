import { fail, type Failure, type FailureCode } from '../core/errors.ts'
import { JsonBlob } from '../core/json-blob.ts'
import { err, ok, type Result } from '../core/result.ts'
import { readAll } from './fetched.ts'
import type { GuardedFetch } from './guarded-fetch.ts'
import { type FetchRefusal, refusal } from './refusal.ts'

interface ReferenceOptions {
  /** Where the URL stood in the caller's body, dotted: failures name it. */
  readonly field: string
  readonly signal: AbortSignal
  readonly maxBytes?: number
}

/** As much as a reference may have that comes inline. */
const MAX_REFERENCE_BYTES = 25 * 1024 * 1024

/** What servers call the three formats, with what the name means. The last two say nothing about the bytes. */
const LABELS: Readonly<Record<string, string | undefined>> = {
  'image/png': 'image/png',
  'image/jpeg': 'image/jpeg',
  'image/webp': 'image/webp',
  'image/jpg': 'image/jpeg',
  'application/octet-stream': undefined,
  'binary/octet-stream': undefined,
}

const ACCEPT = Object.keys(LABELS)

/**
 * The bytes of a reference that was given as a URL, as a blob labelled with what they are. A label that contradicts the first bytes is
 * refused; whether the rest is a whole picture is for the asset store to find out.
 */
export async function fetchReference(
  outbound: GuardedFetch,
  url: string,
  { field, signal, maxBytes = MAX_REFERENCE_BYTES }: ReferenceOptions,
): Promise<Result<JsonBlob, Failure>> {
  const fetched = await outbound.get(url, { signal, maxBytes, accept: ACCEPT })
  if (!fetched.ok) return err(unfetched(field, fetched.error.reason === 'wrong_type' ? NO_PICTURE : fetched.error))
  const pieces = await readAll(fetched.value)
  if (!pieces.ok) return err(unfetched(field, pieces.error))

  const actual = formatOf(pieces.value)
  if (actual === undefined) return err(unfetched(field, NO_PICTURE))
  const labelled = LABELS[fetched.value.mediaType ?? ''] ?? actual
  if (labelled !== actual) {
    return err(unfetched(field, refusal('wrong_type', `The URL says ${labelled}, but its bytes are ${actual}.`)))
  }
  return ok(new JsonBlob('binary', pieces.value, actual))
}

const NO_PICTURE = refusal('wrong_type', 'The URL gives something other than a PNG, JPEG or WebP picture.')

const MAGIC_BYTES = 12

/** By magic bytes. */
function formatOf(pieces: readonly Buffer[]): string | undefined {
  const head = Buffer.concat(pieces.slice(0, MAGIC_BYTES), MAGIC_BYTES).toString('latin1')
  if (head.startsWith('\u0089PNG\r\n\u001a\n')) return 'image/png'
  if (head.startsWith('\u00ff\u00d8\u00ff')) return 'image/jpeg'
  if (head.startsWith('RIFF') && head.endsWith('WEBP')) return 'image/webp'
  return undefined
}

const CODES = {
  not_allowed: 'invalid_image',
  unreachable: 'invalid_image',
  bad_status: 'invalid_image',
  timeout: 'invalid_image',
  encoded: 'invalid_image',
  too_large: 'image_too_large',
  wrong_type: 'unsupported_image_format',
} as const satisfies Record<FetchRefusal['reason'], FailureCode>

function unfetched(field: string, { reason, message }: FetchRefusal): Failure {
  return fail(CODES[reason], `${field}: ${message}`, { field, details: { reason } })
}
