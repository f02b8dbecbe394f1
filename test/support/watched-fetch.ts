/** `fetch` for a client under test: counts what leaves it, its own retries included, and remembers what came back. */
export function watchedFetch() {
  let sent = 0
  let generationId = ''
  let events: Promise<string> | undefined
  return {
    fetch: async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      sent++
      const response = await fetch(input, init)
      generationId = response.headers.get('x-generation-id') ?? ''
      if (response.headers.get('content-type')?.startsWith('text/event-stream')) events = response.clone().text()
      return response
    },
    sent: () => sent,
    /** Of the last answer. */
    generationId: () => generationId,
    /** The last stream of events as it came over the wire. */
    events: async () => (await events) ?? '',
  }
}
