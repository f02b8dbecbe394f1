/** Why a URL was not fetched, or not to its end. */
export interface FetchRefusal {
  /**
   * `not_allowed`: by the rules of this folder, without a byte sent to it. `unreachable`: no connection, or it broke. `bad_status`: not
   * a 200. `encoded`: compressed, although the request asked for the bytes as they are. `timeout`: too slow, or the caller gave up.
   */
  readonly reason: 'not_allowed' | 'unreachable' | 'bad_status' | 'too_large' | 'timeout' | 'encoded' | 'wrong_type'
  /** One sentence that starts with "The URL". Holds nothing that the other side said. */
  readonly message: string
  /** Of the answer, where there was one. */
  readonly status?: number
}

/**
 * Everything that the rules forbid is told in the same words. A name that does not exist is among it: whoever could tell it from one
 * that leads to a private address could read the names of the operator's own network.
 */
export const NOT_ALLOWED: FetchRefusal = {
  reason: 'not_allowed',
  message:
    'The URL may not be fetched: it has to be plain http or https on port 80 or 443, without credentials, at a host on the public internet.',
}

export function refusal(
  reason: Exclude<FetchRefusal['reason'], 'not_allowed'>,
  message: string,
  status?: number,
): FetchRefusal {
  return { reason, message, ...(status !== undefined && { status }) }
}

/** Thrown by a body that breaks off, takes too long or grows too large. */
export class FetchBroken extends Error {
  readonly refusal: FetchRefusal

  constructor(reason: FetchRefusal, options?: ErrorOptions) {
    super(reason.message, options)
    this.name = 'FetchBroken'
    this.refusal = reason
  }
}
