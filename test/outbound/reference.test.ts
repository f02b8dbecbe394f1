import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { test } from 'node:test'

import { NOT_ALLOWED } from '../../src/outbound/refusal.ts'
import { fetchReference } from '../../src/outbound/reference.ts'
import { photograph } from '../support/pictures.ts'
import { openSinkhole } from '../support/sinkhole.ts'
import { PUBLIC_ADDRESS, PUBLIC_HOST } from './matrix.ts'
import { outboundInto } from './public-host.ts'

const FIELD = 'messages.0.content.1.image_url.url'
const jpeg = Buffer.from(await photograph('jpeg'))

test('a picture by URL is the bytes of the picture, whatever says nothing about them', async () => {
  for (const type of ['image/jpeg', 'IMAGE/JPG; q=1', 'application/octet-stream', undefined]) {
    const reference = await referenceFrom((_, response) => {
      if (type !== undefined) response.setHeader('content-type', type)
      response.end(jpeg)
    })

    assert.ok(reference.ok)
    assert.equal(reference.value.form, 'binary')
    assert.equal(reference.value.mediaType, 'image/jpeg')
    assert.deepEqual(Buffer.concat(reference.value.slices), jpeg)
  }
})

const REFUSED: readonly { what: string; code: string; reason: string; listener: RequestListener }[] = [
  {
    what: 'labelled as another picture',
    code: 'unsupported_image_format',
    reason: 'wrong_type',
    listener: (_, response) => response.setHeader('content-type', 'image/png').end(jpeg),
  },
  {
    what: 'labelled as a page',
    code: 'unsupported_image_format',
    reason: 'wrong_type',
    listener: (_, response) => response.setHeader('content-type', 'text/html').end(jpeg),
  },
  {
    what: 'that is a page labelled as a picture',
    code: 'unsupported_image_format',
    reason: 'wrong_type',
    listener: (_, response) => response.setHeader('content-type', 'image/jpeg').end('<html>'),
  },
  {
    what: 'that is empty',
    code: 'unsupported_image_format',
    reason: 'wrong_type',
    listener: (_, response) => response.end(),
  },
  {
    what: 'that is too large',
    code: 'image_too_large',
    reason: 'too_large',
    listener: (_, response) => response.end(Buffer.concat([jpeg, Buffer.alloc(1_000_000)])),
  },
  {
    what: 'that is not there',
    code: 'invalid_image',
    reason: 'bad_status',
    listener: (_, response) => response.writeHead(404).end(),
  },
  {
    what: 'that redirects inside',
    code: 'invalid_image',
    reason: 'not_allowed',
    listener: (_, response) => response.writeHead(302, { location: 'http://10.0.0.1/' }).end(),
  },
]
for (const { what, code, reason, listener } of REFUSED) {
  test(`a reference ${what} is a failure that names its field`, async () => {
    const reference = await referenceFrom(listener)

    assert.ok(!reference.ok)
    assert.equal(reference.error.code, code)
    assert.equal(reference.error.field, FIELD)
    assert.deepEqual(reference.error.details, { reason })
    assert.ok(reference.error.message.startsWith(`${FIELD}: The URL `), reference.error.message)
    if (reason === 'not_allowed') assert.equal(reference.error.message, `${FIELD}: ${NOT_ALLOWED.message}`)
  })
}

async function referenceFrom(listener: RequestListener) {
  await using sinkhole = await openSinkhole()
  const outbound = await outboundInto(sinkhole)
  await sinkhole.host(PUBLIC_HOST, [PUBLIC_ADDRESS], listener)
  const signal = new AbortController().signal
  return await fetchReference(outbound, `http://${PUBLIC_HOST}/a`, { field: FIELD, signal, maxBytes: 900_000 })
}
