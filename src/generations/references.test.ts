import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'

import { base64Blob, noise } from '../assets/test-pictures.ts'
import type { ImageRequest, Picture } from '../core/image-request.ts'
import { JsonBlob } from '../core/json-blob.ts'
import { asking, generatedOf, idOf, makeRooms, type Rooms, tokenModel } from './test-rooms.ts'
import { ok } from '../core/result.ts'

const HOUR_MS = 3_600_000
const picture = await noise('png', 100, 100)

const made = (bytes: Buffer): Picture => ({
  field: 'messages.1.images.0',
  source: { type: 'inline', blob: base64Blob(bytes) },
})

/** The second turn of a conversation: the picture that was made comes back as the assistant's. */
const editing = (bytes: Buffer, role: 'assistant' | 'user' = 'assistant'): Partial<ImageRequest> => ({
  turns: [
    { role: 'user', parts: [{ type: 'text', text: 'a fox' }] },
    { role, parts: [{ type: 'image', picture: made(bytes) }] },
    { role: 'user', parts: [{ type: 'text', text: 'make it blue' }] },
  ],
})

/** A provider that signs what it makes. */
async function signingRooms(more: { readonly reencode?: boolean } = {}): Promise<Rooms> {
  return await makeRooms({
    ...more,
    models: [tokenModel(), tokenModel({ id: 'test/other' })],
    providers: {
      first: async () => {
        const generated = generatedOf([picture])
        return ok({
          ...generated,
          images: generated.images.map((image) => ({ ...image, continuation: 'signed-by-first' })),
        })
      },
    },
  })
}

function seenBy(rooms: Rooms): readonly Picture[] {
  const last = rooms.calls.at(-1)?.request
  return (last?.turns ?? []).flatMap(({ parts }) =>
    parts.flatMap((part) => (part.type === 'image' ? [part.picture] : [])),
  )
}

test('a picture that comes back as the assistant’s carries what its maker gave with it', async () => {
  const rooms = await signingRooms()
  await rooms.generate()

  await rooms.generate(editing(picture))

  const [back] = seenBy(rooms)
  assert.equal(back?.continuation, 'signed-by-first')
  assert.deepEqual([back?.facts?.mediaType, back?.facts?.width, back?.facts?.bytes], ['image/png', 100, picture.length])
})

for (const [circumstance, request, prepare] of [
  ['of another model', { model: 'test/other', ...editing(picture) }, () => {}],
  ['that came more than 24 hours ago', editing(picture), (rooms: Rooms) => rooms.pass(24 * HOUR_MS + 1)],
  ['that was never made here', editing(await noise('png', 50, 50)), () => {}],
] as const) {
  test(`a picture ${circumstance} is sent without it`, async () => {
    const rooms = await signingRooms()
    await rooms.generate()
    prepare(rooms)

    const outcome = await rooms.generate(request)

    assert.ok(outcome.ok)
    assert.equal(seenBy(rooms).length, 1)
    assert.equal(seenBy(rooms)[0]?.continuation, undefined)
  })
}

test('a picture that the user brings as a reference carries it as well, though it is encoded anew', async () => {
  const rooms = await signingRooms({ reencode: true })
  await rooms.generate()

  await rooms.generate(editing(picture, 'user'))

  const [back] = seenBy(rooms)
  assert.equal(back?.continuation, 'signed-by-first')
  assert.ok(back?.facts && back.facts.sha256 !== createHash('sha256').update(picture).digest('hex'))
})

test('another workspace’s picture carries nothing, though the bytes are the same', async () => {
  const rooms = await signingRooms()
  await rooms.generate()
  await rooms.database.db.updateTable('continuations').set({ workspace_id: 'ws-of-someone-else' }).execute()

  await rooms.generate(editing(picture))

  assert.equal(seenBy(rooms)[0]?.continuation, undefined)
})

test('a label that the bytes contradict is warned about and the bytes believed', async () => {
  const rooms = await signingRooms()
  const mislabelled = {
    ...made(picture),
    source: { type: 'inline' as const, blob: new JsonBlob('base64', base64Blob(picture).slices, 'image/jpeg') },
  }

  const outcome = await rooms.generate({ turns: [{ role: 'user', parts: [{ type: 'image', picture: mislabelled }] }] })

  const { receipt } = await rooms.written(idOf(outcome))
  assert.deepEqual(
    receipt.warnings.map(({ code, field }) => [code, field]),
    [['media_type_mismatch', 'messages.1.images.0']],
  )
  assert.equal(seenBy(rooms)[0]?.facts?.mediaType, 'image/png')
})

test('a broken reference is refused by its field, and nothing was held', async () => {
  const rooms = await signingRooms()

  const outcome = await rooms.generate(editing(picture.subarray(0, 2000)))

  assert.ok(!outcome.ok)
  assert.deepEqual([outcome.error.code, outcome.error.field], ['invalid_image', 'messages.1.images.0'])
  assert.deepEqual(await rooms.database.db.selectFrom('holds').selectAll().execute(), [])
})

test('references are kept for a day with the generation that used them', async () => {
  const rooms = await signingRooms()
  const reference = await noise('png', 60, 60)

  const id = idOf(await rooms.generate({ ...asking(), ...editing(reference, 'user') }))

  const rows = await rooms.database.db
    .selectFrom('generation_images')
    .selectAll()
    .where('generation_id', '=', id)
    .orderBy('role')
    .execute()
  assert.deepEqual(
    rows.map(({ role }) => role),
    ['output', 'reference'],
  )
  assert.equal((rows[1]?.expires_at ?? 0) - (rows[1]?.created_at ?? 0), 24 * HOUR_MS)
})
