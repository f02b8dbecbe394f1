import type { Dice } from '../../src/ledger/test-ledger.ts'

/** One purchase as a caller asks for it; asked again with the same key it is the same purchase. */
export interface Wish {
  /** Names it on the simulator's bill and in the database: six digits. */
  readonly tag: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly isKeyed: boolean
  readonly isStreamed: boolean
  readonly n: number
}

export interface Road {
  readonly provider: string
  readonly model: string
  /** What makes its pictures small enough to be many and too large for a row. */
  readonly look: object
  /** Pictures of one call. */
  readonly perCall: number
}

/** A synchronous provider priced by tokens, one priced by pictures that reports its cost, and one whose jobs outlive us. */
export const ROADS: readonly Road[] = [
  { provider: 'google-ai-studio', model: 'google/gemini-nano-banana-2.1', look: {}, perCall: 1 },
  { provider: 'openrouter', model: 'recraft/recraft-v4', look: { output_format: 'webp' }, perCall: 6 },
  { provider: 'fal', model: 'black-forest-labs/flux.1-dev', look: { output_format: 'jpeg' }, perCall: 4 },
]

/** Few, so that the simulator paints each once; most wishes are for one of them. */
export const SUBJECTS = ['a heron', 'a lighthouse']

/** What goes wrong upstream now and then, beside our own deaths. */
const MISHAPS = ['status=503', 'status=400', 'truncate=20000', 'not-an-image', 'reset=after-request', 'drip=600000']

export interface WishOptions {
  /** Only on this road. */
  readonly road?: Road
  /** One of so many goes wrong upstream; 0: none. Default 10. */
  readonly mishapOneOf?: number
  /** Milliseconds that the provider takes at most. Default 150. */
  readonly slowestMs?: number
  readonly isKeyed?: boolean
  /** One picture by the images route, waited for: nothing but what is asked here is drawn. */
  readonly isPlain?: boolean
  /** One of so many is for a picture that nobody has made before, so that a file is written. Default 6. */
  readonly freshOneOf?: number
}

/** Wishes without end, each for something else. */
export function makeWishes(chance: Dice): (options?: WishOptions) => Wish {
  let count = 0
  const one = <T>(from: readonly T[]): T => from[chance.roll(from.length)] as T
  return (options = {}) => {
    const { road = one(ROADS), mishapOneOf = 10, slowestMs = 150, freshOneOf = 6, isPlain = false } = options
    const { isKeyed = chance.roll(3) === 0 } = options
    count += 1
    const tag = String(count).padStart(6, '0')
    const mishap = mishapOneOf > 0 && chance.roll(mishapOneOf) === 0 ? `,${one(MISHAPS)}` : ''
    const subject = chance.roll(freshOneOf) === 0 ? `a harbour with ${count} boats` : one(SUBJECTS)
    const prompt = `${subject}[[fault:delay=${chance.roll(slowestMs + 1)}.${tag}${mishap}]]`
    // Five of four to a call are two calls of different size.
    const n = isPlain || chance.roll(4) > 0 ? 1 : one(road.provider === 'fal' ? [2, 5] : [2, 3])
    const isStreamed = !isPlain && chance.roll(4) === 0
    const patience = isPlain ? undefined : chance.roll(8)
    const common = { model: road.model, n, stream: isStreamed, provider: { only: [road.provider] } }
    const isChat = !isPlain && chance.roll(3) === 0
    const messages = [{ role: 'user', content: prompt }]
    const path = isChat ? '/api/v1/chat/completions' : one(['/v1/images/generations', '/api/v1/images'])
    const body = isChat ? { ...common, messages, image_config: road.look } : { ...common, ...road.look, prompt }
    return {
      tag,
      path,
      body: JSON.stringify(body),
      headers: {
        'content-type': 'application/json',
        ...(isKeyed && { 'idempotency-key': `wish-${tag}` }),
        ...(!isStreamed && patience === 0 && { prefer: 'respond-async' }),
        ...(!isStreamed && patience === 1 && { prefer: 'wait=1' }),
      },
      isKeyed,
      isStreamed,
      n,
    }
  }
}

/** The tag in a prompt, in what was kept of a request, or in what the simulator was asked to do. */
export function tagIn(text: string): string | undefined {
  return /delay=\d+\.(\d{6})/.exec(text)?.[1]
}
