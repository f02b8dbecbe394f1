import { systemClock } from '../core/clock.ts'
import { Decoder } from './decoding/decoder.ts'
import { flatWebp } from './test-bombs.ts'

/** For tests: a program that prints the pid of its decoding process, and keeps it busy with large pictures until somebody ends this program. */
const decoder = new Decoder(systemClock)

for (let side = 64; ; side = 6000) {
  const bytes = flatWebp(side, side)
  const made = await decoder.run(
    { kind: 'clean', format: 'webp', maxPixels: 50e6, maxBytes: 1e6 },
    { byteLength: bytes.length, slices: [bytes] },
  )
  process.stdout.write(`${made.ok ? decoder.pids.join() : made.error}\n`)
}
