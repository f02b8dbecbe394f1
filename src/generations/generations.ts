import type { Mode } from '../core/receipt.ts'
import { makeFetchQuota } from '../outbound/quota.ts'
import type { Routing } from '../router/routing.ts'
import { type AdmitParts, makeAdmit } from './admit.ts'
import { type EngineParts, makeEngine } from './engine.ts'
import { makeEstimate } from './estimate.ts'
import { makeFetch } from './fetch.ts'
import { type GenerateParts, makeGenerate } from './generate.ts'
import { makeIdempotency } from './idempotency.ts'
import { makeRecover } from './recover.ts'
import { makeRepeatedFailures } from './repeated-failures.ts'

/** What is made here and belongs to one process. */
type Own = 'failover' | 'failures' | 'fetches' | 'idempotency' | 'standing'

export interface GenerationsParts extends Omit<AdmitParts & GenerateParts, Own> {
  readonly routing: Readonly<Record<Mode, Routing>>
  readonly onCrash: EngineParts['onCrash']
}

/** One process's generations: started and run by the engine, recovered after the death of others, read back. */
export function makeGenerations({ routing: { live, test }, onCrash, ...given }: GenerationsParts) {
  const parts = {
    ...given,
    failover: { live: live.failover, test: test.failover },
    standing: { live: live.health.standing, test: test.health.standing },
    failures: makeRepeatedFailures(),
    fetches: makeFetchQuota(),
    idempotency: makeIdempotency(given),
  }
  const recover = makeRecover({
    ...parts,
    isRunningHere: (id) => engine.inFlight().some((running) => running === id),
    onTaken: (agreed, undertaking, ended) => engine.take(agreed, undertaking, ended),
  })
  const fetch = makeFetch({ ...parts, recover })
  const admit = makeAdmit(parts)
  const engine = makeEngine({ ...parts, admit, generate: makeGenerate(parts), recall: fetch.recall, onCrash })
  return { engine, admit, recover, fetch, estimate: makeEstimate(parts), idempotency: parts.idempotency }
}
