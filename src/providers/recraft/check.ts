import { formatUsd } from '../../core/money.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Upstream } from '../http.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { dollarsOf } from './answer.ts'
import { errorFailure } from './errors.ts'
import { readBalance } from './wire.ts'

/**
 * Asks what is left of the prepaid API units. Source: https://www.recraft.ai/docs/api-reference (GET /users/me) and the official
 * mcp-recraft-server (read 2026-11-22).
 */
export function checkBalance(upstream: Upstream, call: Call): Promise<Result<string, UpstreamFailure>> {
  return upstream.requestJson(call, {
    method: 'GET',
    path: '/users/me',
    headers: { authorization: `Bearer ${call.credential}` },
    read(answer) {
      if (answer.status >= 300) return err(errorFailure(answer, call.clock))
      const units = readBalance(answer.value)
      if (units === undefined) return ok('the key is good')
      if (units > 0) return ok(`the key is good, ${formatUsd(dollarsOf(units))} USD in API units left`)
      const { status, raw } = answer
      return err({
        kind: 'unauthorized',
        billed: 'no',
        status,
        message: 'The key is good, and no API units are left.',
        raw,
      })
    },
  })
}
