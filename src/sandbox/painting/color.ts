/** `#rrggbb` between two colours; 0 gives the first, 1 the second. */
export function mix(from: string, to: string, share: number): string {
  const a = channels(from)
  const b = channels(to)
  const t = Math.min(1, Math.max(0, share))
  return `#${a.map((channel, index) => hex(channel + ((b[index] ?? 0) - channel) * t)).join('')}`
}

function channels(color: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16))
}

function hex(channel: number): string {
  return Math.round(channel).toString(16).padStart(2, '0')
}

export interface Stop {
  readonly at: number
  readonly color: string
  readonly opacity?: number
}

/** An SVG gradient from top to bottom of the shape that it fills. */
export function verticalGradient(id: string, stops: readonly Stop[]): string {
  return `<linearGradient id="${id}" x1="0" y1="0" x2="0" y2="1">${stops.map(stop).join('')}</linearGradient>`
}

export function radialGradient(id: string, stops: readonly Stop[]): string {
  return `<radialGradient id="${id}">${stops.map(stop).join('')}</radialGradient>`
}

function stop({ at, color, opacity = 1 }: Stop): string {
  return `<stop offset="${at}" stop-color="${color}" stop-opacity="${opacity}"/>`
}

/** SVG numbers need no more than a hundredth of a pixel. */
export function round(value: number): string {
  return String(Math.round(value * 100) / 100)
}
