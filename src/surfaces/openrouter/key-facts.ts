import type { KeyFacts } from '../../core/ask.ts'
import { isoTime } from '../../core/clock.ts'
import { usdNumber, type Nanos } from '../../core/money.ts'

/** `GET /key`: the caller's own key. The official client requires every field but `expires_at`. */
export function presentOwnKey(facts: KeyFacts) {
  const isAdmin = facts.mode === 'admin'
  return {
    data: {
      ...common(facts),
      name: facts.name,
      mode: facts.mode,
      is_free_tier: false,
      is_management_key: isAdmin,
      is_provisioning_key: isAdmin,
      // Plantain has no free tier and limits no request rate of its own; -1 is OpenRouter's word for that.
      free_model_daily_requests: { limit: 0, remaining: 0, used: 0 },
      rate_limit: { requests: -1, interval: '10s', note: 'This gateway has no request rate limit of its own.' },
      creator_user_id: null,
      organization_id: null,
      allowed_data_regions: ['global'],
    },
  }
}

/** A key object of `/keys`. Times are ISO 8601 with seconds and zone: the official client refuses anything shorter. */
export function presentKey(facts: KeyFacts) {
  return {
    ...common(facts),
    hash: facts.hash,
    name: facts.name,
    mode: facts.mode,
    disabled: facts.disabled,
    created_at: isoTime(facts.createdAt),
    updated_at: facts.updatedAt === undefined ? null : isoTime(facts.updatedAt),
    creator_user_id: null,
    external_user: null,
  }
}

function common({ label, limit, limitRemaining, limitReset, usage, expiresAt, workspaceId }: KeyFacts) {
  return {
    label,
    limit: numberOrNull(limit),
    limit_remaining: numberOrNull(limitRemaining),
    limit_reset: limitReset ?? null,
    include_byok_in_limit: false,
    usage: usdNumber(usage.total),
    usage_daily: usdNumber(usage.daily),
    usage_weekly: usdNumber(usage.weekly),
    usage_monthly: usdNumber(usage.monthly),
    byok_usage: 0,
    byok_usage_daily: 0,
    byok_usage_weekly: 0,
    byok_usage_monthly: 0,
    expires_at: expiresAt === undefined ? null : isoTime(expiresAt),
    workspace_id: workspaceId,
  }
}

function numberOrNull(amount: Nanos | undefined): number | null {
  return amount === undefined ? null : usdNumber(amount)
}
