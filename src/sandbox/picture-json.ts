/** A picture's place in a JSON answer: its bytes become one long base64 string while they are sent, never before. */
export class PictureText {
  readonly bytes: Buffer
  readonly form: Base64Form
  /** What stands before the base64 in the same string: `data:image/png;base64,`. */
  readonly prefix: string

  constructor(bytes: Buffer, form: Base64Form = 'standard', prefix = '') {
    this.bytes = bytes
    this.form = form
    this.prefix = prefix
  }
}

export type Base64Form = 'standard' | 'urlsafe' | 'unpadded' | 'wrapped' | 'bad-character' | 'bad-quantum'

/** A piece of an answer: words, bytes as they are, or a picture that becomes base64. */
export type Segment = string | Buffer | PictureText

const MARK = 'plantain picture '
const PLACES = /"plantain picture (\d+)"/u

/** `pretty`: two spaces and line feeds, as whole answers come; `line`: one line with a space after each colon, as stream events do. */
export function jsonSegments(value: unknown, style: 'pretty' | 'line'): Segment[] {
  const pictures: PictureText[] = []
  const plain = replaced(value, pictures)
  const text = style === 'pretty' ? JSON.stringify(plain, undefined, 2) : oneLine(plain)
  // Splitting by a pattern with a group gives text, number, text, number, text.
  return text.split(PLACES).flatMap((piece, index): Segment[] => {
    const picture = index % 2 === 1 ? pictures[Number(piece)] : undefined
    return picture ? [`"${picture.prefix}`, picture, '"'] : [piece]
  })
}

function replaced(value: unknown, pictures: PictureText[]): unknown {
  if (value instanceof PictureText) return `${MARK}${pictures.push(value) - 1}`
  if (Array.isArray(value)) return value.map((item) => replaced(item, pictures))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, replaced(inner, pictures)]))
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).flatMap(([name, inner]) =>
    inner === undefined ? [] : [`${JSON.stringify(name)}: ${oneLine(inner)}`],
  )
  return `{${fields.join(',')}}`
}

/** Bytes of base64 per slice: a multiple of 3, and of 57 so that line breaks fall alike in every slice. */
const SLICE = 3 * 19 * 840

/** The segments as buffers of at most about 64 KiB, encoded one by one as they are taken. */
export function* encoded(segments: Iterable<Segment>): Generator<Buffer> {
  for (const segment of segments) {
    if (!(segment instanceof PictureText)) {
      const plain = Buffer.from(segment)
      for (let start = 0; start < plain.length; start += SLICE) yield plain.subarray(start, start + SLICE)
      continue
    }
    const { bytes, form } = segment
    const middle = Math.floor(bytes.length / SLICE / 2) * SLICE
    for (let start = 0; start < bytes.length; start += SLICE) {
      const isLast = start + SLICE >= bytes.length
      yield Buffer.from(inForm(bytes.subarray(start, start + SLICE), form, isLast, start === middle), 'latin1')
    }
  }
}

function inForm(slice: Buffer, form: Base64Form, isLast: boolean, isMiddle: boolean): string {
  const text = slice.toString('base64')
  switch (form) {
    case 'standard':
      return text
    case 'urlsafe':
      return text.replaceAll('+', '-').replaceAll('/', '_')
    case 'unpadded':
      return text.replaceAll('=', '')
    case 'wrapped':
      return text.replace(/.{76}/gu, String.raw`$&\r\n`)
    case 'bad-character':
      return isMiddle ? `${text.slice(0, 20)}*${text.slice(21)}` : text
    case 'bad-quantum':
      return isLast
        ? text.replace(/=*$/u, '').slice(0, -((text.replace(/=*$/u, '').length - 1) % 4) || undefined)
        : text
    default:
      return form satisfies never
  }
}
