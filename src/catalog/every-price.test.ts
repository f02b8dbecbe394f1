import assert from 'node:assert/strict'
import { test } from 'node:test'

import { formatUsd } from '../core/money.ts'
import type { TokenUsage } from '../core/receipt.ts'
import { chargeLines, snapshotOf } from './charge.ts'
import { allModels } from './models/all-models.ts'

/*
 * One expectation for every model that has a price, worked out apart from this code: decimal arithmetic over the price lists as they
 * were read. Each block: model | request | pictures | references | input text + image -> output image + words + thoughts | total,
 * then its lines.
 */
const EXPECTED = `
google/gemini-2.5-flash-image | resolution=1K | 1 of 1024x1024 | 1000x500 | 12+301 -> 1290+41+201 | 0.0393989
  output_image 1290 token x 0.00003 = 0.0387
  output_text 242 token x 0.0000025 = 0.000605
  input_text 12 token x 0.0000003 = 0.0000036
  input_image 301 token x 0.0000003 = 0.0000903
google/gemini-3.1-flash-image-preview | resolution=2K | 1 of 1024x1024 | 1000x500 | 13+302 -> 1680+42+202 | 0.1016895
  output_image 1680 token x 0.00006 = 0.1008
  output_text 244 token x 0.000003 = 0.000732
  input_text 13 token x 0.0000005 = 0.0000065
  input_image 302 token x 0.0000005 = 0.000151
google/gemini-3.1-flash-image | resolution=4K | 1 of 1024x1024 | 1000x500 | 14+303 -> 2520+43+203 | 0.1520965
  output_image 2520 token x 0.00006 = 0.1512
  output_text 246 token x 0.000003 = 0.000738
  input_text 14 token x 0.0000005 = 0.000007
  input_image 303 token x 0.0000005 = 0.0001515
google/gemini-3-pro-image-preview | resolution=2K | 1 of 1024x1024 | 1000x500 | 15+304 -> 1120+44+204 | 0.138014
  output_image 1120 token x 0.00012 = 0.1344
  output_text 248 token x 0.000012 = 0.002976
  input_text 15 token x 0.000002 = 0.00003
  input_image 304 token x 0.000002 = 0.000608
google/gemini-3-pro-image | resolution=4K | 1 of 1024x1024 | 1000x500 | 16+305 -> 2000+45+205 | 0.243642
  output_image 2000 token x 0.00012 = 0.24
  output_text 250 token x 0.000012 = 0.003
  input_text 16 token x 0.000002 = 0.000032
  input_image 305 token x 0.000002 = 0.00061
google/gemini-3.1-flash-lite-image | resolution=1K | 1 of 1024x1024 | 1000x500 | 17+306 -> 1120+46+206 | 0.03405875
  output_image 1120 token x 0.00003 = 0.0336
  output_text 252 token x 0.0000015 = 0.000378
  input_text 17 token x 0.00000025 = 0.00000425
  input_image 306 token x 0.00000025 = 0.0000765
google/gemini-nano-banana-2.1 | resolution=4K | 1 of 1024x1024 | 1000x500 | 18+307 -> 2520+47+207 | 0.0779925
  output_image 2520 token x 0.00003 = 0.0756
  output_text 254 token x 0.0000075 = 0.001905
  input_text 18 token x 0.0000015 = 0.000027
  input_image 307 token x 0.0000015 = 0.0004605
google/imagen-4-fast | - | 3 of 1024x1024 | - | - | 0.06
  output_image 3 image x 0.02 = 0.06
google/imagen-4 | - | 1 of 1024x1024 | - | - | 0.04
  output_image 1 image x 0.04 = 0.04
google/imagen-4-ultra | - | 2 of 1024x1024 | - | - | 0.12
  output_image 2 image x 0.06 = 0.12
openai/gpt-image-1 | - | 1 of 1024x1024 | 1000x500 | 22+311 -> 1011+51+0 | 0.04366
  output_image 1011 token x 0.00004 = 0.04044
  input_text 22 token x 0.000005 = 0.00011
  input_image 311 token x 0.00001 = 0.00311
openai/gpt-image-1-mini | - | 1 of 1024x1024 | 1000x500 | 23+312 -> 1012+52+0 | 0.008922
  output_image 1012 token x 0.000008 = 0.008096
  input_text 23 token x 0.000002 = 0.000046
  input_image 312 token x 0.0000025 = 0.00078
openai/gpt-image-1.5 | - | 1 of 1024x1024 | 1000x500 | 24+313 -> 1013+53+213 | 0.0377
  output_image 1013 token x 0.000032 = 0.032416
  output_text 266 token x 0.00001 = 0.00266
  input_text 24 token x 0.000005 = 0.00012
  input_image 313 token x 0.000008 = 0.002504
openai/gpt-image-2 | - | 1 of 1024x1024 | 1000x500 | 25+314 -> 1014+54+214 | 0.035737
  output_image 1014 token x 0.00003 = 0.03042
  output_text 268 token x 0.00001 = 0.00268
  input_text 25 token x 0.000005 = 0.000125
  input_image 314 token x 0.000008 = 0.002512
openai/gpt-image-2.5-flare | - | 1 of 1024x1024 | 1000x500 | 26+315 -> 1015+55+0 | 0.0331
  output_image 1015 token x 0.00003 = 0.03045
  input_text 26 token x 0.000005 = 0.00013
  input_image 315 token x 0.000008 = 0.00252
openai/gpt-image-2.5-sunburst | - | 1 of 1024x1024 | 1000x500 | 27+316 -> 1016+56+0 | 0.033143
  output_image 1016 token x 0.00003 = 0.03048
  input_text 27 token x 0.000005 = 0.000135
  input_image 316 token x 0.000008 = 0.002528
openai/gpt-image-2.6-sunburst | - | 1 of 1024x1024 | 1000x500 | 29+318 -> 1018+58+0 | 0.033229
  output_image 1018 token x 0.00003 = 0.03054
  input_text 29 token x 0.000005 = 0.000145
  input_image 318 token x 0.000008 = 0.002544
openai/gpt-5-image | - | 1 of 1024x1024 | 1000x500 | 30+319 -> 1019+59+219 | 0.04703
  output_image 1019 token x 0.00004 = 0.04076
  output_text 278 token x 0.00001 = 0.00278
  input_text 30 token x 0.00001 = 0.0003
  input_image 319 token x 0.00001 = 0.00319
openai/gpt-5-image-mini | - | 1 of 1024x1024 | 1000x500 | 31+320 -> 1020+60+220 | 0.0095975
  output_image 1020 token x 0.000008 = 0.00816
  output_text 280 token x 0.000002 = 0.00056
  input_text 31 token x 0.0000025 = 0.0000775
  input_image 320 token x 0.0000025 = 0.0008
openai/gpt-5.4-image-2 | - | 1 of 1024x1024 | 1000x500 | 32+321 -> 1021+61+221 | 0.037684
  output_image 1021 token x 0.00003 = 0.03063
  output_text 282 token x 0.000015 = 0.00423
  input_text 32 token x 0.000008 = 0.000256
  input_image 321 token x 0.000008 = 0.002568
openai/dall-e-3 | quality=hd size=1024x1024 | 2 of 1024x1024 | - | - | 0.16
  output_image 2 image x 0.08 = 0.16
openai/dall-e-2 | size=256x256 | 3 of 256x256 | - | - | 0.048
  output_image 3 image x 0.016 = 0.048
black-forest-labs/flux.2-pro | - | 1 of 2048x1024 | 1024x768 | - | 0.06
  output_image 1 megapixel x 0.03 = 0.03
  output_image 1 megapixel x 0.015 = 0.015
  input_image 1 megapixel x 0.015 = 0.015
black-forest-labs/flux.2-flex | - | 1 of 2048x1024 | 1024x768 | - | 0.15
  output_image 2 megapixel x 0.05 = 0.1
  input_image 1 megapixel x 0.05 = 0.05
black-forest-labs/flux.2-max | - | 1 of 2048x1024 | 1024x768 | - | 0.13
  output_image 1 megapixel x 0.07 = 0.07
  output_image 1 megapixel x 0.03 = 0.03
  input_image 1 megapixel x 0.03 = 0.03
black-forest-labs/flux.2-klein-4b | - | 1 of 2048x1024 | 1024x768 | - | 0.016
  output_image 1 megapixel x 0.014 = 0.014
  output_image 1 megapixel x 0.001 = 0.001
  input_image 1 megapixel x 0.001 = 0.001
black-forest-labs/flux.2-klein-9b | - | 1 of 2048x1024 | 1024x768 | - | 0.019
  output_image 1 megapixel x 0.015 = 0.015
  output_image 1 megapixel x 0.002 = 0.002
  input_image 1 megapixel x 0.002 = 0.002
black-forest-labs/flux-3-image | - | 1 of 768x768 | - | - | 0.041
  output_image 1 image x 0.041 = 0.041
black-forest-labs/flux.1-kontext-pro | - | 3 of 1024x1024 | - | - | 0.12
  output_image 3 image x 0.04 = 0.12
black-forest-labs/flux.1-kontext-max | - | 1 of 1024x1024 | - | - | 0.08
  output_image 1 image x 0.08 = 0.08
black-forest-labs/flux.1.1-pro | - | 2 of 1024x1024 | - | - | 0.08
  output_image 2 image x 0.04 = 0.08
black-forest-labs/flux.1.1-pro-ultra | - | 3 of 1024x1024 | - | - | 0.18
  output_image 3 image x 0.06 = 0.18
black-forest-labs/flux.1-fill-pro | - | 1 of 1024x1024 | - | - | 0.05
  output_image 1 image x 0.05 = 0.05
black-forest-labs/flux.1-schnell | - | 1 of 2048x1024 | - | - | 0.006
  output_image 2 megapixel x 0.003 = 0.006
black-forest-labs/flux.1-dev | - | 3 of 1024x1024 | - | - | 0.075
  output_image 3 image x 0.025 = 0.075
bytedance-seed/seedream-4.0 | - | 1 of 1024x1024 | - | - | 0.03
  output_image 1 image x 0.03 = 0.03
bytedance-seed/seedream-4.5 | - | 2 of 1024x1024 | - | - | 0.08
  output_image 2 image x 0.04 = 0.08
bytedance-seed/seedream-5-0-lite | - | 3 of 1024x1024 | - | - | 0.105
  output_image 3 image x 0.035 = 0.105
bytedance-seed/seedream-5-0-flash | - | 1 of 1024x1024 | - | - | 0.018
  output_image 1 image x 0.018 = 0.018
qwen/qwen-image-3-pro | resolution=1K | 3 of 1024x1024 | - | - | 0.12
  output_image 3 image x 0.04 = 0.12
qwen/qwen-image-3 | - | 1 of 1024x1024 | - | - | 0.03
  output_image 1 image x 0.03 = 0.03
qwen/qwen-image-2.0-pro | - | 3 of 1024x1024 | - | - | 0.225
  output_image 3 image x 0.075 = 0.225
qwen/qwen-image-2.0 | - | 1 of 1024x1024 | - | - | 0.035
  output_image 1 image x 0.035 = 0.035
qwen/qwen-image-max | - | 2 of 1024x1024 | - | - | 0.15
  output_image 2 image x 0.075 = 0.15
qwen/qwen-image-plus | - | 3 of 1024x1024 | - | - | 0.09
  output_image 3 image x 0.03 = 0.09
qwen/qwen-image | - | 1 of 1024x1024 | - | - | 0.02
  output_image 1 image x 0.02 = 0.02
qwen/qwen-image-edit-plus | - | 2 of 1024x1024 | - | - | 0.06
  output_image 2 image x 0.03 = 0.06
qwen/qwen-image-edit-max | - | 3 of 1024x1024 | - | - | 0.225
  output_image 3 image x 0.075 = 0.225
tongyi-mai/z-image-turbo | - | 3 of 1024x1024 | - | - | 0.045
  output_image 3 image x 0.015 = 0.045
x-ai/grok-imagine-image | - | 1 of 1024x1024 | 64x64 | - | 0.022
  output_image 1 image x 0.02 = 0.02
  input_image 1 image x 0.002 = 0.002
x-ai/grok-imagine-image-quality | - | 2 of 1024x1024 | 64x64 | - | 0.15
  output_image 2 image x 0.07 = 0.14
  input_image 1 image x 0.01 = 0.01
x-ai/grok-imagine-image-2.0 | resolution=2K quality=medium | 2 of 2048x2048 | 640x480 | - | 0.17
  output_image 2 image x 0.08 = 0.16
  input_image 1 image x 0.01 = 0.01
recraft/recraft-v2 | - | 1 of 1024x1024 | - | - | 0.022
  output_image 1 image x 0.022 = 0.022
recraft/recraft-v3 | - | 2 of 1024x1024 | - | - | 0.08
  output_image 2 image x 0.04 = 0.08
recraft/recraft-v4 | - | 3 of 1024x1024 | - | - | 0.12
  output_image 3 image x 0.04 = 0.12
recraft/recraft-v4-pro | - | 1 of 1024x1024 | - | - | 0.25
  output_image 1 image x 0.25 = 0.25
recraft/recraft-v4-vector | - | 2 of 1024x1024 | - | - | 0.16
  output_image 2 image x 0.08 = 0.16
recraft/recraft-v4-pro-vector | - | 3 of 1024x1024 | - | - | 0.9
  output_image 3 image x 0.3 = 0.9
recraft/recraft-v4.1 | - | 1 of 1024x1024 | - | - | 0.035
  output_image 1 image x 0.035 = 0.035
recraft/recraft-v4.1-pro | - | 2 of 1024x1024 | - | - | 0.42
  output_image 2 image x 0.21 = 0.42
recraft/recraft-v4.1-utility | - | 3 of 1024x1024 | - | - | 0.105
  output_image 3 image x 0.035 = 0.105
recraft/recraft-v4.1-utility-pro | - | 1 of 1024x1024 | - | - | 0.21
  output_image 1 image x 0.21 = 0.21
recraft/recraft-v4.1-vector | - | 2 of 1024x1024 | - | - | 0.16
  output_image 2 image x 0.08 = 0.16
ideogram/ideogram-v3 | quality=turbo | 1 of 1024x1024 | - | - | 0.03
  output_image 1 image x 0.03 = 0.03
ideogram/ideogram-v4 | quality=default | 2 of 1024x1024 | - | - | 0.12
  output_image 2 image x 0.06 = 0.12
stabilityai/stable-image-ultra | - | 1 of 1024x1024 | - | - | 0.08
  output_image 1 image x 0.08 = 0.08
stabilityai/stable-image-core | - | 2 of 1024x1024 | - | - | 0.06
  output_image 2 image x 0.03 = 0.06
stabilityai/sd3.5-large | - | 3 of 1024x1024 | - | - | 0.195
  output_image 3 image x 0.065 = 0.195
stabilityai/sd3.5-large-turbo | - | 1 of 1024x1024 | - | - | 0.04
  output_image 1 image x 0.04 = 0.04
stabilityai/sd3.5-medium | - | 2 of 1024x1024 | - | - | 0.07
  output_image 2 image x 0.035 = 0.07
stabilityai/stable-image-inpaint | - | 3 of 1024x1024 | - | - | 0.15
  output_image 3 image x 0.05 = 0.15
sourceful/riverflow-v2-fast | resolution=1K | 2 of 1024x1024 | - | - | 0.04
  output_image 2 image x 0.02 = 0.04
sourceful/riverflow-v2-pro | resolution=4K | 3 of 4096x4096 | - | - | 0.99
  output_image 3 image x 0.33 = 0.99
sourceful/riverflow-v2.5-fast | resolution=1K | 1 of 1024x1024 | - | - | 0.021
  output_image 1 image x 0.021 = 0.021
sourceful/riverflow-v2.5-pro | resolution=2K | 2 of 2048x2048 | - | - | 0.3
  output_image 2 image x 0.15 = 0.3
microsoft/mai-image-2.5 | - | 1 of 1024x1024 | 1000x500 | 97+386 -> 1086+126+0 | 0.054615
  output_image 1086 token x 0.000047 = 0.051042
  input_text 97 token x 0.000005 = 0.000485
  input_image 386 token x 0.000008 = 0.003088
microsoft/mai-image-2.5-flash | - | 1 of 1024x1024 | 1000x500 | 98+387 -> 1087+127+0 | 0.03671975
  output_image 1087 token x 0.000033 = 0.035871
  input_text 98 token x 0.00000175 = 0.0001715
  input_image 387 token x 0.00000175 = 0.00067725
microsoft/mai-image-2e | - | 1 of 1024x1024 | - | 99+0 -> 1088+128+0 | 0.021711
  output_image 1088 token x 0.0000195 = 0.021216
  input_text 99 token x 0.000005 = 0.000495
tencent/hy-image-v3.5-preview | resolution=1K | 1 of 1024x1024 | 1000x500 | 101+390 -> 15000+130+0 | 0.024
  output_image 15000 token x 0.0000016 = 0.024
inclusionai/ming-image-0.1-design | - | 3 of 1024x1024 | - | - | 0
  output_image 3 image x 0 = 0
krea/krea-2-large | - | 1 of 1024x1024 | - | - | 0.06
  output_image 1 image x 0.06 = 0.06
krea/krea-2-medium | - | 2 of 1024x1024 | - | - | 0.06
  output_image 2 image x 0.03 = 0.06
krea/krea-2-medium-turbo | - | 3 of 1024x1024 | - | - | 0.045
  output_image 3 image x 0.015 = 0.045
luma/photon-1 | - | 1 of 1024x1024 | - | - | 0.015
  output_image 1 image x 0.015 = 0.015
luma/photon-flash-1 | - | 2 of 1024x1024 | - | - | 0.008
  output_image 2 image x 0.004 = 0.008
runwayml/gen4-image | - | 3 of 1280x720 | - | - | 0.15
  output_image 3 image x 0.05 = 0.15
runwayml/gen4-image-turbo | - | 1 of 1024x1024 | - | - | 0.02
  output_image 1 image x 0.02 = 0.02
amazon/nova-canvas | resolution=1K quality=standard | 2 of 1024x1024 | - | - | 0.08
  output_image 2 image x 0.04 = 0.08
amazon/titan-image-generator-v2 | resolution=512 quality=premium | 3 of 512x512 | - | - | 0.03
  output_image 3 image x 0.01 = 0.03
bria/bria-3.2 | - | 1 of 1024x1024 | - | - | 0.0398
  output_image 1 image x 0.0398 = 0.0398
`

