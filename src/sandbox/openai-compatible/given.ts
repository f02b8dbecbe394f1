import sharp from 'sharp'

import { type InputPicture, readPicture } from '../input-picture.ts'

/** Files of a form, data URLs, or bare base64 where that is what the server takes. Undefined: one of them is none. */
export async function readPictures(
  value: unknown,
  way: 'file' | 'data URL' | 'bare',
): Promise<readonly InputPicture[] | undefined> {
  const all: readonly unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value]
  const given: InputPicture[] = []
  for (const each of all) {
    const bytes = await bytesOf(each, way)
    const picture = bytes && (await readPicture(bytes))
    if (picture === undefined) return undefined
    given.push(picture)
  }
  return given
}

async function bytesOf(value: unknown, way: 'file' | 'data URL' | 'bare'): Promise<Buffer | undefined> {
  if (way === 'file') return value instanceof File ? Buffer.from(await value.arrayBuffer()) : undefined
  if (typeof value !== 'string') return undefined
  const [, text] =
    (way === 'data URL' ? /^data:image\/(?:png|jpeg|webp);base64,(.+)$/su : /^([\w+/=]+)$/u).exec(value) ?? []
  return text === undefined ? undefined : Buffer.from(text, 'base64')
}

/** How much of a mask is transparent or white, 0 to 1: what is repainted shows in the picture. */
export async function shareOf(mask: InputPicture, part: 'transparent' | 'white'): Promise<number> {
  const picture = sharp(mask.bytes)
  const one = part === 'transparent' ? picture.ensureAlpha().extractChannel('alpha') : picture.removeAlpha().greyscale()
  const { channels } = await one
    .raw()
    .toBuffer({ resolveWithObject: true })
    .then(({ data, info }) => sharp(data, { raw: info }).stats())
  const mean = (channels[0]?.mean ?? 0) / 255
  return part === 'transparent' ? 1 - mean : mean
}
