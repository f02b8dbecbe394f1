import { readPicture } from '../input-picture.ts'

export interface InputPicture {
  readonly bytes: Buffer
  /** Pixels; undefined for HEIC and HEIF, which are accepted unread for want of a decoder. */
  readonly size: { readonly width: number; readonly height: number } | undefined
}

const TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/heic', 'image/heif']

/** A picture of the request, decoded to its last row; or, as a string, why Google would refuse it. */
export async function readInputPicture(
  data: string | undefined,
  mimeType: string | undefined,
): Promise<InputPicture | string> {
  if (!mimeType || !TYPES.includes(mimeType)) return `Unsupported MIME type: ${mimeType ?? ''}`
  const bytes = Buffer.from(data ?? '', 'base64')
  if (mimeType === 'image/heic' || mimeType === 'image/heif') {
    return bytes.toString('latin1', 4, 8) === 'ftyp' ? { bytes, size: undefined } : UNREADABLE
  }
  const picture = await readPicture(bytes)
  if (picture === undefined) return UNREADABLE
  return `image/${picture.format}` === mimeType
    ? { bytes, size: picture }
    : `${UNREADABLE} The data is image/${picture.format}, its mime_type says ${mimeType}.`
}

const UNREADABLE =
  'Unable to process input image. Please retry or report in https://developers.generativeai.google/guide/troubleshooting'
