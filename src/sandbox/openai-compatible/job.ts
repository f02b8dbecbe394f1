import sharp from 'sharp'

import { type Faults, withoutFaults } from '../faults.ts'
import type { InputPicture } from '../input-picture.ts'
import { paint } from '../painter.ts'
import { scene } from '../painting/scene.ts'
import { damaged } from '../picture-faults.ts'

/** What a server was asked to paint. */
export interface Job {
  readonly model: string
  readonly prompt: string
  readonly width: number
  readonly height: number
  readonly count: number
  readonly format: 'png' | 'jpeg' | 'webp' | 'svg'
  /** 1 to 100, where the request says so. */
  readonly quality?: number
  readonly references: readonly InputPicture[]
  /** Everything else that steers the picture: it comes out differently for each. */
  readonly look: Readonly<Record<string, unknown>>
  /** Whether the answer has addresses instead of the pictures. */
  readonly byAddress?: boolean
}

/** The pictures of a job as the faults leave them; black ones where they were flagged. */
export async function painted(job: Job, faults: Faults, areFlagged = false): Promise<readonly Buffer[]> {
  const { model, prompt, format, quality, references, look } = job
  const half = 'wrong-size' in faults ? 2 : 1
  const width = Math.max(1, Math.floor(job.width / half))
  const height = Math.max(1, Math.floor(job.height / half))
  const steering = JSON.stringify([model, ...Object.entries(look).filter(([, value]) => value !== undefined)])
  return await Promise.all(
    Array.from({ length: job.count }, async (_, index) => {
      const seed = `${steering}${index === 0 ? '' : ` ${index + 1}`}`
      if (format === 'svg') return damaged(Buffer.from(scene(withoutFaults(prompt), seed, width, height)), faults)
      if (areFlagged) return await black(width, height, format)
      const picture = await paint({
        prompt: withoutFaults(prompt),
        seed,
        width,
        height,
        format,
        ...(quality !== undefined && { quality }),
        references: references.map(({ bytes }) => bytes),
      })
      return damaged(picture, faults)
    }),
  )
}

async function black(width: number, height: number, format: Exclude<Job['format'], 'svg'>): Promise<Buffer> {
  return await sharp({ create: { width, height, channels: 3, background: '#000' } })
    .toFormat(format)
    .toBuffer()
}

/** Both sides of "1024x768"; undefined for anything else. */
export function sidesOf(size: unknown): readonly [width: number, height: number] | undefined {
  const [, width, height] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/u.exec(typeof size === 'string' ? size : '') ?? []
  return width === undefined || height === undefined ? undefined : [Number(width), Number(height)]
}

export function megapixels({ width, height }: Pick<Job, 'width' | 'height'>): bigint {
  return BigInt(Math.ceil((width * height) / 1_048_576))
}
