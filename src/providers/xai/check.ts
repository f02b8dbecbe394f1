import { err, ok, type Result } from '../../core/result.ts'
import type { Upstream } from '../http.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { errorFailure } from './errors.ts'
import { readKey } from './wire.ts'

/**
 * Asks about the key itself: its name, and whether it or its team is blocked. What is left of the credit is told to management keys alone.
 * Source: https://docs.x.ai/developers/rest-api-reference/inference/other (read 2026-11-22).
 */
export function checkKey(upstream: Upstream, call: Call): Promise<Result<string, UpstreamFailure>> {
  return upstream.requestJson(call, {
    method: 'GET',
    path: '/api-key',
    headers: { authorization: `Bearer ${call.credential}` },
    read(answer) {
      if (answer.status >= 300) return err(errorFailure(answer, call.clock))
      const { status, raw } = answer
      const {
        name,
        team_blocked: team,
        api_key_blocked: blocked,
        api_key_disabled: disabled,
      } = readKey(answer.value) ?? {}
      const wrong = team
        ? 'The team is blocked'
        : blocked
          ? 'The key is blocked'
          : disabled
            ? 'The key is disabled'
            : ''
      if (wrong !== '') return err({ kind: 'unauthorized', billed: 'no', status, message: `${wrong}.`, raw })
      return ok(name === undefined ? 'the key is good' : `the key “${name}” is good`)
    },
  })
}
