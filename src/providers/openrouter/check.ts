import { z } from 'zod'

import { formatUsd } from '../../core/money.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Upstream } from '../http.ts'
import { lenient } from '../lenient.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { errorFailure } from './errors.ts'
import { nanosOf } from './usage.ts'

const Dollars = lenient(z.number().min(-1_000_000).max(1_000_000))
const Key = z.object({ data: z.object({ limit_remaining: Dollars, usage: Dollars }) })

/**
 * Asks what the key may still spend. The balance of the account behind it is told to management keys alone, so a key without a limit can
 * be good and every picture be answered 402 all the same.
 * Source: https://openrouter.ai/docs/api-reference/api-keys/get-current-api-key (read 2026-11-22).
 */
export function checkKey(upstream: Upstream, call: Call): Promise<Result<string, UpstreamFailure>> {
  return upstream.requestJson(call, {
    method: 'GET',
    path: '/key',
    headers: { authorization: `Bearer ${call.credential}` },
    read(answer) {
      if (answer.status >= 300) return err(errorFailure(answer, call.clock))
      const { limit_remaining: left, usage = 0 } = Key.safeParse(answer.value).data?.data ?? {}
      const used = `${formatUsd(nanosOf(usage))} USD used so far`
      if (left === undefined) return ok(`the key is good and has no limit of its own, ${used}`)
      if (left > 0) return ok(`the key is good, ${formatUsd(nanosOf(left))} USD of its limit left, ${used}`)
      const { status, raw } = answer
      return err({ kind: 'unauthorized', billed: 'no', status, message: `The key has spent its limit, ${used}.`, raw })
    },
  })
}
