import assert from 'node:assert/strict'

import { sha256 } from '../support/pictures.ts'
import type { Wish } from './wishes.ts'

/** A 200 whose body arrived to its last byte: a promise that no crash may break. */
export interface Acknowledged {
  readonly id: string
  readonly tag: string
  readonly hashes: readonly string[]
}

export interface Load {
  readonly acknowledged: readonly Acknowledged[]
  /** Generations that a 202 has promised the end of. */
  readonly promised: readonly string[]
  /** Answers by status; 0 where the connection broke, 299 where a stream told of a failure. */
  readonly answers: ReadonlyMap<number, number>
  /** Wishes with a key whose answer never came: asked again, they are the same purchase. */
  readonly pending: readonly Wish[]
  /** Lets no caller start another request; resolves when the last one has ended. */
  stop(): Promise<void>
}

export interface LoadOptions {
  readonly callers: number
  readonly wish: () => Wish
  /** Wishes of an earlier load, asked again first. */
  readonly pending?: readonly Wish[]
  /** Whether a caller whose connection broke goes on: the gateway stays. Default: waits for the next load. */
  readonly goesOn?: boolean
  /** Told of each refusal. */
  readonly onRefused?: (answer: Response) => void
}

const LONGEST_MS = 90_000

/** Broken off, in progress under the same key elsewhere, or told to come back. */
const UNANSWERED = new Set([0, 409, 503])

/** Pause of a caller whose connection broke, or who was told to come back later. */
const PAUSE_MS = 100

/** Callers that ask again as soon as they have an answer, each for something else. */
export function startLoad(urls: readonly string[], key: string, options: LoadOptions): Load {
  const { callers, wish, pending: earlier = [], goesOn = false, onRefused } = options
  const acknowledged: Acknowledged[] = []
  const promised: string[] = []
  const answers = new Map<number, number>()
  const pending: Wish[] = []
  const again = [...earlier]
  const stopping = new AbortController()

  async function loop(index: number): Promise<void> {
    const url = urls[index % urls.length] ?? ''
    while (!stopping.signal.aborted) {
      const next = again.shift() ?? wish()
      const status = await ask(url, next).catch(brokenOff)
      answers.set(status, (answers.get(status) ?? 0) + 1)
      if (!UNANSWERED.has(status)) continue
      if (next.isKeyed) pending.push(next)
      // The gateway is gone: this caller waits for the next load.
      if (status === 0 && !goesOn) return
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }

  async function ask(url: string, { path, headers, body, tag, n, isStreamed }: Wish): Promise<number> {
    const answer = await fetch(url + path, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${key}` },
      body,
      signal: AbortSignal.timeout(LONGEST_MS),
    })
    const text = await answer.text()
    const id = answer.headers.get('x-generation-id') ?? ''
    if (answer.status === 202) promised.push((JSON.parse(text) as { id: string }).id)
    if (answer.status >= 400) onRefused?.(answer)
    if (answer.status !== 200) return answer.status
    const hashes = picturesIn(text).map(sha256)
    if (isStreamed && hashes.length === 0) return 299
    assert.ok(id !== '' && hashes.length > 0 && hashes.length <= n, `${tag}: ${hashes.length} pictures in a 200`)
    acknowledged.push({ id, tag, hashes })
    return 200
  }

  const loops = Array.from({ length: callers }, (_, index) => loop(index))
  // What a caller finds wrong is told when the load is stopped.
  for (const each of loops) each.catch(() => {})
  return {
    acknowledged,
    promised,
    answers,
    pending,
    async stop() {
      stopping.abort()
      await Promise.all(loops)
      pending.push(...again)
    },
  }
}

/** A connection that broke is what happens here; an answer that is wrong is not. */
function brokenOff(error: unknown): 0 {
  if (error instanceof assert.AssertionError) throw error
  return 0
}

/** The final pictures of an answer in any dialect. */
export function picturesIn(text: string): readonly Buffer[] {
  const found = text.matchAll(/"b64_json":"([^"]+)"|data:image\/[a-z]+;base64,([^"]+)"/g)
  return [...found].map(([, bare, inUrl]) => Buffer.from(bare ?? inUrl ?? '', 'base64'))
}