test('every priced model charges exactly its listed price', () => {
  const cases = readCases(EXPECTED)

  for (const { id, traits, images, references, usage, lines, total } of cases) {
    const model = allModels.find((candidate) => candidate.id === id)
    assert.ok(model, id)

    const charge = chargeLines(snapshotOf(model), { calls: [{ images, usage }], request: traits, references })

    const shown = charge.lines.map(
      (line) => `${line.billable} ${line.quantity} ${line.unit} x ${line.unit_price_usd} = ${line.usd}`,
    )
    assert.deepEqual(shown, lines, id)
    assert.equal(formatUsd(charge.total), total, id)
    assert.deepEqual(charge.warnings, [], id)
  }
})

test('the table above leaves out no priced model and prices no other', () => {
  const priced = allModels.filter(({ pricing }) => pricing.basis !== 'unpriced').map(({ id }) => id)

  const expected = readCases(EXPECTED).map(({ id }) => id)

  assert.deepEqual(expected.toSorted(), priced.toSorted())
  assert.equal(expected.length, 90)
})

function readCases(text: string) {
  return text
    .trim()
    .split(/\n(?! )/)
    .map((block) => {
      const [head = '', ...lines] = block.split('\n').map((line) => line.trim())
      const [id = '', traits = '', pictures = '', references = '', usage = '', total = ''] = head.split(' | ')
      const [count = '', size = ''] = pictures.split(' of ')
      return {
        id,
        traits: Object.fromEntries(
          traits.split(' ').flatMap((trait) => (trait === '-' ? [] : [trait.split('=')])),
        ) as Record<string, string>,
        images: Array.from({ length: Number(count) }, () => pixels(size)),
        references: references === '-' ? [] : references.split(' ').map(pixels),
        usage: usage === '-' ? undefined : readUsage(usage),
        lines,
        total,
      }
    })
}

function pixels(size: string) {
  const [width = 0, height = 0] = size.split('x').map(Number)
  return { width, height }
}

function readUsage(text: string): TokenUsage {
  const [inputs = '', outputs = ''] = text.split(' -> ')
  const [inputTextTokens = 0, inputImageTokens = 0] = inputs.split('+').map(Number)
  const [outputImageTokens = 0, words = 0, thoughtTokens = 0] = outputs.split('+').map(Number)
  return {
    inputTokens: inputTextTokens + inputImageTokens,
    inputTextTokens,
    inputImageTokens,
    outputTokens: outputImageTokens + words + thoughtTokens,
    outputImageTokens,
    thoughtTokens,
  }
}
