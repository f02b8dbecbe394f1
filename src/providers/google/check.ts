import { z } from 'zod'

import { err, ok, type Result } from '../../core/result.ts'
import type { Upstream } from '../http.ts'
import { list } from '../lenient.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { errorFailure } from './errors.ts'

const Models = z.object({ models: list(z.object({ name: z.string() })) })

/**
 * Lists the models: free, and closed to a bad key. That the project has billing, without which every picture is refused, it cannot tell.
 * Source: https://ai.google.dev/api/models#method:-models.list (read 2026-11-22).
 */
export function checkKey(upstream: Upstream, call: Call): Promise<Result<string, UpstreamFailure>> {
  return upstream.requestJson(call, {
    method: 'GET',
    path: '/v1beta/models',
    query: { pageSize: '1000' },
    headers: { 'x-goog-api-key': call.credential },
    read(answer) {
      if (answer.status >= 300) return err(errorFailure(answer, call.clock))
      const { models } = Models.safeParse(answer.value).data ?? { models: [] }
      return ok(`the key is good, and sees ${models.length} models`)
    },
  })
}
