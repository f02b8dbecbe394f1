/** One call as the simulator saw it. JSON as `GET /_sandbox/bill` tells it, hence the names. */
export interface Call {
  readonly n: number
  readonly simulator: string
  readonly method: string
  readonly model: string
  readonly tier: string | null
  /** Pictures made, whether or not they arrived. */
  readonly images: number
  /** SHA-256 of the bytes of each picture in the answer, in its order. */
  readonly pictures?: readonly string[]
  readonly tokens: Readonly<Record<string, number>> | null
  readonly outcome: 'answered' | 'blocked' | 'rejected' | 'failed' | 'incomplete'
  /** Null when no status line was sent. */
  readonly status: number | null
  readonly billed_nanos: string
  readonly faults: Readonly<Record<string, string>>
  readonly header_names: readonly string[]
  /** Whether the body was received, and the answer sent, to its end. */
  readonly request_complete: boolean
  readonly answer_complete: boolean
  /** The request as it came, each long base64 string as its size and SHA-256; kept for the last calls only. */
  readonly request?: unknown
}

/** What a provider would put on its bill, and what it was sent: for tests that compare it with the gateway's books. */
export interface Bill {
  /** Adds a call and returns a function that tells how its answer ended. */
  record(call: Omit<Call, 'n' | 'answer_complete'>): (answerComplete: boolean) => void
  /** How often this was asked before, for faults that pass: counts up with each question. */
  seen(key: string): number
  report(): BillReport
  reset(): void
}

export interface BillReport {
  readonly calls: number
  readonly billed_nanos: string
  readonly models: Readonly<
    Record<string, { readonly calls: number; readonly images: number; readonly billed_nanos: string }>
  >
  /** Newest last, at most 10,000. */
  readonly recent: readonly Call[]
}

const CALLS_KEPT = 10_000
const REQUESTS_KEPT = 100
const KEYS_KEPT = 10_000

export function makeBill(): Bill {
  let recent: Call[] = []
  let count = 0
  let total = 0n
  const models = new Map<string, { calls: number; images: number; billed: bigint }>()
  const asked = new Map<string, number>()
  return {
    record(facts) {
      const call = { ...facts, n: ++count, answer_complete: false }
      recent.push(call)
      total += BigInt(call.billed_nanos)
      const sum = models.get(call.model) ?? { calls: 0, images: 0, billed: 0n }
      models.set(call.model, {
        calls: sum.calls + 1,
        images: sum.images + call.images,
        billed: sum.billed + BigInt(call.billed_nanos),
      })
      const outdated = recent[recent.length - 1 - REQUESTS_KEPT]
      if (outdated) recent[recent.length - 1 - REQUESTS_KEPT] = { ...outdated, request: undefined }
      if (recent.length > 1.1 * CALLS_KEPT) recent = recent.slice(-CALLS_KEPT)
      return (answerComplete) => {
        const index = recent.findLastIndex(({ n }) => n === call.n)
        const kept = recent[index]
        if (kept) recent[index] = { ...kept, answer_complete: answerComplete }
      }
    },
    seen(key) {
      const before = asked.get(key) ?? 0
      if (asked.size >= KEYS_KEPT) asked.clear()
      asked.set(key, before + 1)
      return before
    },
    report: () => ({
      calls: count,
      billed_nanos: String(total),
      models: Object.fromEntries(
        [...models].map(([model, { calls, images, billed }]) => [
          model,
          { calls, images, billed_nanos: String(billed) },
        ]),
      ),
      recent: recent.slice(-CALLS_KEPT),
    }),
    reset() {
      recent = []
      count = 0
      total = 0n
      models.clear()
      asked.clear()
    },
  }
}
