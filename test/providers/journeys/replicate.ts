import sharp from 'sharp'

import { dataUrl } from '../../support/pictures.ts'
import { type Journey, PHOTO, PHOTO_PNG, reference } from '../journey.ts'

/** As large as the photograph, and transparent in its right half. */
const MASK = await sharp({ create: { width: 256, height: 512, channels: 4, background: '#000000ff' } })
  .extend({ right: 256, background: '#00000000' })
  .png()
  .toBuffer()

const QUARTER = { provider: { options: { replicate: { megapixels: '0.25' } } } } as const

export const JOURNEY: Journey = {
  provider: 'replicate',
  environment: { REPLICATE_API_TOKEN: 'r8_journey' },
  steps: [
    {
      does: 'makes one of a size, in PNG',
      body: {
        model: 'black-forest-labs/flux.2-pro',
        prompt: 'a red fox for Replicate',
        size: '512x256',
        output_format: 'png',
        seed: 7,
      },
      // The first megapixel of a picture: here half for the run, and half for the megapixel.
      charge: '0.03',
      size: [512, 256],
    },
    {
      does: 'makes three by one call',
      body: { model: 'black-forest-labs/flux.1-schnell', prompt: 'three foxes for Replicate', n: 3, ...QUARTER },
      charge: '0.009',
      pictures: 3,
      size: [512, 512],
    },
    {
      does: 'edits with two pictures, and keeps the shape of the first',
      body: {
        model: 'black-forest-labs/flux.2-pro',
        prompt: 'night for Replicate',
        input_references: [reference(PHOTO), reference(PHOTO_PNG)],
      },
      // 0.03 for the picture, 0.015 for the megapixel of each reference.
      charge: '0.06',
      size: [1024, 1024],
    },
    {
      does: 'repaints what a mask leaves open, where white is what is repainted',
      body: {
        model: 'black-forest-labs/flux.1-fill-pro',
        prompt: 'a window for Replicate',
        input_references: [reference(PHOTO_PNG)],
        mask: reference(dataUrl(MASK, 'image/png')),
      },
      charge: '0.05',
      size: [512, 512],
    },
    {
      does: 'repaints what a mask leaves open, where black is',
      body: {
        model: 'ideogram/ideogram-v3',
        prompt: 'a door for Replicate',
        input_references: [reference(PHOTO_PNG)],
        mask: reference(dataUrl(MASK, 'image/png')),
      },
      charge: '0.03',
      size: [512, 512],
    },
    {
      does: 'is refused, and pays for nothing',
      body: {
        model: 'black-forest-labs/flux.1-schnell',
        prompt: 'refused by Replicate [[fault:refusal=e005]]',
        ...QUARTER,
      },
      charge: '0',
      refused: { status: 400, says: 'flagged as sensitive' },
    },
  ],
  survives: {
    does: 'survives',
    body: {
      model: 'black-forest-labs/flux.1-schnell',
      prompt: 'Replicate survives [[fault:delay=1500]]',
      ...QUARTER,
    },
    charge: '0.003',
    size: [512, 512],
  },
}
