import sharp from 'sharp'

import { dataUrl } from '../../support/pictures.ts'
import { type Journey, PHOTO_PNG, reference } from '../journey.ts'

/** Opaque with a transparent quarter: what may be repainted. */
const hole = { create: { width: 256, height: 256, channels: 4, background: '#fff' } } as const
const mask = await sharp({ create: { width: 512, height: 512, channels: 4, background: '#000' } })
  .composite([{ input: hole, left: 0, top: 0, blend: 'dest-out' }])
  .png()
  .toBuffer()

export const JOURNEY: Journey = {
  provider: 'recraft',
  environment: { RECRAFT_API_TOKEN: 'journey' },
  steps: [
    {
      does: 'makes two in one call, in a ratio',
      body: { model: 'recraft/recraft-v4.1-flash', prompt: 'a red fox for recraft', n: 2, aspect_ratio: '16:9' },
      charge: '0.014',
      pictures: 2,
      size: [1344, 768],
    },
    {
      does: 'edits with V4',
      body: { model: 'recraft/recraft-v4', prompt: 'night for recraft', input_references: [reference(PHOTO_PNG)] },
      charge: '0.04',
      size: [512, 512],
    },
    {
      does: 'repaints inside a mask',
      body: {
        model: 'recraft/recraft-v3',
        prompt: 'a bicycle for recraft',
        input_references: [reference(PHOTO_PNG)],
        mask: reference(dataUrl(mask, 'image/png')),
      },
      charge: '0.04',
      size: [512, 512],
    },
    {
      does: 'refuses what its rules do not let through',
      body: { model: 'recraft/recraft-v4', prompt: 'recraft [[fault:refusal=moderation]]' },
      charge: '0',
      refused: { status: 400, says: 'content moderation' },
    },
  ],
}
