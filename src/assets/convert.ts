import type { Sharp } from 'sharp'

import type { Format } from '../core/image-request.ts'
import { err, ok, type Result } from '../core/result.ts'
import { ANSWER_LIMITS } from './usable.ts'

/** Makes one format of another. Pixels are decoded behind this port and nowhere else, so that it can be moved to a process of its own. */
export type Converter = (
  bytes: Buffer,
  format: Format,
  compression: number | undefined,
) => Promise<Result<Buffer, string>>

/** Conversions at once: each takes a thread of the pool in which the database and the disk also wait. */
const AT_ONCE = 2

/**
 * Converts with sharp, loaded by the first conversion. Metadata is dropped, the orientation it told is applied, colours become
 * sRGB. JPEG has no transparency: it is laid on white.
 */
export function makeSharpConverter(): Converter {
  const waiting: (() => void)[] = []
  let running = 0

  return async (bytes, format, compression) => {
    if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      const { default: sharp } = await import('sharp')
      const picture = sharp(bytes, { limitInputPixels: ANSWER_LIMITS.maxPixels, failOn: 'error' }).autoOrient()
      // sharp's own quality begins at 1.
      const quality = compression === undefined ? {} : { quality: Math.max(1, compression) }
      return ok(await ENCODE[format](picture, quality).toBuffer())
    } catch (error) {
      return err(
        `The picture could not be converted to ${format}: ${error instanceof Error ? error.message : String(error)}.`,
      )
    } finally {
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}

type Encode = (picture: Sharp, quality: { quality?: number }) => Sharp

const ENCODE: Readonly<Record<Format, Encode>> = {
  png: (picture) => picture.png(),
  jpeg: (picture, quality) => picture.flatten({ background: '#ffffff' }).jpeg(quality),
  webp: (picture, quality) => picture.webp(quality),
}
