import { z } from 'zod'

import { err, ok, type Result } from '../../core/result.ts'
import { type Answer, deadlinePassed, statusFailure } from '../failure.ts'
import type { Upstream } from '../http.ts'
import { lenient } from '../lenient.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import { assertionOf } from './assertion.ts'
import { type KeyFile, readKeyFile, refused } from './key-file.ts'

export interface Token {
  readonly secret: string
  /** The project that the key belongs to. */
  readonly project: string
}

export interface Tokens {
  /** A token that is good for minutes. Only the first of several callers asks for it. */
  of(call: Call): Promise<Result<Token, UpstreamFailure>>
  /** Says that Google did not take it: the next call gets another. */
  drop(call: Call, token: Token): void
}

interface Issued extends Token {
  /** On the monotonic clock. */
  readonly freshUntilMs: number
}

/** An hour is usual; what is left of it has to outlast the slowest picture's way to the model. */
const EARLY_MS = 300_000
const USUAL_LIFETIME_S = 3600

/** OAuth's answers, the good and the bad (RFC 6749, 5.1 and 5.2). */
const TokenAnswer = z.object({
  access_token: lenient(z.string()),
  expires_in: lenient(z.number().positive()),
  error: lenient(z.string()),
  error_description: lenient(z.string()),
})

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/**
 * Access tokens of service accounts, by key file and base URL. The file is read anew for each token, so a key that was replaced is in use
 * within the hour. Source: https://developers.google.com/identity/protocols/oauth2/service-account (read 2026-11-22).
 */
export function makeTokens(upstream: Upstream): Tokens {
  const issued = new Map<string, Issued>()
  const underWay = new Map<string, Promise<Result<Issued, UpstreamFailure>>>()

  async function fresh(call: Call, place: string): Promise<Result<Issued, UpstreamFailure>> {
    const asked = exchange(upstream, call)
    underWay.set(place, asked)
    try {
      const token = await asked
      if (token.ok) issued.set(place, token.value)
      return token
    } finally {
      underWay.delete(place)
    }
  }

  return {
    async of(call) {
      const place = placeOf(call)
      for (;;) {
        const known = issued.get(place)
        if (known !== undefined && known.freshUntilMs > call.clock.monotonic()) return ok(known)
        const others = underWay.get(place)
        if (others === undefined) return await fresh(call, place)
        const token = await withinDeadline(others, call)
        // A deadline is its caller's own: who still has time asks himself.
        if (token.ok || token.error.kind !== 'timeout' || call.signal.aborted) return token
      }
    },
    drop(call, { secret }) {
      if (issued.get(placeOf(call))?.secret === secret) issued.delete(placeOf(call))
    },
  }
}

function placeOf({ baseUrl, credential }: Call): string {
  return `${baseUrl} ${credential}`
}

async function withinDeadline<T>(
  under: Promise<Result<T, UpstreamFailure>>,
  { signal }: Call,
): Promise<Result<T, UpstreamFailure>> {
  if (signal.aborted) return err(deadlinePassed('connecting'))
  const { promise, resolve } = Promise.withResolvers<Result<T, UpstreamFailure>>()
  const passed = () => resolve(err(deadlinePassed('connecting')))
  signal.addEventListener('abort', passed, { once: true })
  try {
    return await Promise.race([under, promise])
  } finally {
    signal.removeEventListener('abort', passed)
  }
}

async function exchange(upstream: Upstream, call: Call): Promise<Result<Issued, UpstreamFailure>> {
  const key = await readKeyFile(call)
  if (!key.ok) return key
  const endpoint = endpointOf(key.value, call.baseUrl)
  if (endpoint === undefined) return refused('names a token_uri that is neither https nor at the base URL')
  const assertion = assertionOf(key.value, endpoint.href, call.clock.now())
  if (!assertion.ok) return refused(assertion.error)

  const askedAtMs = call.clock.monotonic()
  // The assertion is what opens the door here, and so what no failure may repeat.
  const door = { ...call, baseUrl: endpoint.origin, credential: assertion.value }
  const answered = await upstream.requestJson(door, {
    method: 'POST',
    path: endpoint.pathname,
    headers: {},
    fields: { grant_type: GRANT_TYPE, assertion: assertion.value },
    read: (answer) => readToken(answer, call),
  })
  if (!answered.ok) return err(withoutCost(answered.error))
  const { secret, lifetimeMs } = answered.value
  return ok({ secret, project: key.value.project_id, freshUntilMs: askedAtMs + Math.max(0, lifetimeMs - EARLY_MS) })
}

/**
 * Where the assertion goes. Over TLS, or to whom the operator's base URL names; an address without a host is one there, which is how a
 * stand-in for Google has its own. Undefined: nowhere.
 */
function endpointOf({ token_uri: address }: KeyFile, baseUrl: string): URL | undefined {
  const base = URL.parse(baseUrl)
  const endpoint = URL.parse(address, base?.origin)
  if (endpoint === null || endpoint.username !== '' || endpoint.password !== '') return undefined
  return endpoint.protocol === 'https:' || endpoint.origin === base?.origin ? endpoint : undefined
}

function readToken(
  answer: Answer,
  { clock }: Call,
): Result<{ readonly secret: string; readonly lifetimeMs: number }, UpstreamFailure> {
  const told = TokenAnswer.safeParse(answer.value).data
  if (answer.status < 300 && told?.access_token !== undefined) {
    return ok({ secret: told.access_token, lifetimeMs: (told.expires_in ?? USUAL_LIFETIME_S) * 1000 })
  }
  const base = statusFailure(answer, clock)
  // A success without a token may still hold a secret of another name.
  if (answer.status < 300) return err({ ...base, kind: 'unavailable', message: 'It gave no token.', raw: '' })
  if (told?.error === undefined) return err(base)
  const words = [told.error, told.error_description].filter((text) => text !== undefined).join(': ')
  // Clock, key or account: whatever it is, the same file will not do better.
  const kind = answer.status === 400 ? 'unauthorized' : base.kind
  return err({ ...base, kind, code: told.error, message: `${words.replace(/\.$/, '')}.` })
}

/** Nothing was made yet, whatever happened; and what broke on the way may have been a token. */
function withoutCost({ retryAfterMs, status, code, ...failure }: UpstreamFailure): UpstreamFailure {
  return {
    kind: failure.kind === 'no_image' || failure.kind === 'rejected' ? 'unavailable' : failure.kind,
    billed: 'no',
    message: `Google's token endpoint: ${failure.message}`,
    raw: failure.kind === 'no_image' ? '' : failure.raw,
    ...(status !== undefined && { status }),
    ...(code !== undefined && { code }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
}
