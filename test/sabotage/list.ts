import { CALLS } from './calls.ts'
import { DECODING } from './decoding.ts'
import { EDGES } from './edges.ts'
import { FAULTS } from './faults.ts'
import { MEMORY } from './memory.ts'
import { MONEY } from './money.ts'
import { OPENROUTER } from './openrouter.ts'
import { OUTBOUND } from './outbound.ts'
import { PROVIDERS } from './providers.ts'
import { ROUTING } from './routing.ts'
import { TENANTS } from './tenants.ts'
import { XAI } from './xai.ts'
import type { Sabotage } from './sabotage.ts'

export const SABOTAGES: readonly Sabotage[] = [
  ...MONEY,
  ...EDGES,
  ...ROUTING,
  ...OUTBOUND,
  ...CALLS,
  ...OPENROUTER,
  ...DECODING,
  ...MEMORY,
  ...FAULTS,
  ...TENANTS,
  ...PROVIDERS,
  ...XAI,
]
