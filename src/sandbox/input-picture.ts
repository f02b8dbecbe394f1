import sharp from 'sharp'

/** A picture of a request, decoded to its end. */
export interface InputPicture {
  readonly bytes: Buffer
  /** In the words of media types: `png`, `jpeg`, `heif`. */
  readonly format: string
  readonly width: number
  readonly height: number
  readonly hasAlpha: boolean
}

/** Undefined: the bytes are no picture, or one that breaks off. */
export async function readPicture(bytes: Buffer): Promise<InputPicture | undefined> {
  try {
    const { format, width, height, hasAlpha } = await sharp(bytes).metadata()
    await sharp(bytes).resize(16, 16, { fit: 'fill' }).raw().toBuffer()
    return { bytes, format, width, height, hasAlpha }
  } catch {
    return undefined
  }
}

/** The picture of a data URL whose label is one of these types, and is right; undefined for anything else: the sandbox fetches nothing. */
export async function readDataUrl(url: unknown, types: readonly string[]): Promise<InputPicture | undefined> {
  const [, type = '', text = ''] = /^data:image\/(\w+);base64,(.+)$/su.exec(typeof url === 'string' ? url : '') ?? []
  const picture = types.includes(type) ? await readPicture(Buffer.from(text, 'base64')) : undefined
  return picture?.format === type ? picture : undefined
}

/** The picture of bare base64 without a stray character. */
export async function readBase64(text: unknown): Promise<InputPicture | undefined> {
  const isBase64 = typeof text === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(text)
  return isBase64 ? await readPicture(Buffer.from(text, 'base64')) : undefined
}

/** Whether nothing of it lets anything through, alpha channel or not. */
export async function isOpaque({ bytes }: InputPicture): Promise<boolean> {
  return (await sharp(bytes).stats()).isOpaque
}
