import { readFile } from 'node:fs/promises'

import { z } from 'zod'

import { err, ok, type Result } from '../../core/result.ts'
import { deadlinePassed } from '../failure.ts'
import type { Call, UpstreamFailure } from '../provider.ts'

/** Where the tokens of every service account come from; key files have said so for years. */
const GOOGLE_TOKEN_URI = 'https://oauth2.googleapis.com/token'

/** The key of a service account, as Google hands it out. Source: https://cloud.google.com/iam/docs/keys-create-delete (read 2026-11-22). */
const KeyFile = z.object({
  type: z.literal('service_account'),
  project_id: z.string().min(1),
  private_key_id: z.string().optional(),
  private_key: z.string().min(1),
  client_email: z.string().min(1),
  token_uri: z.string().default(GOOGLE_TOKEN_URI),
})
export type KeyFile = z.infer<typeof KeyFile>

/** A path has a slash or ends as JSON files do. Google's API keys are letters, digits, `-`, `_` and `.` alone. */
export function isPath(credential: string): boolean {
  return /[/\\]|\.json$/i.test(credential)
}

/**
 * The key file that the credential is the path of. Nothing of what is in it, and not the path, stands in a failure: callers read those,
 * and the file is the operator's.
 */
export async function readKeyFile({ credential, signal }: Call): Promise<Result<KeyFile, UpstreamFailure>> {
  const text = await readFile(credential, { encoding: 'utf8', signal }).then(ok, (error: unknown) => err(error))
  if (!text.ok) {
    if (signal.aborted) return err(deadlinePassed('connecting'))
    return refused(`cannot be read (${codeOf(text.error)})`)
  }
  const value = parsed(text.value)
  const key = KeyFile.safeParse(value)
  if (key.success) return ok(key.data)
  const type = z.object({ type: z.string() }).safeParse(value).data?.type
  if (type !== undefined && type !== 'service_account') {
    return refused('is not one of a service account: those say "type": "service_account"')
  }
  const fields = [...new Set(key.error.issues.map(({ path }) => path.join('.')))].filter((field) => field !== '')
  return refused(
    `is not a service account's${fields.length > 0 ? `: ${fields.join(', ')} missing or of another type` : ''}`,
  )
}

export function refused(what: string): Result<never, UpstreamFailure> {
  const message = `The key file that GOOGLE_APPLICATION_CREDENTIALS names ${what}.`
  return err({ kind: 'unauthorized', billed: 'no', message, raw: '' })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
