import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { FORMATS } from '../../core/image-request.ts'
import { answerHead, ANSWER_HEAD_BYTES, FrameReader, jobHead, readAnswerHead, readJobHead } from './protocol.ts'

test('a job’s head tells what it was made of', () => {
  const job = fc.record(
    {
      kind: fc.constantFrom('clean' as const, 'convert' as const, 'tile' as const, 'stencil' as const),
      format: fc.constantFrom(...FORMATS),
      compression: fc.option(fc.nat({ max: 100 }), { nil: undefined }),
      tile: fc.record(
        {
          columns: fc.integer({ min: 1, max: 255 }),
          rows: fc.integer({ min: 1, max: 255 }),
          column: fc.nat({ max: 254 }),
          row: fc.nat({ max: 254 }),
        },
        { noNullPrototype: true },
      ),
      marked: fc.constantFrom('black' as const, 'white' as const),
      maxPixels: fc.nat({ max: 400_000_000 }),
      maxBytes: fc.nat({ max: 1 << 30 }),
    },
    { noNullPrototype: true, requiredKeys: ['kind', 'format', 'compression', 'maxPixels', 'maxBytes'] },
  )
  fc.assert(
    fc.property(job, fc.nat(), (made, byteLength) => {
      assert.deepEqual(readJobHead(jobHead(made, byteLength)), { job: { ...made }, byteLength })
    }),
  )
})

test('frames are the same however the bytes were cut', () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 })
  fc.assert(
    fc.property(bodies, fc.array(fc.nat({ max: 300 }), { maxLength: 12 }), (all, cuts) => {
      const stream = Buffer.concat(all.flatMap((body) => [answerHead('made', body.length), body]))
      const reader = new FrameReader(ANSWER_HEAD_BYTES, (head) => readAnswerHead(head)?.byteLength)

      const bounds = [0, ...cuts.toSorted((a, b) => a - b).filter((cut) => cut < stream.length), stream.length]
      const frames = bounds.slice(1).flatMap((end, index) => reader.push(stream.subarray(bounds[index], end)) ?? [])

      assert.deepEqual(
        frames.map(({ slices }) => Buffer.concat(slices)),
        all.map((body) => Buffer.from(body)),
      )
    }),
  )
})

test('a head that is none breaks the protocol', () => {
  assert.equal(readJobHead(Buffer.alloc(20, 7)), undefined)
  assert.equal(new FrameReader(8, (head) => readAnswerHead(head)?.byteLength).push(Buffer.alloc(8, 7)), undefined)
})
