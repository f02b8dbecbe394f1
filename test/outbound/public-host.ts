import type { RequestListener } from 'node:http'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

import { systemClock } from '../../src/core/clock.ts'
import { type GuardedFetch, type GuardedFetchParts, makeGuardedFetch } from '../../src/outbound/guarded-fetch.ts'
import { isGatewayFetch } from '../../src/outbound/loop-header.ts'
import { certificateFor } from '../support/certificate.ts'
import type { Sinkhole } from '../support/sinkhole.ts'
import { GATEWAY_HOST, PUBLIC_ADDRESS, PUBLIC_HOST } from './matrix.ts'

export const BODY = 'the bytes of a public host'

/** For every name of these tests, trusted by this process alone. */
export const publicCertificate = certificateFor(PUBLIC_HOST, GATEWAY_HOST, 'xn--bcher-kva.example', PUBLIC_ADDRESS)
setDefaultCACertificates([...getCACertificates('default'), publicCertificate.cert])

/** `/302?to=…` redirects with that status, `/loop` to itself, `/hops?left=20` twenty times and then inside. */
const publicSite: RequestListener = (request, response) => {
  const url = new URL(request.url ?? '/', `http://${PUBLIC_HOST}`)
  const left = Number(url.searchParams.get('left'))
  const status = /^\/(30[12378])$/.exec(url.pathname)?.[1]
  const redirect = (code: number, to: string) => response.writeHead(code, { location: rawHeader(to) }).end('moved')
  if (status !== undefined) return redirect(Number(status), decodeURIComponent(url.search.slice('?to='.length)))
  if (url.pathname === '/loop') return redirect(302, '/loop')
  if (left > 0) return redirect(302, left === 1 ? 'http://127.0.0.1/' : `/hops?left=${left - 1}`)
  return response.end(BODY)
}

/** A gateway as far as it is asked by URL: it does nothing for the connector. */
const gatewaySite: RequestListener = (request, response) =>
  response.writeHead(isGatewayFetch(request.headers) ? 508 : 200).end(BODY)

/** A connector with nothing around it but the sinkhole, two public sites in it. */
export async function outboundInto(sinkhole: Sinkhole, more: Partial<GuardedFetchParts> = {}): Promise<GuardedFetch> {
  await sinkhole.host(PUBLIC_HOST, [PUBLIC_ADDRESS], publicSite, publicCertificate)
  await sinkhole.host(GATEWAY_HOST, ['93.184.215.15'], gatewaySite, publicCertificate)
  const { resolve, connect } = sinkhole
  return makeGuardedFetch({ clock: systemClock, resolve, resolveTrusted: resolve, connect, ...more })
}

/** UTF-8 on the wire, as servers send it: Node writes headers as Latin-1. */
function rawHeader(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
