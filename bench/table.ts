/** One contestant in one cell, once. */
export interface Measured {
  readonly contestant: string
  readonly size: string
  readonly repeat: number
  /** Answers per second at 32 in flight. */
  readonly perSecond: number
  /** Milliseconds of one request at a time. */
  readonly p50Alone: number
  /** Milliseconds of processor time per answer at 32 in flight. */
  readonly cpuMs: number
  /** Bytes. */
  readonly peakRss: number
  /** Milliseconds. */
  readonly delayP99: number
}

export const COLUMNS = [
  'answer',
  'contestant',
  '× pipe (answers/s at 32)',
  'answers/s',
  'p50 alone, ms',
  'CPU ms per answer',
  'peak RSS, MB',
  'event-loop delay p99, ms',
] as const

const BEGIN = '<!-- bench: written by `npm run bench -- --write` -->'
const END = '<!-- /bench -->'

/** Medians over the repeats; throughput as the median of the ratios to the pipe within each repeat. */
export function table(measured: readonly Measured[]): string {
  const rows = group(measured, ({ size, contestant }) => `${size}\n${contestant}`).map((cell) => {
    const [first] = cell
    const ratios = cell.flatMap((sample) => {
      const floor = measured.find(
        ({ size, repeat, contestant }) =>
          size === sample.size && repeat === sample.repeat && contestant === 'plain Node pipe',
      )
      return floor ? [sample.perSecond / floor.perSecond] : []
    })
    return [
      first?.size,
      first?.contestant,
      median(ratios).toFixed(2),
      median(cell.map(({ perSecond }) => perSecond)).toFixed(0),
      median(cell.map(({ p50Alone }) => p50Alone)).toFixed(1),
      median(cell.map(({ cpuMs }) => cpuMs)).toFixed(1),
      (median(cell.map(({ peakRss }) => peakRss)) / 1e6).toFixed(0),
      median(cell.map(({ delayP99 }) => delayP99)).toFixed(0),
    ]
  })
  return [COLUMNS, COLUMNS.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/** The README with this table between its markers. */
export function withTable(readme: string, text: string): string {
  const from = readme.indexOf(BEGIN)
  const to = readme.indexOf(END)
  if (from < 0 || to < from) throw new Error(`the README has no place for the table: ${BEGIN} … ${END}`)
  return `${readme.slice(0, from + BEGIN.length)}\n\n${text}\n\n${readme.slice(to)}`
}

function group<T>(values: readonly T[], key: (value: T) => string): readonly (readonly T[])[] {
  return [...Map.groupBy(values, key).values()]
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
