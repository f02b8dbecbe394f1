import { request } from 'node:http'

const LOCAL = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** Tells a hook on this machine; the sandbox calls nobody else, whatever it is asked for. Whether anybody listens is not waited for. */
export function tellHook(address: string, document: unknown): void {
  const url = URL.parse(address)
  if (url === null || url.protocol !== 'http:' || !LOCAL.has(url.hostname)) return
  const sent = request(url, { method: 'POST', headers: { 'content-type': 'application/json' } })
  sent.on('error', () => {})
  sent.on('response', (response) => response.resume())
  sent.end(JSON.stringify(document))
}
