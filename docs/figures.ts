import { z } from 'zod'

/** One measurement of a long run, as it lies in test/figures/. */
export type Figure = z.output<typeof Figure>

const Figure = z.looseObject({
  /** One number or several, and what it was tried on: `M4 R7 both`. */
  promise: z.string().regex(/^[A-Z]\d+\b/, 'must begin with the number of a promise'),
  figure: z.union([z.string().min(1), z.record(z.string(), z.unknown())]),
  seed: z.union([z.string(), z.number()]).nullish(),
  /** ISO 8601; the day is what counts. */
  when: z.string().regex(/^\d{4}-\d{2}-\d{2}/, 'must be an ISO date'),
  claim: z.string().optional(),
  database: z.string().optional(),
  /** False when the run showed that the promise is not kept. */
  kept: z.boolean().optional(),
})

/** The measurements of one file. Throws when it holds anything else. */
export function readFigures(file: string, text: string): readonly Figure[] {
  const read = z.array(Figure).safeParse(JSON.parse(text))
  if (!read.success) throw new Error(`${file}: ${z.prettifyError(read.error)}`)
  return read.data
}

/** A promise's own measurements, short enough for a cell; many are only counted, since all stand in their own table. */
export function measuredFor(promise: string, figures: readonly Figure[]): string {
  const own = figures.filter((figure) => numbersIn(figure).includes(promise))
  if (own.length === 0) return 'quick form only'
  const broken = own.filter(({ kept }) => kept === false)
  if (broken.length > 0) return broken.map((figure) => `**not kept**, ${origin(figure)}`).join('<br>')
  if (own.length <= 2)
    return own.map((figure) => `${subject(figure)}${words(figure.figure)} (${origin(figure)})`).join('<br>')
  const origins = new Set(own.map(origin))
  return `${own.length} [figures](#figures), ${[...origins].join('; ')}`
}

/** Every measurement in a row. */
export function figureRows(figures: readonly Figure[]): readonly (readonly string[])[] {
  return figures
    .map((figure) => [
      numbersIn(figure).join(', '),
      subject(figure).replace(/: $/, ''),
      `${figure.kept === false ? '**not kept** ' : ''}${words(figure.figure)}`,
      origin(figure),
    ])
    .toSorted(([a = '', b = ''], [c = '', d = '']) => a.localeCompare(c, 'en', { numeric: true }) || b.localeCompare(d))
}

const NUMBER = /\b[A-Z]\d+\b/g

function numbersIn({ promise }: Figure): readonly string[] {
  return promise.match(NUMBER) ?? []
}

/** What was tried and on what: `sqlite: `. */
function subject({ promise, claim, database }: Figure): string {
  const rest = promise.replaceAll(NUMBER, '').trim()
  const parts = [rest, claim, database].filter((part) => part !== undefined && part !== '')
  return parts.length > 0 ? `${parts.join(', ')}: ` : ''
}

function origin({ seed, when }: Figure): string {
  return `${seed === undefined || seed === null ? '' : `seed ${seed}, `}${when.slice(0, 10)}`
}

/** Parts of a figure that are counted and not told. */
const MANY = 8

function words(figure: unknown): string {
  if (typeof figure !== 'object' || figure === null) return String(figure)
  const entries = Object.entries(figure).filter(([name]) => name !== 'replay')
  return entries.map(([name, value]) => `${spaced(name)} ${partWords(value)}`).join(', ')
}

function partWords(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  const count = Object.keys(value).length
  return count > MANY ? `of ${count} kinds` : `(${words(value)})`
}

/** `slowestMs` and `slowest_ms` as `slowest ms`. */
function spaced(name: string): string {
  return name
    .replaceAll(/([a-z])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`)
    .replaceAll('_', ' ')
}
