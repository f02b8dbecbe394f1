import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

import type { Clock } from '../core/clock.ts'
import { fail, type Failure } from '../core/errors.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Principal } from './principal.ts'
import type { Accounts } from './store.ts'

const FORM = /^local-([0-9a-f]{64})\.(admin|test|live)$/

/** A secret of this process, for the command line of whoever owns the data directory. It is in no database and ends with the process. */
export interface LocalKey {
  /** `local-<64 hex>`; with `.admin`, `.test` or `.live` behind it, it is a key. */
  readonly key: string
  /** Undefined for a text that is no local key at all. Test and live act as the oldest usable key of that mode, so that its limits count. */
  authenticate(text: string): Promise<Result<Principal, Failure> | undefined>
}

export function makeLocalKey(accounts: Accounts, clock: Clock): LocalKey {
  const secret = randomBytes(32).toString('hex')
  return {
    key: `local-${secret}`,
    async authenticate(text) {
      const [, given = '', mode] = FORM.exec(text) ?? []
      if (mode === undefined) return undefined
      if (!timingSafeEqual(digest(given), digest(secret)))
        return err(fail('invalid_api_key', 'This local key belongs to another process.'))
      const workspaceId = await accounts.defaultWorkspaceId()
      if (mode === 'admin')
        return ok({ keyHash: digest(text).toString('hex'), workspaceId, mode, label: 'local admin', isLocal: true })
      const keys = await accounts.listKeys({ includeDisabled: false, offset: 0, limit: 1000, workspaceId })
      const now = clock.now()
      const oldest = keys.findLast((key) => key.mode === mode && (key.expiresAt ?? Infinity) > now)
      return oldest
        ? ok({ keyHash: oldest.hash, workspaceId, mode: mode === 'live' ? 'live' : 'test', label: oldest.label })
        : err(fail('forbidden', `There is no ${mode} key. Make one: plantain keys create --mode ${mode} --name first`))
    },
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
