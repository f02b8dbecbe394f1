import { setTimeout as sleep } from 'node:timers/promises'

import sharp from 'sharp'

import type { Call } from '../bill.ts'
import { amount, type Faults, withoutFaults } from '../faults.ts'
import { sha256 } from '../network-faults.ts'
import { paint } from '../painter.ts'
import { hashOf } from '../painting/random.ts'
import { damaged } from '../picture-faults.ts'
import { type Meaning, meaningOf } from './meaning.ts'
import type { FileName, Store } from './store.ts'
import { type Graph, outputsOf } from './validate.ts'

/** What is needed of a job to run it. */
export interface Work {
  readonly id: string
  readonly clientId: string
  readonly graph: Graph
  readonly extraData: Readonly<Record<string, unknown>>
  readonly faults: Faults
  /** Aborted when it is to stop. */
  readonly interruption: AbortController
}

/** How a run ended. */
export interface Ended {
  readonly outcome: Call['outcome']
  readonly event: 'execution_success' | 'execution_error' | 'execution_interrupted'
  readonly data: object
  readonly outputs: Outputs
  /** SHA-256 of each picture. */
  readonly made: readonly string[]
  /** Takes the bill's own note: the first download ends it. */
  readonly delivered?: (ended: Delivered) => void
}

export type Outputs = Readonly<Record<string, { readonly images: readonly FileName[] }>>

type Delivered = (complete: boolean) => void

interface RunnerOptions {
  readonly latencyMs: number
  readonly store: Store
  /** To the client that queued the job. */
  send(clientId: string, event: string, data: object): void
  sendPreview(clientId: string, picture: Buffer): void
}

const STEPS = 4
const PREVIEW_SIDE = 64
const OUTPUTS_REMEMBERED = 300

/** Runs graphs. One that was run before is not run again: it gives the files that it gave then. */
export function makeRunner({ latencyMs, store, send, sendPreview }: RunnerOptions) {
  /** Files by what they were made from. */
  const remembered = new Map<string, readonly FileName[]>()

  return async (job: Work, say: (event: string, data: object) => void): Promise<Ended> => {
    const { graph, faults, interruption } = job
    const meanings = outputsOf(graph).map((id) => ({ id, meaning: meaningOf(graph, id, store.annotated) }))
    const isKnown = meanings.every(({ meaning }) => remembered.has(meaning.fingerprint))
    say('execution_cached', { nodes: isKnown ? Object.keys(graph) : [] })
    try {
      if (!isKnown) await work(job, meanings[0]?.meaning)
    } catch (error) {
      if (!interruption.signal.aborted) throw error
      const data = { node_id: samplerOf(graph), node_type: 'KSampler', executed: [] }
      return { outcome: 'incomplete', event: 'execution_interrupted', data, outputs: {}, made: [] }
    }
    const failing = amount(faults, 'run-status')
    if (failing !== undefined) {
      const data = brokenRun(failing, samplerOf(graph))
      return { outcome: 'failed', event: 'execution_error', data, outputs: {}, made: [] }
    }
    const noted = Promise.withResolvers<Delivered>()
    const outputs: Record<string, { images: readonly FileName[] }> = {}
    for (const { id, meaning } of meanings) {
      const known = remembered.get(meaning.fingerprint)
      const prefix = graph[id]?.inputs['filename_prefix']
      outputs[id] = { images: known ?? (await paintAll(meaning, prefix, faults, noted.promise)) }
    }
    const missing = faults['no-image']
    const files = missing === undefined ? Object.values(outputs).flatMap(({ images }) => images) : []
    const emptied = Object.fromEntries(Object.keys(outputs).map((id) => [id, { images: [] }]))
    return {
      outcome: missing === undefined ? 'answered' : 'blocked',
      event: 'execution_success',
      data: {},
      outputs: missing === undefined ? outputs : missing.endsWith('missing') ? {} : emptied,
      made: files.map((file) => store.find(file)?.sha256 ?? ''),
      delivered: noted.resolve,
    }
  }

  /** The steps of the sampler, as long as they take. A job that hangs takes no last step, and can only be stopped. */
  async function work(
    { id, clientId, graph, faults, extraData, interruption }: Work,
    meaning: Meaning | undefined,
  ): Promise<void> {
    const node = samplerOf(graph)
    const { signal } = interruption
    send(clientId, 'executing', { node, prompt_id: id })
    const share = 0.6 + (0.8 * (hashOf(meaning?.prompt ?? '') % 1000)) / 1000
    const total = (amount(faults, 'delay') ?? 0) + latencyMs * share
    for (let value = 1; value <= STEPS; value += 1) {
      if (faults.hang !== undefined && value === STEPS) await sleep(2 ** 31 - 1, undefined, { signal, ref: false })
      await sleep(total / STEPS, undefined, { signal, ref: false })
      send(clientId, 'progress', { value, max: STEPS, prompt_id: id, node })
      const method = extraData['preview_method'] ?? 'none'
      if (method !== 'none' && meaning !== undefined) sendPreview(clientId, await previewOf(meaning, value))
    }
  }

  async function paintAll(
    meaning: Meaning,
    prefix: unknown,
    faults: Faults,
    noted: Promise<Delivered>,
  ): Promise<readonly FileName[]> {
    const { fingerprint, count } = meaning
    const half = 'wrong-size' in faults ? 2 : 1
    const width = Math.max(1, Math.floor(meaning.width / half))
    const height = Math.max(1, Math.floor(meaning.height / half))
    const files: FileName[] = []
    for (let index = 0; index < count; index += 1) {
      const painted = await paint({
        prompt: withoutFaults(meaning.prompt),
        seed: `${fingerprint}${index}`,
        width,
        height,
        format: 'png',
        references: meaning.references,
      })
      const bytes = damaged(painted, faults)
      const file = nameOf(prefix, fingerprint, index)
      const delivered = (complete: boolean) => void noted.then((ended) => ended(complete))
      const facts = { width, height, sha256: sha256(bytes), type: 'image/png' }
      store.put(file, { bytes, ...facts, faults, delivered, downloads: 0 })
      files.push(file)
    }
    remembered.set(fingerprint, files)
    for (const oldest of remembered.keys()) {
      if (remembered.size <= OUTPUTS_REMEMBERED) break
      remembered.delete(oldest)
    }
    return files
  }
}

