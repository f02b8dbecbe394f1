import sharp from 'sharp'

import { dataUrl } from '../../support/pictures.ts'
import { type Journey, PHOTO, PHOTO_PNG, reference } from '../journey.ts'

/** As large as the photograph, and transparent in its right half. */
const MASK = await sharp({ create: { width: 256, height: 512, channels: 4, background: '#000000ff' } })
  .extend({ right: 256, background: '#00000000' })
  .png()
  .toBuffer()

const V3 = 'ideogram/ideogram-v3'

export const JOURNEY: Journey = {
  provider: 'ideogram',
  environment: { IDEOGRAM_API_KEY: 'ideogram-journey' },
  steps: [
    {
      does: 'makes one of a ratio, in a hurry',
      body: { model: V3, prompt: 'a fox by Ideogram', aspect_ratio: '1:3', quality: 'low' },
      charge: '0.03',
      size: [512, 1536],
    },
    {
      does: 'makes one of a size by the fourth model',
      body: { model: 'ideogram/ideogram-v4', prompt: 'a fourth fox by Ideogram', size: '1536x512' },
      charge: '0.06',
      size: [1536, 512],
    },
    {
      does: 'draws after a picture',
      body: {
        model: V3,
        prompt: 'night by Ideogram',
        size: '512x1536',
        quality: 'high',
        input_references: [reference(PHOTO)],
      },
      charge: '0.09',
      size: [512, 1536],
    },
    {
      does: 'repaints what a mask leaves open, twice',
      body: {
        model: V3,
        prompt: 'a window by Ideogram',
        n: 2,
        input_references: [reference(PHOTO_PNG)],
        mask: reference(dataUrl(MASK, 'image/png')),
      },
      charge: '0.12',
      pictures: 2,
      size: [512, 512],
    },
    {
      does: 'edits a picture with another beside it',
      body: {
        model: 'ideogram/ideogram-v4.5',
        prompt: 'a hat by Ideogram',
        quality: 'low',
        input_references: [reference(PHOTO_PNG), reference(PHOTO)],
      },
      charge: '0.03',
      size: [512, 512],
    },
    {
      does: 'is refused for nothing',
      body: { model: V3, prompt: 'refused by Ideogram [[fault:refusal=prompt]]' },
      charge: '0',
      refused: { status: 400, says: 'failed the safety check' },
    },
  ],
  survives: {
    does: 'survives',
    body: {
      model: 'ideogram/ideogram-v4.5',
      prompt: 'Ideogram survives [[fault:delay=1500]]',
      input_references: [reference(PHOTO_PNG)],
    },
    charge: '0.06',
    size: [512, 512],
  },
}
