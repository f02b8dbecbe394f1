import sharp from 'sharp'

/** The picture of a data URL; undefined for anything else. */
export async function pictureOf(uri: unknown): Promise<Buffer | undefined> {
  const [, type, text] = /^data:image\/(png|jpeg|webp);base64,(.+)$/su.exec(typeof uri === 'string' ? uri : '') ?? []
  if (text === undefined) return undefined
  const bytes = Buffer.from(text, 'base64')
  try {
    await sharp(bytes).resize(16, 16, { fit: 'fill' }).raw().toBuffer()
    return (await sharp(bytes).metadata()).format === type ? bytes : undefined
  } catch {
    return undefined
  }
}

/** A mask as the window's brush makes one: black and white alone, some of it white, of the picture's size. Otherwise what is wrong. */
export async function maskOver(picture: Buffer | undefined, uri: unknown): Promise<Buffer | string> {
  const mask = await pictureOf(uri)
  if (mask === undefined || picture === undefined) return 'maskBase64 format error'
  const [over, below] = await Promise.all([sharp(mask).metadata(), sharp(picture).metadata()])
  if (over.width !== below.width || over.height !== below.height) return 'maskBase64 has the wrong size'
  if (over.hasAlpha) return 'maskBase64 has an alpha channel'
  const values = new Set(await sharp(mask).toColourspace('b-w').extractChannel(0).raw().toBuffer())
  const isPure = [...values].every((value) => value === 0 || value === 255)
  return isPure && values.has(255) ? mask : 'maskBase64 is not black and white'
}
