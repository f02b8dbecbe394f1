import sharp from 'sharp'

import { readDataUrl } from '../input-picture.ts'

const TYPES = ['png', 'jpeg', 'webp']

/** The picture of a data URL; undefined for anything else. */
export async function pictureOf(url: unknown): Promise<Buffer | undefined> {
  return (await readDataUrl(url, TYPES))?.bytes
}

/** A mask as the window's brush makes one: black and white alone, some of it white, of the picture's size. Otherwise what is wrong. */
export async function maskOver(picture: Buffer | undefined, url: unknown): Promise<Buffer | string> {
  const mask = await readDataUrl(url, TYPES)
  if (mask === undefined || picture === undefined) return 'maskBase64 format error'
  const { width, height } = await sharp(picture).metadata()
  if (mask.width !== width || mask.height !== height) return 'maskBase64 has the wrong size'
  if (mask.hasAlpha) return 'maskBase64 has an alpha channel'
  const values = new Set(await sharp(mask.bytes).toColourspace('b-w').extractChannel(0).raw().toBuffer())
  const isPure = [...values].every((value) => value === 0 || value === 255)
  return isPure && values.has(255) ? mask.bytes : 'maskBase64 is not black and white'
}
