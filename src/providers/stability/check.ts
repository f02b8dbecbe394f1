import { err, ok, type Result } from '../../core/result.ts'
import type { Upstream } from '../http.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { errorFailure } from './errors.ts'
import { Balance } from './wire.ts'

/** Asks what is left: free. A credit is a cent. Source: https://platform.stability.ai/docs/api-reference#tag/User (read 2026-11-22). */
export function checkKey(upstream: Upstream, call: Call): Promise<Result<string, UpstreamFailure>> {
  return upstream.requestJson(call, {
    method: 'GET',
    path: '/v1/user/balance',
    headers: { authorization: `Bearer ${call.credential}` },
    read(answer) {
      if (answer.status >= 300) return err(errorFailure(answer, call.clock))
      const balance = Balance.safeParse(answer.value)
      if (!balance.success) return ok('the key is good')
      const { credits } = balance.data
      const left = `${credits} credits left, ${(credits / 100).toFixed(2)} USD`
      if (credits > 0) return ok(`the key is good, ${left}`)
      const { status, raw } = answer
      return err({ kind: 'unauthorized', billed: 'no', status, message: `The account has nothing left: ${left}.`, raw })
    },
  })
}
