import { createHash } from 'node:crypto'
import sharp from 'sharp'

export interface InputPicture {
  readonly bytes: Buffer
  readonly mimeType: string
  readonly sha256: string
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
  const picture = { bytes, mimeType, sha256: createHash('sha256').update(bytes).digest('hex') }
  if (mimeType === 'image/heic' || mimeType === 'image/heif') {
    return bytes.toString('latin1', 4, 8) === 'ftyp' ? { ...picture, size: undefined } : UNREADABLE
  }
  try {
    const { format, width, height } = await sharp(bytes).metadata()
    if (`image/${format}` !== mimeType) {
      return `${UNREADABLE} The data is image/${format}, its mime_type says ${mimeType}.`
    }
    await sharp(bytes).resize(16, 16, { fit: 'fill' }).raw().toBuffer()
    return { ...picture, size: { width, height } }
  } catch {
    return UNREADABLE
  }
}

const UNREADABLE =
  'Unable to process input image. Please retry or report in https://developers.generativeai.google/guide/troubleshooting'
