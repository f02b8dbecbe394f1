import assert from 'node:assert/strict'

/** How many answers that were no success were looked at, and by whose fault they were. */
export const classed = { seen: 0, by: { caller: 0, gateway: 0, provider: 0 } }

interface OpenRouterError {
  readonly code: number
  readonly message: string
  readonly metadata: Readonly<Record<string, unknown>>
}

interface OpenAiError {
  readonly code: string
  readonly message: string
}

/** R19: who failed, the request's id and whether to try again, on every answer that is not a success; told twice where there is room. */
export function assertClassed(answer: Response, text: string, path: string) {
  const { status, headers } = answer
  const where = `${path} ${status}: ${text.slice(0, 300)}`
  const by = headers.get('x-error-by') ?? ''
  const retryable = headers.get('x-error-retryable') ?? ''
  const requestId = headers.get('x-request-id') ?? ''
  assert.match(by, /^(caller|gateway|provider)$/, `who failed: ${where}`)
  assert.match(retryable, /^(true|false)$/, `whether to try again: ${where}`)
  assert.match(requestId, /^req-\w{10,}$/, `the request's id: ${where}`)
  assert.match(headers.get('content-type') ?? '', /^application\/json/, where)
  if (retryable === 'false' && (status >= 500 || status === 408 || status === 409 || status === 429))
    assert.equal(headers.get('x-should-retry'), 'false', `official clients would try again: ${where}`)
  classed.seen += 1
  classed.by[by as keyof typeof classed.by] += 1

  const { error } = JSON.parse(text) as { error: OpenRouterError | OpenAiError }
  assert.ok(error.message.length > 10, where)
  // OpenAI's envelope has no room for it.
  if (!('metadata' in error)) return { code: error.code, provider: undefined, requestId }
  assert.equal(error.code, status, where)
  assert.deepEqual(
    [error.metadata['by'], String(error.metadata['retryable']), error.metadata['request_id']],
    [by, retryable, requestId],
    `headers and body say the same: ${where}`,
  )
  const provider = error.metadata['provider_name']
  return {
    code: String(error.metadata['code']),
    provider: typeof provider === 'string' ? provider : undefined,
    requestId,
  }
}
