import type { Warning } from '../core/receipt.ts'

/** Our extension of every answer: a `warnings` list, there only when there is something to warn about. */
export function warningsOf({ warnings }: { readonly warnings: readonly Warning[] }) {
  return warnings.length === 0 ? {} : { warnings: warnings.map((warning) => ({ ...warning })) }
}

/** Unix seconds of a receipt's ISO time. */
export function secondsOf(isoTime: string): number {
  return Math.floor(Date.parse(isoTime) / 1000)
}
