import { err, type Result } from '../../core/result.ts'
import { NO_CREDENTIAL } from '../entry.ts'
import { scrubbed } from '../failure.ts'
import type { JsonRequest, Upstream } from '../http.ts'
import type { Call, UpstreamFailure } from '../provider.ts'

/**
 * One request to the machine. It is open unless it was started with `--api-auth user:password`, which is HTTP Basic then; what stands in
 * that header is as good as the credential, and is kept out of failures like it.
 */
export async function ask<T>(
  upstream: Upstream,
  call: Call,
  request: Omit<JsonRequest<T>, 'headers'>,
): Promise<Result<T, UpstreamFailure>> {
  const { credential } = call
  if (credential === NO_CREDENTIAL) return await upstream.requestJson(call, { ...request, headers: {} })
  const encoded = Buffer.from(credential).toString('base64')
  const result = await upstream.requestJson(call, { ...request, headers: { authorization: `Basic ${encoded}` } })
  return result.ok ? result : err(scrubbed(result.error, encoded))
}
