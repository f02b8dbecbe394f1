import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ImageRequest } from '../core/image-request.ts'
import { differences, shareOfPixels } from './differences.ts'

type Asked = Pick<ImageRequest, 'size' | 'aspectRatio' | 'resolution'>

/** What was asked, what came, and the fields that differ. */
const TABLE: readonly [string, Asked, readonly [number, number], readonly string[]][] = [
  ['nothing asked', {}, [17, 4000], []],
  ['the exact size', { size: { width: 1024, height: 768 } }, [1024, 768], []],
  ['a pixel off', { size: { width: 1024, height: 768 } }, [1023, 768], ['size']],
  ['21:9 as its maker rounds it', { aspectRatio: '21:9', resolution: '1K' }, [1536, 672], []],
  ['4:5 as its maker rounds it', { aspectRatio: '4:5', resolution: '1K' }, [896, 1152], []],
  ['a square for 16:9', { aspectRatio: '16:9' }, [1024, 1024], ['aspect_ratio']],
  ['16:9 upside down', { aspectRatio: '16:9' }, [768, 1344], ['aspect_ratio']],
  ['auto is no wish', { aspectRatio: 'auto' }, [10, 1024], []],
  ['1K for 2K', { resolution: '2K' }, [1024, 1024], ['resolution']],
  ['2K for 1K', { resolution: '1K' }, [2048, 2048], ['resolution']],
  ['4K in 16:9', { resolution: '4K', aspectRatio: '16:9' }, [5376, 3072], []],
  ['what a screen calls 4K', { resolution: '4K', aspectRatio: '16:9' }, [3840, 2160], []],
  ['2K for 4K', { resolution: '4K', aspectRatio: '16:9' }, [2688, 1536], ['resolution']],
  ['both wrong', { resolution: '2K', aspectRatio: '16:9' }, [1024, 1024], ['aspect_ratio', 'resolution']],
]

for (const [name, asked, [width, height], fields] of TABLE) {
  test(`${name}: ${fields.join(' and ') || 'no difference'}`, () => {
    assert.deepEqual(
      differences(asked, { width, height }, 3).map(({ image, field, delivered }) => [image, field, delivered]),
      fields.map((field) => [3, field, `${width}x${height}`]),
    )
  })
}

test('the share of the pixels is that of the size or tier, never above one, and one where they are all there', () => {
  const share = (asked: Asked, width: number, height: number) => shareOfPixels(asked, { width, height })

  assert.equal(share({ size: { width: 100, height: 100 } }, 50, 50), 0.25)
  assert.equal(share({ size: { width: 100, height: 100 } }, 200, 200), 1)
  assert.equal(share({ resolution: '2K' }, 1024, 1024), 0.25)
  assert.equal(share({ resolution: '1K', aspectRatio: '16:9' }, 1000, 1000), 1)
  assert.equal(share({}, 1, 1), 1)
})
