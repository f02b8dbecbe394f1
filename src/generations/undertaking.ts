import type { Clock } from '../core/clock.ts'
import type { Progress } from '../core/receipt.ts'
import { err, type Result } from '../core/result.ts'
import type { AttemptRow } from '../db/schema.ts'
import type { Call, Provider, UpstreamFailure } from '../providers/provider.ts'

/** A call that is under way, as far as taking it back goes. */
export interface UnderWay {
  /** Its first byte is about to leave: from here on only the provider can take it back. */
  departing(): void
  submitted(upstreamId: string): void
}

/** One generation while it runs in this process: its deadline, its news, and the calls that could be taken back. */
export interface Undertaking {
  /** Aborts when the deadline has passed or everything was taken back; nothing else aborts it. */
  readonly signal: AbortSignal
  readonly isCancelled: () => boolean
  /** Milliseconds until the deadline, by a clock that nobody sets. */
  remainingMs(): number
  progress(event: Progress): void
  /** Runs one call. `open` makes a Call to the same provider with the same credential, whenever it is asked. */
  during<T>(
    row: AttemptRow,
    open: (underWay: UnderWay) => Promise<Call>,
    work: (call: Call) => Promise<Result<T, UpstreamFailure>>,
  ): Promise<Result<T, UpstreamFailure>>
  /** The providers' own ids of calls that were submitted, by attempt. */
  readonly submitted: ReadonlyMap<string, string>
  /** Takes everything back that is under way, or nothing is changed. */
  cancel(): Promise<'cancelled' | 'too_late'>
  end(): void
}

interface UndertakingParts {
  /** Milliseconds from now. */
  readonly deadlineMs: number
  readonly clock: Clock
  readonly providers: ReadonlyMap<string, Provider>
  readonly onProgress: (event: Progress) => void
}

interface Entry {
  readonly row: AttemptRow
  readonly open: () => Promise<Call>
  departed: boolean
  upstreamId: string | undefined
  takenBack: boolean
}

export function startUndertaking({ deadlineMs, clock, providers, onProgress }: UndertakingParts): Undertaking {
  const controller = new AbortController()
  const timer = setTimeout(
    () => controller.abort(new DOMException('the deadline has passed', 'TimeoutError')),
    Math.max(0, deadlineMs),
  )
  // What is in flight keeps the process alive by itself, if anything does.
  timer.unref()
  const underWay = new Set<Entry>()
  const submitted = new Map<string, string>()
  const endsAt = clock.monotonic() + deadlineMs
  let isCancelled = false
  let isEnded = false

  return {
    signal: controller.signal,
    isCancelled: () => isCancelled,
    submitted,
    remainingMs: () => Math.max(0, endsAt - clock.monotonic()),
    progress: onProgress,
    async during(row, open, work) {
      if (isCancelled) return err(TAKEN_BACK)
      const entry: Entry = {
        row,
        open: () => open({ departing() {}, submitted() {} }),
        departed: false,
        upstreamId: row.upstream_id ?? undefined,
        takenBack: false,
      }
      underWay.add(entry)
      try {
        const call = await open({
          departing: () => void (entry.departed = true),
          submitted(upstreamId) {
            entry.upstreamId = upstreamId
            submitted.set(row.id, upstreamId)
          },
        })
        const outcome = await work(call)
        return entry.takenBack && !outcome.ok ? err(TAKEN_BACK) : outcome
      } finally {
        underWay.delete(entry)
      }
    },
    async cancel() {
      if (isCancelled) return 'cancelled'
      if (isEnded) return 'too_late'
      const entries = [...underWay].filter(hasLeft)
      const ways = entries.flatMap((entry) => takeBack(entry, providers) ?? [])
      if (ways.length < entries.length) return 'too_late'
      const verdicts = await Promise.all(ways.map(async (way) => await way().catch(() => 'too_late' as const)))
      for (const [index, entry] of entries.entries()) entry.takenBack = verdicts[index] === 'cancelled'
      // What has ended meanwhile, or could not be taken back, is delivered; what follows it is not. Nor can be what left meanwhile.
      if (verdicts.some((verdict) => verdict !== 'cancelled')) return 'too_late'
      if ([...underWay].some((entry) => hasLeft(entry) && !entry.takenBack)) return 'too_late'
      // The abort that follows in the same turn keeps the others from leaving.
      for (const entry of underWay) entry.takenBack = true
      isCancelled = true
      controller.abort(new DOMException('cancelled', 'AbortError'))
      return 'cancelled'
    },
    end() {
      isEnded = true
      clearTimeout(timer)
    },
  }
}

/** From here on only its provider can take it back. */
function hasLeft({ departed, upstreamId }: Entry): boolean {
  return departed || upstreamId !== undefined
}

/** How a call that has left can be taken back; undefined where it cannot. */
function takeBack(
  { row, open, upstreamId }: Entry,
  providers: ReadonlyMap<string, Provider>,
): (() => Promise<'cancelled' | 'too_late'>) | undefined {
  const provider = providers.get(row.provider)
  if (upstreamId === undefined || provider?.cancel === undefined) return undefined
  return async () => (await provider.cancel?.(upstreamId, await open())) ?? 'too_late'
}

const TAKEN_BACK: UpstreamFailure = { kind: 'timeout', billed: 'no', message: 'The call was cancelled.', raw: '' }
