import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { paint, paintingIn } from './painter.ts'
import { fitted, letter } from './painting/lettering.ts'
import { scene } from './painting/scene.ts'
import { signs } from './painting/signs.ts'

const LAKE = 'A serene mountain lake at sunrise, photorealistic.'

for (const [format, width, height, low, high] of [
  ['png', 1024, 1024, 1_200_000, 2_250_000],
  ['jpeg', 1024, 1024, 280_000, 760_000],
  ['jpeg', 1376, 768, 280_000, 760_000],
  ['webp', 600, 400, 20_000, 400_000],
] as const) {
  test(`a ${format} of ${width}x${height} has exactly these pixels and the weight of a real one`, async () => {
    const picture = await paint({ prompt: LAKE, width, height, format })

    const facts = await sharp(picture).metadata()
    assert.deepEqual([facts.format, facts.width, facts.height, facts.hasAlpha], [format, width, height, false])
    assert.ok(picture.length > low && picture.length < high, `${picture.length} bytes`)
  })
}

test('a 4K JPEG weighs 4 to 12 MB', async () => {
  const picture = await paint({ prompt: LAKE, width: 4096, height: 4096, format: 'jpeg' })

  const { width, height } = await sharp(picture).metadata()
  assert.deepEqual([width, height], [4096, 4096])
  assert.ok(picture.length > 4_000_000 && picture.length < 12_000_000, `${picture.length} bytes`)
})

test('extreme ratios and tiny pictures are painted too', async () => {
  for (const [width, height] of [
    [2896, 368],
    [184, 1448],
    [16, 16],
    [1, 1],
  ] as const) {
    const facts = await sharp(await paint({ prompt: 'a kite', width, height, format: 'jpeg' })).metadata()

    assert.deepEqual([facts.width, facts.height], [width, height])
  }
})

test('the drawing depends on prompt and seed, and on nothing else', () => {
  assert.equal(scene(LAKE, '7', 512, 512), scene(LAKE, '7', 512, 512))
  assert.notEqual(scene(LAKE, '7', 512, 512), scene(LAKE, '8', 512, 512))
  assert.notEqual(scene(LAKE, '7', 512, 512), scene('A cozy room', '7', 512, 512))
})

test('seed 0 is a seed of its own', async () => {
  const small = { prompt: LAKE, width: 128, height: 128, format: 'png' as const }

  assert.notDeepEqual(await paint({ ...small, seed: 0 }), await paint(small))
})

test('a coarse painting has the same size and tones, and a tenth of the weight', async () => {
  const order = { prompt: LAKE, width: 1024, height: 768, format: 'png' as const }

  const fine = await paint(order)
  const coarse = await paintingIn('coarse', () => paint(order))
  const other = await paintingIn('coarse', () => paint({ ...order, seed: 1 }))

  const facts = await sharp(coarse).metadata()
  assert.deepEqual([facts.width, facts.height, facts.hasAlpha], [1024, 768, false])
  assert.ok(coarse.length < fine.length / 5, `${coarse.length} bytes of ${fine.length}`)
  assert.notDeepEqual(coarse, other)
  const [light, same] = [await brightness(fine), await brightness(coarse)]
  assert.ok(Math.abs(light - same) < 8, `${light} and ${same} of 255`)
})

test('the same painting asked for twice at once is painted once', async () => {
  const order = { prompt: 'twice at once', width: 128, height: 128, format: 'png' as const }

  const [first, second] = await Promise.all([paint(order), paint({ ...order })])

  assert.equal(first, second)
  assert.equal(await paint(order), first)
})

test('lettering is strokes, so a machine without fonts shows it', () => {
  const svg = signs('Bouclé “sofa” & lamp <b>', 800, 600) + scene(LAKE, '', 800, 600)

  assert.doesNotMatch(svg, /<text|font-family/u)
  assert.equal(letter('é', 0, 0, 12).path, letter('E', 0, 0, 12).path)
  assert.ok(letter('漢', 0, 0, 12).path.length > 0, 'a letter without strokes is a box, not a gap')
})

test('a caption keeps whole words and never runs over the edge', () => {
  const caption = fitted('one two three four five six seven eight', 300, 20)

  assert.match(caption, /^one two.*…$/u)
  assert.ok(letter(caption, 0, 0, 20).width <= 300)
  assert.ok(letter(fitted('W'.repeat(500_000), 200, 20), 0, 0, 20).width <= 200)
})

test('an edit shows its first reference, changed', async () => {
  const reference = await halves('#d02020', '#2030d0')

  const edited = await paint({
    prompt: 'make it night',
    width: 256,
    height: 256,
    format: 'png',
    references: [reference],
  })

  const left = await meanOf(edited, 40)
  const right = await meanOf(edited, 190)
  assert.ok(left.red > right.red + 40, `red stays where it was: ${left.red} and ${right.red}`)
  assert.ok(right.blue > left.blue + 40, `blue stays where it was: ${left.blue} and ${right.blue}`)
  assert.notDeepEqual(left, await meanOf(reference, 40))
})

test('each further reference hangs on the picture and the words change it', async () => {
  const red = await halves('#d02020', '#d02020')
  const blue = await halves('#2030d0', '#2030d0')
  const order = { prompt: 'put them together', width: 256, height: 256, format: 'png' as const }

  const one = await paint({ ...order, references: [red] })
  const two = await paint({ ...order, references: [red, blue] })
  const other = await paint({ ...order, prompt: 'at sunset', references: [red, blue] })

  assert.notDeepEqual(one, two)
  assert.notDeepEqual(two, other)
})

test('a reference that is no picture rejects, and is not remembered', async () => {
  const order = {
    prompt: 'x',
    width: 64,
    height: 64,
    format: 'png' as const,
    references: [Buffer.from('not a picture')],
  }

  await assert.rejects(paint(order))
  await assert.rejects(paint(order))
})

async function halves(left: string, right: string): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"><rect width="128" height="256" fill="${left}"/><rect x="128" width="128" height="256" fill="${right}"/></svg>`
  return sharp(Buffer.from(svg)).png().toBuffer()
}

/** Mean colour of a strip 30 pixels wide that starts at `left`. */
async function meanOf(picture: Buffer, left: number): Promise<{ red: number; blue: number }> {
  const strip = await sharp(picture).extract({ left, top: 60, width: 30, height: 100 }).toBuffer()
  const { channels } = await sharp(strip).stats()
  return { red: channels[0]?.mean ?? 0, blue: channels[2]?.mean ?? 0 }
}

async function brightness(picture: Buffer): Promise<number> {
  const { channels } = await sharp(picture).greyscale().stats()
  return channels[0]?.mean ?? 0
}
