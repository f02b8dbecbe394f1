/** Epoch seconds of a day's first moment in UTC: `2026-10-06`. */
export function epochSeconds(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / 1000
}
