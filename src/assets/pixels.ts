import { JsonBlob } from '../core/json-blob.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Assets } from './assets.ts'
import { decodedSlices } from './blob-bytes.ts'
import type { Decoder } from './decoding/decoder.ts'
import type { Job } from './decoding/protocol.ts'
import { ANSWER_LIMITS } from './usable.ts'

/** Work on pixels that is needed on the way to a provider or back. What is made here is kept by nobody. */
export function makePixels(decoder: Decoder): Pick<Assets, 'tiles' | 'stencil'> {
  async function made(blob: JsonBlob, work: Pick<Job, 'kind' | 'tile' | 'marked'>): Promise<Result<JsonBlob, string>> {
    const slices = await Array.fromAsync(decodedSlices(blob))
    const byteLength = slices.reduce((total, { length }) => total + length, 0)
    const { maxPixels, maxBytes } = ANSWER_LIMITS
    const done = await decoder.run({ ...work, format: 'png', maxPixels, maxBytes }, { byteLength, slices })
    return done.ok ? ok(new JsonBlob('binary', done.value, 'image/png')) : err(done.error)
  }

  return {
    async tiles(picture, columns, rows, count) {
      const places = Array.from({ length: Math.min(count, columns * rows) }, (_, index) => ({
        columns,
        rows,
        column: index % columns,
        row: Math.floor(index / columns),
      }))
      const tiles: JsonBlob[] = []
      for (const tile of places) {
        const cut = await made(picture, { kind: 'tile', tile })
        if (!cut.ok) return err(`The picture could not be cut: ${cut.error}`)
        tiles.push(cut.value)
      }
      return ok(tiles)
    },
    stencil: async (mask, marked) => await made(mask, { kind: 'stencil', marked }),
  }
}