export function samplerOf(graph: Graph): string {
  const sampler = Object.entries(graph).find(([, { class_type: type }]) => type === 'KSampler')
  return sampler?.[0] ?? Object.keys(graph)[0] ?? ''
}

/** Status 507 is what a GPU without room says; every other one a workflow that breaks. */
function brokenRun(status: number, node: string): object {
  const [type, message] =
    status === 507
      ? ['torch.OutOfMemoryError', 'Allocation on device 0 would exceed allowed memory. (out of memory)']
      : ['RuntimeError', 'mat1 and mat2 shapes cannot be multiplied (154x2048 and 768x320)']
  return {
    node_id: node,
    node_type: 'KSampler',
    executed: [],
    exception_message: message,
    exception_type: type,
    traceback: ['  File "/app/execution.py", line 496, in execute\n'],
    current_inputs: {},
    current_outputs: [],
  }
}

/** A small JPEG, the sharper the more steps were taken. */
async function previewOf({ prompt, fingerprint, width, height }: Meaning, step: number): Promise<Buffer> {
  const scale = PREVIEW_SIDE / Math.max(width, height)
  const side = (length: number) => Math.max(16, Math.round(length * scale))
  const size = { width: side(width), height: side(height) }
  const painted = await paint({ prompt: withoutFaults(prompt), seed: `${fingerprint}0`, ...size, format: 'jpeg' })
  return await sharp(painted)
    .blur(1 + STEPS - step)
    .jpeg()
    .toBuffer()
}

/** A node without a prefix only shows its pictures: they go to `temp`. */
function nameOf(prefix: unknown, fingerprint: string, index: number): FileName {
  const counter = String(index + 1).padStart(5, '0')
  if (typeof prefix !== 'string') {
    return { filename: `ComfyUI_temp_${fingerprint.slice(0, 8)}_${counter}_.png`, subfolder: '', type: 'temp' }
  }
  const cut = prefix.lastIndexOf('/')
  const subfolder = prefix.slice(0, Math.max(0, cut))
  return { filename: `${prefix.slice(cut + 1)}_${counter}_.png`, subfolder, type: 'output' }
}
