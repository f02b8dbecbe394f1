import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Bill } from '../bill.ts'
import { amount, type Faults, readFaults } from '../faults.ts'
import { faultHeader, isMisdirected, misdirect, receive } from '../network-faults.ts'
import { type Refusal, sendRefusal } from '../simulator.ts'
import { parsed } from './body.ts'
import type { Machine, Submission } from './machine.ts'
import type { Store } from './store.ts'
import { checkGraph, isInvalid } from './validate.ts'

const BODY_LIMIT = 100 * 1024 * 1024
const PROMPT_FIELDS = new Set(['prompt', 'client_id', 'prompt_id', 'front', 'extra_data'])
const PREVIEW_METHODS = new Set<unknown>(['default', 'none', 'auto', 'latent2rgb', 'taesd'])
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/u

interface SubmitParts {
  readonly bill: Bill
  readonly machine: Machine
  readonly store: Store
}

/** POST /prompt. Whatever goes wrong on the way to the queue, asked for or not, is on the bill, at nothing. */
export function makeSubmit({ bill, machine, store }: SubmitParts) {
  return async (request: IncomingMessage, response: ServerResponse, turnedAway: Refusal | undefined): Promise<void> => {
    const asked = readFaults(faultHeader(request), '')
    const body = await receive(request, typeof asked === 'string' ? {} : asked, BODY_LIMIT)
    const json = parsed(body)
    const headerNames = Object.keys(request.headers).toSorted()
    const note = (faults: Faults, status: number | null) =>
      bill.record({
        simulator: 'comfyui',
        method: 'prompt',
        model: '',
        tier: null,
        images: 0,
        tokens: null,
        outcome: status === null ? 'incomplete' : status < 500 ? 'rejected' : 'failed',
        status,
        billed_nanos: '0',
        faults,
        header_names: headerNames,
        request_complete: body !== 'cut',
        request: json,
      })
    const refuse = (refusal: Refusal, faults: Faults = {}) => {
      note(faults, refusal.status)(true)
      sendRefusal(response, refusal)
    }
    if (body === 'cut') return void note(typeof asked === 'string' ? {} : asked, null)
    if (turnedAway) return refuse(turnedAway)
    if (body === 'too_large') return refuse({ status: 413, body: { error: 'Maximum request body size exceeded' } })
    if (json === undefined) return refuse({ status: 500, body: { error: 'Internal Server Error' } })
    const read = readFaults(faultHeader(request), body.toString('utf8', 0, 1_000_000))
    if (typeof read === 'string') return refuse(invalid('sandbox', read))
    const passed = amount(read, 'times')
    const isOver = passed !== undefined && bill.seen(JSON.stringify(json['prompt'])) >= passed
    const faults = isOver ? {} : read

    if (faults.reset === 'after-request') {
      note(faults, null)
      request.socket.resetAndDestroy()
      return
    }
    const status = amount(faults, 'status')
    if (status !== undefined && status !== 200) return refuse(refusalFor(status, faults['retry-after']), faults)
    if (isMisdirected(faults)) return note(faults, misdirect(response, faults))(true)

    const checked = check(json, faults)
    if ('status' in checked) return refuse(checked, faults)
    const number = machine.queue({ ...checked, faults, headerNames })
    const answer = JSON.stringify({ prompt_id: checked.id, number, node_errors: {} })
    response.writeHead(200, { 'content-type': faults['content-type'] ?? 'application/json; charset=utf-8' })
    response.end(faults['invalid-json'] === undefined ? answer : `${answer.slice(0, -1)}, oops`)
  }

  function check(
    json: Readonly<Record<string, unknown>>,
    faults: Faults,
  ): Omit<Submission, 'faults' | 'headerNames'> | Refusal {
    if (faults.refusal !== undefined) return invalid('sandbox', 'ComfyUI refuses nothing for what it shows.')
    const unknown = Object.keys(json).find((name) => !PROMPT_FIELDS.has(name))
    if (unknown !== undefined) return invalid('unknown_field', `There is no field ${unknown}.`)
    if (!('prompt' in json)) return invalid('no_prompt', 'No prompt provided')
    const { prompt, client_id: clientId = '', prompt_id: id = randomUUID(), front, extra_data: extra = {} } = json
    if (typeof id !== 'string' || !UUID.test(id)) return invalid('invalid_prompt_id', 'prompt_id must be a valid UUID')
    if (machine.knows(id)) return { status: 409, body: { error: 'prompt_id already exists' } }
    const extraData = typeof extra === 'object' && extra !== null ? (extra as Readonly<Record<string, unknown>>) : {}
    const strange = Object.keys(extraData).find((name) => name !== 'preview_method')
    if (strange !== undefined || !PREVIEW_METHODS.has(extraData['preview_method'] ?? 'none'))
      return invalid('unknown_field', `There is nothing like this in extra_data: ${JSON.stringify(extraData)}`)
    const graph = checkGraph(prompt, (name) => store.annotated(name) !== undefined)
    if (isInvalid(graph)) return { status: 400, body: graph }
    return { id, clientId: String(clientId), graph, extraData, isFirst: front === true }
  }
}

function invalid(type: string, message: string): Refusal {
  return { status: 400, body: { error: { type, message, details: message, extra_info: {} }, node_errors: {} } }
}

/** ComfyUI itself says little more than the status; 429 and 503 are a proxy's. */
function refusalFor(status: number, retryAfter: string | undefined): Refusal {
  if (status === 400) return invalid('invalid_prompt', 'The prompt is not one.')
  const headers = retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }
  return { status, body: { error: `Status ${status}` }, ...headers }
}
