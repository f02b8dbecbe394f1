import type { Config, Place } from '../config.ts'
import { systemClock } from '../core/clock.ts'
import { makeUpstream, type Upstream } from '../providers/http.ts'
import type { Call, Provider, UpstreamFailure } from '../providers/provider.ts'
import { makeProviders } from '../providers/registry.ts'

/** What was found out about one credential at one address, or about one picture. */
export interface ProviderFinding {
  readonly provider: string
  /** Where there are several credentials or addresses: `2 of 3`. */
  readonly place?: string
  /** `unasked`: nothing was found wrong, and nothing proven. */
  readonly state: 'ok' | 'wrong' | 'unasked'
  readonly text: string
  /** Of the picture that proved it, or failed to. */
  readonly generation?: string
  /** Decimal dollars. */
  readonly charge?: string
}

/** A question that costs nothing is answered in one second or not at all. */
const PATIENCE_MS = 10_000

/** Asks every configured credential at its address the provider's free question, all at once. */
export async function askProviders({ providers }: Pick<Config, 'providers'>): Promise<readonly ProviderFinding[]> {
  const upstream: Upstream = makeUpstream()
  try {
    const adapters = makeProviders(upstream)
    const asked = Object.entries(providers).flatMap(([id, { places }]) =>
      places.map(async (place, index): Promise<ProviderFinding> => {
        const found = await askPlace(adapters.get(id), place)
        return { provider: id, ...(places.length > 1 && { place: `${index + 1} of ${places.length}` }), ...found }
      }),
    )
    return await Promise.all(asked)
  } finally {
    await upstream.close()
  }
}

async function askPlace(
  provider: Provider | undefined,
  place: Place,
): Promise<Pick<ProviderFinding, 'state' | 'text'>> {
  if (provider?.check === undefined) {
    return { state: 'unasked', text: `${place.baseUrl} has no free question; --spend proves it with a picture` }
  }
  const found = await provider.check(freeCall(place))
  if (found.ok) return { state: 'ok', text: `${place.baseUrl}: ${found.value}` }
  return { state: 'wrong', text: `${place.baseUrl}: ${whatIsWrong(found.error).replaceAll(/\s+/g, ' ')}` }
}

function freeCall({ baseUrl, credential }: Place): Call {
  const startedAt = systemClock.monotonic()
  return {
    model: 'none',
    baseUrl,
    credential,
    signal: AbortSignal.timeout(PATIENCE_MS),
    clock: systemClock,
    remainingMs: () => startedAt + PATIENCE_MS - systemClock.monotonic(),
    submitted: async () => {},
    progress: () => {},
    intake: () => undefined,
    intakeBytes: () => ({ write: () => {}, end: () => {}, abort: () => {} }),
    departing: () => {},
  }
}

/** What an operator has to look for first, and behind it the provider's own words. */
function whatIsWrong({ kind, status, message }: UpstreamFailure): string {
  switch (kind) {
    case 'unauthorized':
      return `${ABOUT_THE_KEY[status ?? 0] ?? 'the credential is refused'}: ${message}`
    case 'unavailable':
      return `${status === undefined ? 'unreachable' : `answers ${status}`}: ${message}`
    case 'timeout':
      return `silent for ${PATIENCE_MS / 1000} seconds: ${message}`
    case 'rate_limited':
      return `takes no more requests for now: ${message}`
    case 'rejected':
    case 'refused':
    case 'no_image':
      return message
    default:
      return kind satisfies never
  }
}

const ABOUT_THE_KEY: Readonly<Record<number, string>> = {
  400: 'bad credential',
  401: 'bad credential',
  402: 'no credit',
  403: 'locked or not allowed',
}
