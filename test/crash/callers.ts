import type { Dice } from '../../src/ledger/test-ledger.ts'
import { sha256 } from '../support/pictures.ts'

/** A 200 whose body arrived to its last byte: a promise that no crash may break. */
export interface Acknowledged {
  readonly id: string
  readonly hashes: readonly string[]
}

export interface Load {
  readonly acknowledged: readonly Acknowledged[]
  /** Answers by status; 0 where the connection broke. */
  readonly answers: ReadonlyMap<number, number>
  /** Lets no caller start another request; resolves when the last one has ended. */
  stop(): Promise<void>
}

const MODEL = 'google/gemini-nano-banana-2.1'

/** Few, so that the simulator paints each once. */
export const SUBJECTS = ['a heron', 'an otter', 'a lighthouse', 'a tram', 'a fig tree', 'a harbour']

/** What goes wrong upstream now and then, beside our own deaths. */
const MISHAPS = [
  'status=503',
  'status=400',
  'refusal=finish:IMAGE_SAFETY',
  'truncate=20000',
  'not-an-image',
  'reset=after-request',
]

/** Callers that ask again as soon as they have an answer, each for something else. */
export function startLoad(url: string, key: string, callers: number, chance: Dice): Load {
  const acknowledged: Acknowledged[] = []
  const answers = new Map<number, number>()
  const stopping = new AbortController()

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      const status = await ask(url, key, chance, acknowledged).catch(() => 0)
      answers.set(status, (answers.get(status) ?? 0) + 1)
      // The gateway is gone: this caller waits for the next load.
      if (status === 0) return
    }
  }

  const loops = Array.from({ length: callers }, loop)
  return {
    acknowledged,
    answers,
    async stop() {
      stopping.abort()
      await Promise.all(loops)
    },
  }
}

async function ask(url: string, key: string, chance: Dice, acknowledged: Acknowledged[]): Promise<number> {
  const subject = SUBJECTS[chance.roll(SUBJECTS.length)] ?? ''
  const mishap = chance.roll(10) === 0 ? `,${MISHAPS[chance.roll(MISHAPS.length)]}` : ''
  const prompt = `${subject}[[fault:delay=${chance.roll(150)}${mishap}]]`
  const n = chance.roll(6) === 0 ? 2 : 1
  const [path, body] =
    chance.roll(2) === 0
      ? ['/v1/images/generations', { model: MODEL, prompt, n }]
      : ['/api/v1/chat/completions', { model: MODEL, messages: [{ role: 'user', content: prompt }] }]
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  })
  const text = await answer.text()
  if (answer.status === 200) {
    const pictures = [...text.matchAll(/"b64_json":"([^"]+)"|data:image\/[a-z]+;base64,([^"]+)"/g)]
    acknowledged.push({
      id: answer.headers.get('x-generation-id') ?? '',
      hashes: pictures.map(([, bare, inUrl]) => sha256(Buffer.from(bare ?? inUrl ?? '', 'base64'))),
    })
  }
  return answer.status
}
