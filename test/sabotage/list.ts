import { EDGES } from './edges.ts'
import { MONEY } from './money.ts'
import type { Sabotage } from './sabotage.ts'

export const SABOTAGES: readonly Sabotage[] = [...MONEY, ...EDGES]
