import type { PaidCallRules } from '../paid-call.ts'
import { isRefusal, type Refusal } from '../simulator.ts'
import { checkInput, type Task } from './check.ts'
import { type Complaint, complaints, NOT_FOUND, problem, refusalFor, tokenRefusal } from './errors.ts'
import { findModel, findVersion } from './models.ts'

const BODY_LIMIT = 100 * 1024 * 1024

/** A request for a prediction that can be run. */
export interface Asked {
  readonly task: Task
  readonly hook: string | undefined
  readonly events: readonly string[]
  readonly cancelAfterMs: number | undefined
  /** How long the answer is held back for the result. */
  readonly waitMs: number
}

const EVENTS = ['start', 'output', 'logs', 'completed']
const NO_VERSION = problem(
  422,
  'Invalid version or not permitted',
  'The specified version does not exist (or perhaps you don’t have permission to use it?)',
)

/** `name`: of the official model in the path; undefined: the body says the version. */
export function rulesOf(name: string | undefined): PaidCallRules<Asked> {
  return {
    simulator: 'replicate',
    method: 'predict',
    limitBytes: BODY_LIMIT,
    isQueued: true,
    refusal: refusalFor,
    async read({ headers, json }) {
      const refusal = tokenRefusal(headers.authorization)
      if (refusal !== undefined) return refusal
      const body = json()
      if (typeof body !== 'object' || body === null || Array.isArray(body)) return refusalFor(400)
      const asked = body as Readonly<Record<string, unknown>>
      const found = complainOf(asked, name === undefined)
      if (found.length > 0) return complaints(found)
      const waits = waitsOf(headers)
      if (isRefusal(waits)) return waits
      const version = String(asked['version'])
      const [id, model] = (name === undefined ? findVersion(version) : [name, findModel(name)]) ?? []
      if (id === undefined || model === undefined) return name === undefined ? NO_VERSION : NOT_FOUND
      const task = await checkInput(model, asked['input'])
      if (isRefusal(task)) return task
      const { webhook: hook, webhook_events_filter: events = EVENTS } = asked as Partial<Asked & WebhookFields>
      return { model: id, prompt: task.prompt, input: { task, hook, events, ...waits }, nanos: task.nanos }
    },
  }
}

interface WebhookFields {
  readonly webhook: string
  readonly webhook_events_filter: readonly string[]
}

const FIELDS = ['input', 'webhook', 'webhook_events_filter', 'stream']

function complainOf(body: Readonly<Record<string, unknown>>, saysVersion: boolean): readonly Complaint[] {
  const found: Complaint[] = []
  for (const name of Object.keys(body)) {
    if (!FIELDS.includes(name) && !(saysVersion && name === 'version'))
      found.push({ field: name, says: 'Additional property is not allowed' })
  }
  if (!('input' in body)) found.push({ field: 'input', says: 'input is required' })
  if (saysVersion && typeof body['version'] !== 'string') found.push({ field: 'version', says: 'version is required' })
  const { webhook, webhook_events_filter: events } = body
  // Without encryption only on this machine, where the real API calls nobody at all.
  const isCallable = typeof webhook === 'string' && /^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)[:/])/.test(webhook)
  if (webhook !== undefined && !isCallable)
    found.push({ field: 'webhook', says: 'The webhook must be an HTTPS address' })
  const areEvents = Array.isArray(events) && events.every((event) => EVENTS.includes(String(event)))
  if (events !== undefined && !areEvents)
    found.push({ field: 'webhook_events_filter', says: `Must be among: ${EVENTS.join(', ')}` })
  return found
}

const UNITS: Readonly<Record<string, number>> = { '': 1_000, s: 1_000, m: 60_000, h: 3_600_000 }

/** `Prefer: wait=10` and `Cancel-After: 5m`. */
function waitsOf(headers: NodeJS.Dict<string | string[]>): Pick<Asked, 'waitMs' | 'cancelAfterMs'> | Refusal {
  const { prefer, 'cancel-after': after } = headers
  const [isWait, seconds] = /^wait(?:=(\d+))?$/.exec(String(prefer)) ?? []
  const wait = isWait === undefined ? 0 : Number(seconds ?? 60)
  if (wait > 60) return complaints([{ field: 'Prefer', says: 'wait must be between 1 and 60 seconds' }])
  if (after === undefined) return { waitMs: wait * 1_000, cancelAfterMs: undefined }
  const [, amount, unit = ''] = /^(\d+)([smh]?)$/.exec(String(after)) ?? []
  const cancelAfterMs = Number(amount) * (UNITS[unit] ?? 1)
  return cancelAfterMs >= 5_000
    ? { waitMs: wait * 1_000, cancelAfterMs }
    : complaints([{ field: 'Cancel-After', says: 'must be a duration of at least 5 seconds' }])
}
