import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import sharp from 'sharp'
import type { OutputInfo, Sharp } from 'sharp'
import { editScene } from './painting/edit.ts'
import { grainFor } from './painting/grain.ts'
import { scene } from './painting/scene.ts'
import { signs } from './painting/signs.ts'

export interface Painting {
  readonly prompt: string
  readonly seed?: number | string
  /** Pixels of the file, exactly. */
  readonly width: number
  readonly height: number
  readonly format: 'png' | 'jpeg' | 'webp'
  /** 1 to 100, for JPEG and WebP; 96 and 92 when absent, which gives the weight that real models' pictures have. */
  readonly quality?: number
  /** Encoded pictures that sharp can read; with any, the painting is an edit of the first. */
  readonly references?: readonly Buffer[]
}

/**
 * `fine` looks and weighs as real pictures do. `coarse` is the same drawing in few and large pixels and without grain, in a tenth of the
 * time: for test suites, which look at nothing but what a picture was made from.
 */
export type Detail = 'fine' | 'coarse'

/** librsvg's time grows faster than the area, and beyond this nothing but grain and lettering gains from more pixels. */
const DRAWN_PIXELS: Readonly<Record<Detail, number>> = { fine: 900 * 900, coarse: 256 * 256 }
const CACHE_BYTES = 48 * 1024 * 1024

const cache = new LRUCache<string, Buffer>({ maxSize: CACHE_BYTES, sizeCalculation: ({ length }) => length })
const underWay = new Map<string, Promise<Buffer>>()
const detailWanted = new AsyncLocalStorage<Detail>()

/** Whatever `work` has painted, and whatever it sets going, is painted in this detail; `fine` where nobody said anything. */
export function paintingIn<T>(detail: Detail, work: () => T): T {
  return detailWanted.run(detail, work)
}

/**
 * Draws the prompt: a scene chosen by its words, its beginning as a caption, a SANDBOX mark, film grain. The same arguments give the
 * same bytes. The last 48 MiB of pictures are remembered, so do not change the buffer. Throws when a reference cannot be decoded.
 */
export async function paint(painting: Painting): Promise<Buffer> {
  const detail = detailWanted.getStore() ?? 'fine'
  const key = `${detail} ${keyOf(painting)}`
  const known = cache.get(key) ?? underWay.get(key)
  if (known) return known
  const work = draw(painting, detail)
  underWay.set(key, work)
  try {
    const picture = await work
    cache.set(key, picture)
    return picture
  } finally {
    underWay.delete(key)
  }
}

async function draw(
  { prompt, seed = '', width, height, format, quality, references = [] }: Painting,
  detail: Detail,
): Promise<Buffer> {
  const scale = Math.min(1, Math.sqrt(DRAWN_PIXELS[detail] / (width * height)))
  const drawnWidth = Math.max(1, Math.round(width * scale))
  const drawnHeight = Math.max(1, Math.round(height * scale))
  const drawing =
    references.length > 0
      ? await editScene(prompt, String(seed), drawnWidth, drawnHeight, references)
      : await raster(scene(prompt, String(seed), drawnWidth, drawnHeight))
  const lettering = await raster(signs(prompt, drawnWidth, drawnHeight, references.length > 0))
  const drawn = await sharp(drawing.data, { raw: drawing.info })
    .composite([{ input: lettering.data, raw: lettering.info }])
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  if (detail === 'coarse') {
    const blocks = sharp(drawn.data, { raw: drawn.info }).resize(width, height, { fit: 'fill', kernel: 'nearest' })
    return encode(blocks, format, quality).toBuffer()
  }
  const grain = grainFor(`${seed}\n${prompt}`, width, height)
  const picture = sharp(drawn.data, { raw: drawn.info })
    .resize(width, height, { fit: 'fill' })
    .composite([{ input: grain.pixels, raw: grain.info, tile: true }])
    .removeAlpha()
  return encode(picture, format, quality).toBuffer()
}

/** Pixels, not yet resized: sharp would draw an SVG anew at the larger size, which takes seconds at 4K. */
async function raster(svg: string): Promise<{ data: Buffer; info: OutputInfo }> {
  return sharp(Buffer.from(svg)).raw().toBuffer({ resolveWithObject: true })
}

function encode(picture: Sharp, format: Painting['format'], quality: number | undefined): Sharp {
  switch (format) {
    case 'png':
      return picture.png({ compressionLevel: 3 })
    case 'jpeg':
      return picture.jpeg({ quality: quality ?? 96 })
    case 'webp':
      return picture.webp({ quality: quality ?? 92, effort: 1 })
    default:
      return format satisfies never
  }
}

function keyOf({ references = [], ...rest }: Painting): string {
  const hash = createHash('sha256').update(
    JSON.stringify(Object.entries(rest).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  )
  for (const reference of references) hash.update(`\n${reference.length}\n`).update(reference)
  return hash.digest('base64url')
}
