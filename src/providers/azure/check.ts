import { z } from 'zod'

import { err, ok, type Result } from '../../core/result.ts'
import type { Upstream } from '../http.ts'
import { list } from '../lenient.ts'
import { errorFailure } from '../openai/errors.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import type { Resource } from './resource.ts'

const Models = z.object({ data: list(z.object({ id: z.string() })) })

/**
 * Lists what the resource could deploy: free, and closed to a bad key. What is deployed, only Azure's management API tells.
 * Source: https://learn.microsoft.com/rest/api/azureopenai/models/list (read 2026-11-22).
 */
export function checkKey(
  upstream: Upstream,
  call: Call,
  { form, apiVersion }: Pick<Resource, 'form' | 'apiVersion'>,
): Promise<Result<string, UpstreamFailure>> {
  return upstream.requestJson(call, {
    method: 'GET',
    path: form === 'v1' ? '/v1/models' : '/models',
    ...(apiVersion !== undefined && { query: { 'api-version': apiVersion } }),
    headers: { 'api-key': call.credential },
    read(answer) {
      if (answer.status >= 300) return err(errorFailure(answer, call.clock))
      const { data } = Models.safeParse(answer.value).data ?? { data: [] }
      return ok(`the key is good; the resource knows ${data.length} models, deployed or not`)
    },
  })
}
