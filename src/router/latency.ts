/** Good calls that are remembered. */
const SAMPLES = 100
/** With fewer, nothing is said. */
const ENOUGH = 10

/** With one more good call, in milliseconds; the oldest is forgotten. */
export function withSample(samples: readonly number[], ms: number): readonly number[] {
  return [...samples.slice(1 - SAMPLES), ms]
}

/** The smallest duration that at least `share` of the samples did not exceed; undefined while there are too few. */
export function quantile(samples: readonly number[], share: number): number | undefined {
  if (samples.length < ENOUGH) return undefined
  return samples.toSorted((a, b) => a - b)[Math.ceil(samples.length * share) - 1]
}
