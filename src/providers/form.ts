import { randomBytes } from 'node:crypto'

import { Base64Decoder } from '../core/base64.ts'
import type { JsonBlob } from '../core/json-blob.ts'
import type { OutgoingBody } from './exchange.ts'

/** One field of a form: text, or a picture as a file. */
export type FormPart =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly blob: JsonBlob; readonly fileName: string; readonly mediaType: string }

export interface FormBody extends OutgoingBody {
  readonly contentType: string
}

/**
 * A `multipart/form-data` body (RFC 7578) with an exact length. Pictures go out as the bytes they are, decoded in pieces of at most
 * 64 KiB while the chunks are iterated. A text is written as UTF-8, whatever is in it: the boundary is random and longer than luck.
 */
export async function writeForm(parts: readonly FormPart[]): Promise<FormBody> {
  const boundary = `plantain-${randomBytes(18).toString('hex')}`
  const pieces: Piece[] = []
  for (const part of parts) {
    pieces.push(Buffer.from(`--${boundary}\r\n${headersOf(part)}\r\n\r\n`))
    pieces.push(
      'value' in part ? Buffer.from(part.value) : { blob: part.blob, byteLength: await binaryLength(part.blob) },
    )
    pieces.push(LINE_END)
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`))
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    byteLength: pieces.reduce((total, { byteLength }) => total + byteLength, 0),
    chunks: { [Symbol.asyncIterator]: () => chunksOf(pieces) },
  }
}

type Piece = Buffer | { readonly blob: JsonBlob; readonly byteLength: number }

const LINE_END = Buffer.from('\r\n')

function headersOf(part: FormPart): string {
  const disposition = `content-disposition: form-data; name="${quoted(part.name)}"`
  if ('value' in part) return disposition
  return `${disposition}; filename="${quoted(part.fileName)}"\r\ncontent-type: ${part.mediaType}`
}

/** As browsers do it: what would end the quotes or the line is percent-encoded. */
function quoted(text: string): string {
  return text.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

async function* chunksOf(pieces: readonly Piece[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    if (Buffer.isBuffer(piece)) yield piece
    else yield* bytesOf(piece.blob)
  }
}

/** A picture's bytes, wherever and however they are kept. Throws on base64 that admission has to refuse. */
async function* bytesOf({ form, slices, spilled }: JsonBlob): AsyncGenerator<Buffer> {
  if (form === 'text') throw new TypeError('a text is no picture')
  const source = spilled ?? slices
  if (form === 'binary') {
    yield* source
    return
  }
  const decoder = new Base64Decoder('tolerant')
  for await (const slice of source) yield* taken(decoder.write(slice))
  yield* taken(decoder.end())
}

function taken(decoded: ReturnType<Base64Decoder['end']>): readonly Buffer[] {
  if (!decoded.ok) throw new TypeError(decoded.error.message)
  return decoded.value
}

async function binaryLength(blob: JsonBlob): Promise<number> {
  if (blob.form === 'binary') return blob.byteLength
  let length = 0
  for await (const bytes of bytesOf(blob)) length += bytes.length
  return length
}
