import { sha256 } from '../network-faults.ts'
import type { Received, Understood } from '../paid-call.ts'
import { isRefusal, type Refusal } from '../simulator.ts'
import { type Complaint, complain, type Fields, fieldsOf, type Rules } from './fields.ts'
import type { Job } from './job.ts'

/** How one path of a server is read. */
export interface Reading {
  readonly rules: Rules
  readonly required: readonly string[]
  complaint(found: Complaint): Refusal
  /** Neither JSON nor a form, whichever it has to be. */
  readonly unreadable: Refusal
  job(fields: Fields): Promise<Job | Refusal> | Job | Refusal
  /** Nano-dollars of everything that the job asks for. */
  price(job: Job): bigint
}

export function readJsonBody(reading: Reading) {
  return async (received: Received): Promise<Understood<Job> | Refusal> => {
    const body = received.json()
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return reading.unreadable
    return await understood(reading, body as Fields)
  }
}

export function readFormBody(reading: Reading) {
  return async (received: Received): Promise<Understood<Job> | Refusal> => {
    const isForm = received.headers['content-type']?.startsWith('multipart/form-data') === true
    const form = isForm ? await received.form() : undefined
    if (form === undefined) return reading.unreadable
    const fields = fieldsOf(form, reading.rules)
    const read = await understood(reading, fields)
    return isRefusal(read) ? read : { ...read, summary: await summaryOf(fields) }
  }
}

async function understood(reading: Reading, fields: Fields): Promise<Understood<Job> | Refusal> {
  const found = complain(reading.rules, reading.required, fields)
  if (found !== undefined) return reading.complaint(found)
  const job = await reading.job(fields)
  return isRefusal(job) ? job : { model: job.model, prompt: job.prompt, input: job, nanos: reading.price(job) }
}

/** A form as the bill keeps it: each file as its size and SHA-256. */
async function summaryOf(fields: Fields): Promise<object> {
  const told = async (value: unknown): Promise<unknown> => {
    if (Array.isArray(value)) return await Promise.all(value.map(told))
    if (!(value instanceof File)) return value
    const bytes = Buffer.from(await value.arrayBuffer())
    return { bytes: bytes.length, sha256: sha256(bytes) }
  }
  const entries = Object.entries(fields).map(async ([name, value]) => [name, await told(value)] as const)
  return Object.fromEntries(await Promise.all(entries))
}
