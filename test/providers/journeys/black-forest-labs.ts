import sharp from 'sharp'

import { dataUrl } from '../../support/pictures.ts'
import { type Journey, PHOTO, PHOTO_PNG, reference } from '../journey.ts'

/** As large as the photograph, and transparent in its right half. */
const MASK = await sharp({ create: { width: 256, height: 512, channels: 4, background: '#000000ff' } })
  .extend({ right: 256, background: '#00000000' })
  .png()
  .toBuffer()

export const JOURNEY: Journey = {
  provider: 'black-forest-labs',
  environment: { BFL_API_KEY: 'bfl_journey' },
  steps: [
    {
      does: 'makes one of a size, in WebP',
      body: {
        model: 'black-forest-labs/flux.2-pro',
        prompt: 'a red fox for BFL',
        size: '256x128',
        output_format: 'webp',
      },
      // The first megapixel of a picture.
      charge: '0.03',
      size: [256, 128],
    },
    {
      does: 'makes two, by two calls',
      body: { model: 'black-forest-labs/flux.2-klein-4b', prompt: 'two foxes for BFL', size: '128x128', n: 2 },
      charge: '0.028',
      pictures: 2,
    },
    {
      does: 'edits with two pictures',
      body: {
        model: 'black-forest-labs/flux.2-pro',
        prompt: 'night for BFL',
        size: '256x256',
        input_references: [reference(PHOTO), reference(PHOTO_PNG)],
      },
      // 0.03 for the picture, 0.015 for the megapixel of each reference.
      charge: '0.06',
    },
    {
      does: 'repaints what a mask leaves open',
      body: {
        model: 'black-forest-labs/flux.1-fill-pro',
        prompt: 'a window for BFL',
        input_references: [reference(PHOTO_PNG)],
        mask: reference(dataUrl(MASK, 'image/png')),
      },
      charge: '0.05',
      size: [512, 512],
    },
    {
      does: 'makes a tier of FLUX 3',
      body: {
        model: 'black-forest-labs/flux-3-image',
        prompt: 'a tier for BFL',
        resolution: '1K',
        aspect_ratio: '7:5',
      },
      charge: '0.048',
    },
    {
      does: 'is refused for nothing',
      body: {
        model: 'black-forest-labs/flux.2-pro',
        prompt: 'refused by BFL [[fault:refusal=request]]',
        size: '128x128',
      },
      charge: '0',
      refused: { status: 400, says: 'moderation' },
    },
  ],
  survives: {
    does: 'survives',
    body: {
      model: 'black-forest-labs/flux.2-klein-4b',
      prompt: 'BFL survives [[fault:delay=1500]]',
      size: '128x128',
    },
    charge: '0.014',
    size: [128, 128],
  },
}
