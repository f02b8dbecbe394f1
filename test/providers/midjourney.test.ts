import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import sharp from 'sharp'

import { startSandbox, type Sandbox } from '../../src/sandbox/simulators.ts'
import { startGateway, type TestGatewayHere } from '../support/gateway.ts'
import { bearer } from '../support/generations.ts'
import { type Home, makeHome } from '../support/home.ts'
import { dataUrl } from '../support/pictures.ts'
import { receiptOf } from '../support/receipts.ts'
import { reference } from './journey.ts'
import { JOURNEY } from './journeys/midjourney.ts'

// What is done with a picture that was made here: the caller sends it back as it came, and the gateway knows the rest.

const SIDE = 64

let sandbox: Sandbox
let home: Home
let gateway: TestGatewayHere

before(async () => {
  sandbox = await startSandbox({ retired: 'refuse', pictures: 'coarse' })
  home = await makeHome()
  const catalog = join(home.directory, 'catalog.json')
  writeFileSync(catalog, JSON.stringify(JOURNEY.catalog))
  gateway = await startGateway({
    home,
    environment: {
      ...JOURNEY.environment,
      PLANTAIN_CATALOG: catalog,
      PLANTAIN_MIDJOURNEY_BASE_URL: sandbox.baseUrlFor('midjourney') ?? '',
    },
  })
})

after(async () => {
  await gateway.stop()
  await sandbox.close()
  await home.remove()
})

test('one of four is taken out, and half of that repainted', async () => {
  const four = await made({ prompt: 'a house', ...option({ v: 1 }) })
  const [, second = Buffer.of()] = four.pictures

  const single = await made({ prompt: 'x', ...back(second), ...option({ action: 'upscale' }) })
  const [alone = Buffer.of()] = single.pictures
  const mask = await sharp({ create: { width: SIDE / 2, height: SIDE, channels: 4, background: '#000000ff' } })
    .extend({ right: SIDE / 2, background: '#00000000' })
    .png()
    .toBuffer()
  const repainted = await made({
    prompt: 'a green door',
    ...back(alone),
    mask: reference(dataUrl(mask, 'image/png')),
  })

  assert.deepEqual(
    [four, single, repainted].map(({ pictures, charge }) => [pictures.length, charge]),
    [
      [4, '0.1'],
      [1, '0.025'],
      [4, '0.1'],
    ],
  )
  assert.ok((await rawOf(alone)).equals(await rawOf(second)), 'the same picture, to the pixel')
  const [was, is] = await Promise.all([alone, repainted.pictures[0] ?? Buffer.of()].map(leftOf))
  assert.ok(is !== undefined && was?.equals(is), 'what the mask does not open is as it was')
})

test('a picture that was not made here has no buttons', async () => {
  const stranger = await sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#204060' } })
    .png()
    .toBuffer()

  const { status, text } = await ask({ prompt: 'x', ...back(stranger), ...option({ action: 'upscale' }) })

  assert.equal(status, 400, text)
  assert.match(text, /upscale needs a picture that Midjourney made here within a day/)
})

function back(picture: Buffer): object {
  return { input_references: [reference(dataUrl(picture, 'image/png'))] }
}

function option(options: object): object {
  return { provider: { options: { midjourney: options } } }
}

async function ask(body: object) {
  const answer = await fetch(`${gateway.url}/api/v1/images`, {
    method: 'POST',
    headers: { ...bearer(gateway.keys.live), 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'midjourney/midjourney', ...body }),
  })
  return { status: answer.status, id: answer.headers.get('x-generation-id') ?? '', text: await answer.text() }
}

async function made(body: object) {
  const { status, id, text } = await ask(body)
  assert.equal(status, 200, text)
  const { data } = JSON.parse(text) as { data: readonly { b64_json: string }[] }
  const receipt = await receiptOf(gateway, gateway.keys.live, id)
  return { pictures: data.map((each) => Buffer.from(each.b64_json, 'base64')), charge: receipt.charge_usd }
}

async function rawOf(picture: Buffer): Promise<Buffer> {
  return await sharp(picture).removeAlpha().raw().toBuffer()
}

async function leftOf(picture: Buffer): Promise<Buffer> {
  return await sharp(picture)
    .extract({ left: 0, top: 0, width: SIDE / 2, height: SIDE })
    .removeAlpha()
    .raw()
    .toBuffer()
}
