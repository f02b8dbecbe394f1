import { z } from 'zod'

import { allModels } from '../../catalog/models/all-models.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Upstream } from '../http.ts'
import { lenient, list } from '../lenient.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { errorFailure } from './errors.ts'

const Models = z.object({ data: list(z.object({ id: z.string(), shutdown_date: lenient(z.string()) })) })

/** Ids of picture models by the catalogue: their names do not tell. */
const KNOWN = new Set(
  allModels.flatMap(({ routes }) => routes.flatMap(({ provider, model }) => (provider === 'openai' ? [model] : []))),
)

/**
 * Lists the models: free, and closed to a bad key. Whether the account has anything left to spend, it cannot tell; a restricted key
 * may make pictures and not be allowed to ask this.
 * Source: https://platform.openai.com/docs/api-reference/models/list (read 2026-11-22).
 */
export function checkKey(upstream: Upstream, call: Call): Promise<Result<string, UpstreamFailure>> {
  return upstream.requestJson(call, {
    method: 'GET',
    path: '/models',
    headers: { authorization: `Bearer ${call.credential}` },
    read(answer) {
      if (answer.status >= 300) return err(errorFailure(answer, call.clock))
      const { data } = Models.safeParse(answer.value).data ?? { data: [] }
      const pictured = data.filter(({ id }) => KNOWN.has(id))
      const names = pictured.map(({ id, shutdown_date: end }) => (end === undefined ? id : `${id} (until ${end})`))
      const found = names.length > 0 ? names.join(', ') : 'none for pictures'
      return ok(`the key is good, and sees ${data.length} models: ${found}`)
    },
  })
}
