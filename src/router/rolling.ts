const BUCKETS = 12

/** Calls, and the marked ones among them, of the last `spanMs`, in at most twelve buckets: the memory does not grow with the traffic. */
export interface Rolling {
  readonly spanMs: number
  /** Oldest first. */
  readonly buckets: readonly Bucket[]
}

interface Bucket extends Count {
  /** Monotonic milliseconds, a multiple of the bucket's width. */
  readonly from: number
}

export interface Count {
  readonly calls: number
  readonly marked: number
}

export function rolling(spanMs: number): Rolling {
  return { spanMs, buckets: [] }
}

/** With `change` added to what happened at `when`. Nothing changes for a moment that is no longer covered. */
export function counted(window: Rolling, when: number, now: number, change: Partial<Count>): Rolling {
  if (!covers(window, when, now)) return window
  const width = window.spanMs / BUCKETS
  const from = Math.floor(when / width) * width
  const kept = window.buckets.filter((bucket) => isCovered(bucket, window.spanMs, now))
  const found = kept.find((bucket) => bucket.from === from) ?? { from, calls: 0, marked: 0 }
  const changed = {
    from,
    calls: Math.max(0, found.calls + (change.calls ?? 0)),
    marked: Math.max(0, found.marked + (change.marked ?? 0)),
  }
  const others = kept.filter((bucket) => bucket.from !== from)
  return { ...window, buckets: [...others, changed].sort((a, b) => a.from - b.from) }
}

/** Whether the window still tells of `when`. */
export function covers({ spanMs }: Rolling, when: number, now: number): boolean {
  const width = spanMs / BUCKETS
  return isCovered({ from: Math.floor(when / width) * width }, spanMs, now)
}

/** What happened in the span up to `now`; the oldest bucket leaves as a whole, so it is up to a twelfth shorter than the span. */
export function total({ spanMs, buckets }: Rolling, now: number): Count {
  const counts = { calls: 0, marked: 0 }
  for (const bucket of buckets) {
    if (!isCovered(bucket, spanMs, now)) continue
    counts.calls += bucket.calls
    counts.marked += bucket.marked
  }
  return counts
}

function isCovered({ from }: { readonly from: number }, spanMs: number, now: number): boolean {
  return from > now - spanMs
}
