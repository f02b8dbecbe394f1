import { err, ok } from '../../core/result.ts'
import type { Upstream } from '../http.ts'
import type { Call, UpstreamFailure } from '../provider.ts'
import type { Quirks } from './quirks.ts'
import { credentialOf, pathUnder } from './way.ts'
import { readModels } from './wire.ts'

/** Milliseconds for which a server is believed to have what it had: it has to be started anew for another model. */
const BELIEVED_MS = 60_000

interface Known {
  readonly at: number
  /** Undefined: it did not say. */
  readonly models: readonly string[] | undefined
}

/**
 * What a server has loaded that paints with its one model whatever the request names: a picture by another model than was named must not
 * be handed over as that one's. Asked after a picture was made, since only then it matters, and not again within a minute; a server
 * that does not tell is believed.
 */
export function makeLoaded(upstream: Upstream, quirks: Quirks) {
  const servers = new Map<string, Known>()

  function recent({ baseUrl, clock }: Call): Known | undefined {
    const known = servers.get(baseUrl)
    return known !== undefined && clock.monotonic() - known.at < BELIEVED_MS ? known : undefined
  }

  async function ask(call: Call): Promise<readonly string[] | undefined> {
    const asked = await upstream.requestJson(call, {
      method: 'GET',
      path: pathUnder(call, '/models'),
      headers: credentialOf(call),
      read: (answer) => (answer.status < 300 ? ok(readModels(answer.value)) : err(noList(answer.status))),
    })
    return asked.ok ? asked.value : undefined
  }

  return {
    /** Without asking: why a call need not be made. */
    knownOther(call: Call): UpstreamFailure | undefined {
      return otherThan(call, recent(call)?.models, quirks)
    },
    async other(call: Call): Promise<UpstreamFailure | undefined> {
      const known = recent(call) ?? { at: call.clock.monotonic(), models: await ask(call) }
      servers.set(call.baseUrl, known)
      return otherThan(call, known.models, quirks)
    },
  }
}

/** Local directories and mirrors are named by their last part: `/models/Qwen-Image` is `Qwen/Qwen-Image`. */
function lastPart(id: string): string {
  return id.replace(/\/+$/, '').split('/').at(-1)?.toLowerCase() ?? ''
}

function otherThan(
  { model }: Call,
  models: readonly string[] | undefined,
  { slug }: Quirks,
): UpstreamFailure | undefined {
  const [first] = models ?? []
  if (models === undefined || first === undefined) return undefined
  if (models.some((id) => lastPart(id) === lastPart(model))) return undefined
  return {
    kind: 'unavailable',
    billed: 'no',
    message: `The server has loaded ${first}, not ${model}. In PLANTAIN_CATALOG a route {"provider":"${slug}","model":"${first}"} says which model that is.`,
    raw: '',
    code: 'other_model',
  }
}

function noList(status: number): UpstreamFailure {
  return { kind: 'unavailable', billed: 'no', status, message: 'The server lists no models.', raw: '' }
}
