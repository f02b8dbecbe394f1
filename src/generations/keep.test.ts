import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import sharp from 'sharp'

import { noise } from '../assets/test-pictures.ts'
import { delivering, makeRooms } from './test-rooms.ts'

const picture = await noise('png', 100, 100)
/** So large that its WebP is a file as well. */
const large = await noise('png', 400, 400)

test('a format that the provider did not make is converted, and both files are kept', async () => {
  const rooms = await makeRooms({ providers: { first: delivering([large]) } })

  const outcome = await rooms.generate({ format: 'webp' })

  assert.ok(outcome.ok)
  const { receipt, pictures } = outcome.value
  const [image] = receipt.images
  assert.equal(image?.media_type, 'image/webp')
  assert.equal(image?.converted_from, 'image/png')
  const given = Buffer.concat(pictures[0]?.slices ?? [])
  assert.equal((await sharp(given).metadata()).format, 'webp')
  const rows = await rooms.database.db
    .selectFrom('generation_images')
    .innerJoin('assets', 'assets.sha256', 'generation_images.sha256')
    .select(['role', 'media_type', 'generation_images.sha256'])
    .where('generation_id', '=', receipt.id)
    .orderBy('role')
    .execute()
  assert.deepEqual(
    rows.map(({ role, media_type }) => [role, media_type]),
    [
      ['original', 'image/png'],
      ['output', 'image/webp'],
    ],
  )
  for (const { sha256 } of rows) assert.ok(existsSync(join(rooms.directory, sha256.slice(0, 2), sha256)))
  assert.equal(receipt.charge_usd, '0.03031', 'converting costs nothing')
  assert.deepEqual(rooms.crashes, [])
})

test('the format that was asked for and came is the provider’s own bytes', async () => {
  const rooms = await makeRooms({ providers: { first: delivering([picture]) } })

  const outcome = await rooms.generate({ format: 'png' })

  assert.ok(outcome.ok)
  assert.equal(outcome.value.receipt.images[0]?.converted_from, null)
  assert.equal(
    Buffer.from(Buffer.concat(outcome.value.pictures[0]?.slices ?? []).toString(), 'base64').equals(picture),
    true,
  )
})
