import { fail, type Failure } from '../core/errors.ts'
import { err, ok, type Result } from '../core/result.ts'

/** How many URLs may be fetched for whom. In memory: each process counts its own. */
export interface FetchQuota {
  /** Takes places for all fetches of one request, or says why there are none; `using` or `release` gives them back. */
  take(workspace: string, fetches: number): Result<FetchPlaces, Failure>
}

export interface FetchPlaces extends Disposable {
  /** Harmless when repeated. */
  release(): void
}

/** One request's fetches, and those of a workspace at the same time. */
const LIMITS = { perRequest: 4, perWorkspace: 8 } as const

const SOON_MS = 2_000

export function makeFetchQuota({ perRequest, perWorkspace }: FetchLimits = LIMITS): FetchQuota {
  const taken = new Map<string, number>()

  function giveBack(workspace: string, fetches: number): void {
    const left = (taken.get(workspace) ?? 0) - fetches
    // A workspace without fetches leaves nothing behind.
    if (left > 0) taken.set(workspace, left)
    else taken.delete(workspace)
  }

  return {
    take(workspace, fetches) {
      if (fetches > perRequest) {
        const message = `At most ${perRequest} pictures of a request may be URLs, and these are ${fetches}: send the others as data URLs.`
        return err(fail('invalid_request', message))
      }
      const held = taken.get(workspace) ?? 0
      if (held + fetches > perWorkspace) {
        const message = `${held} URLs are being fetched for this workspace, and ${perWorkspace} at once are allowed: repeat the request shortly.`
        return err(fail('overloaded', message, { retryAfterMs: SOON_MS }))
      }
      if (fetches > 0) taken.set(workspace, held + fetches)
      let isReleased = false
      const release = (): void => {
        if (!isReleased) giveBack(workspace, fetches)
        isReleased = true
      }
      return ok({ release, [Symbol.dispose]: release })
    },
  }
}

interface FetchLimits {
  readonly perRequest: number
  readonly perWorkspace: number
}
