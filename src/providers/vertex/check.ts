import { err, ok, type Result } from '../../core/result.ts'
import { errorFailure } from '../google/errors.ts'
import type { Upstream } from '../http.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { type Door, doorOf } from './door.ts'
import type { Tokens } from './tokens.ts'

/** Google's default for new work. Whether it is still there matters little: who asks has to be let in first. */
const MODEL = 'gemini-nano-banana-2.1'

/**
 * Has one word counted: free, asked as a picture is, and the one question that express keys may ask too. Whether the project has billing
 * it cannot tell.
 * Source: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens (read 2026-11-22).
 */
export async function checkDoor(
  upstream: Upstream,
  tokens: Tokens,
  call: Call,
): Promise<Result<string, UpstreamFailure>> {
  const door = await doorOf(call, tokens)
  if (!door.ok) return door
  const { secret, headers, path } = door.value
  return upstream.requestJson(
    { ...call, credential: secret },
    {
      method: 'POST',
      path: `${path}/publishers/google/models/${MODEL}:countTokens`,
      headers,
      body: { contents: [{ role: 'user', parts: [{ text: 'kite' }] }] },
      read(answer) {
        const good = `the key${ownerOf(door.value)} is good`
        if (answer.status < 300) return ok(good)
        const failure = errorFailure(answer, call.clock)
        // Let in, and then something was wrong with the question: most likely the model is not served there.
        const isLetIn = failure.kind === 'rejected' || answer.status === 404
        return isLetIn ? ok(`${good}, but it was answered: ${failure.message}`) : err(failure)
      },
    },
  )
}

function ownerOf({ token }: Door): string {
  return token === undefined ? '' : ` of the project ${token.project}`
}
