/** Carried by every fetch of this connector, so that a gateway notices when it is asked to fetch from a gateway. */
export const FETCH_HEADER = 'x-plantain-fetch'

/** Whether a request comes from a gateway's connector. Answer such a request without doing anything for it. */
export function isGatewayFetch(headers: Readonly<Record<string, unknown>>): boolean {
  return headers[FETCH_HEADER] !== undefined
}
