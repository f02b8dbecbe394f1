import sharp from 'sharp'

import { dataUrl } from '../../support/pictures.ts'
import { type Journey, PHOTO, reference } from '../journey.ts'

/** Transparent on its left half. */
const MASK = await sharp({ create: { width: 512, height: 512, channels: 4, background: '#ffffffff' } })
  .composite([
    {
      input: { create: { width: 256, height: 512, channels: 4, background: '#000000ff' } },
      blend: 'dest-out',
      left: 0,
      top: 0,
    },
  ])
  .png()
  .toBuffer()

const INPAINT = 'stabilityai/stable-image-inpaint'

/** One credit is one cent: Core takes 3, Stable Diffusion 3.5 Medium 3.5, Inpaint 5. */
export const JOURNEY: Journey = {
  provider: 'stability',
  environment: { STABILITY_API_KEY: 'sk-journey' },
  steps: [
    {
      does: 'makes one',
      body: {
        model: 'stabilityai/stable-image-core',
        prompt: 'a red fox for Stability',
        aspect_ratio: '16:9',
        seed: 7,
        output_format: 'jpeg',
      },
      charge: '0.03',
      size: [1664, 960],
    },
    {
      does: 'goes on from a picture',
      body: {
        model: 'stabilityai/sd3.5-medium',
        prompt: 'night for Stability',
        input_references: [reference(PHOTO)],
        provider: { options: { stability: { strength: 0.7 } } },
      },
      charge: '0.035',
      size: [1024, 1024],
    },
    {
      does: 'repaints under a mask, two by two calls',
      body: {
        model: INPAINT,
        prompt: 'a window for Stability',
        input_references: [reference(PHOTO)],
        mask: reference(dataUrl(MASK, 'image/png')),
        n: 2,
      },
      charge: '0.1',
      pictures: 2,
      size: [512, 512],
    },
    {
      does: 'is refused a prompt, which costs nothing',
      body: { model: INPAINT, prompt: 'Stability [[fault:refusal=prompt]]', input_references: [reference(PHOTO)] },
      charge: '0',
      refused: { status: 400, says: 'flagged by our content moderation system' },
    },
    {
      does: 'is refused a picture, which costs the operator alone',
      body: { model: INPAINT, prompt: 'Stability [[fault:refusal=output]]', input_references: [reference(PHOTO)] },
      charge: '0',
      refused: { status: 400, says: 'CONTENT_FILTERED' },
    },
    {
      does: 'is told that seed 0 is none',
      body: { model: 'stabilityai/stable-image-core', prompt: 'zero for Stability', seed: 0 },
      charge: '0',
      refused: { status: 400, says: 'seed 0 cannot be sent' },
    },
  ],
}
