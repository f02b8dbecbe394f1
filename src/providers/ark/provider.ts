import { err, ok } from '../../core/result.ts'
import { rejected } from '../failure.ts'
import type { Upstream } from '../http.ts'
import type { Call, Provider } from '../provider.ts'
import { readAnswer, toGenerated } from './answer.ts'
import { errorFailure } from './errors.ts'
import { toBody } from './request.ts'

/**
 * ByteDance's Seedream on Ark: one call, whose answer has the pictures in it. Several in one call are a series as the model sees it,
 * and may be fewer than were asked for; the catalogue therefore lets it make one at a time.
 * Sources: https://docs.byteplus.com/en/docs/ModelArk/1666945, https://www.volcengine.com/docs/82379/1541523 (read 2026-11-22).
 */
export function makeArk(id: 'seed' | 'volcengine', upstream: Upstream): Provider {
  return {
    id,
    async generate(request, call) {
      const body = toBody(request, request.providerOptions?.[id] ?? {}, call.model)
      if (!body.ok) return err(rejected(body.error))
      const answered = await upstream.postJson(call, {
        path: '/images/generations',
        headers: credentialOf(call),
        body: body.value,
        pictures: (path) => path.at(-1) === 'b64_json',
        read: (answer) => readAnswer(answer, call),
      })
      return answered.ok ? await toGenerated(upstream, call, answered.value) : answered
    },

    /** Lists one job of the account's videos, which is free and closed to a bad key; pictures leave nothing that could be listed. */
    check: (call) =>
      upstream.requestJson(call, {
        method: 'GET',
        path: '/contents/generations/tasks',
        query: { page_num: '1', page_size: '1' },
        headers: credentialOf(call),
        read: (answer) => (answer.status < 300 ? ok('the key is good') : err(errorFailure(answer, call.clock))),
      }),
  }
}

function credentialOf({ credential }: Call) {
  return { authorization: `Bearer ${credential}` }
}
