import sharp from 'sharp'

import { dataUrl } from '../../support/pictures.ts'
import { type Journey, PHOTO, reference } from '../journey.ts'

const CLEAR = await sharp({ create: { width: 512, height: 512, channels: 4, background: '#00000000' } })
  .png()
  .toBuffer()

/** The smallest area that the model makes, in the encoding that is painted fastest. */
const SMALL = { model: 'openai/gpt-image-2', size: '816x816', quality: 'low', output_format: 'jpeg' } as const

export const JOURNEY: Journey = {
  provider: 'openai',
  environment: { OPENAI_API_KEY: 'sk-journey' },
  steps: [
    {
      does: 'makes one',
      body: { ...SMALL, prompt: 'a red fox for openai' },
      // 5 tokens of text at 0.000005, ceil(200 · 816 · 816 ÷ 1,048,576) = 128 of a picture at 0.00003.
      charge: '0.003865',
      size: [816, 816],
    },
    {
      does: 'makes two in one call',
      body: { ...SMALL, prompt: 'two foxes for openai', n: 2 },
      charge: '0.007705',
      pictures: 2,
      size: [816, 816],
    },
    {
      does: 'edits under a mask, at a ratio',
      body: {
        model: SMALL.model,
        quality: 'low',
        output_format: 'jpeg',
        prompt: 'night for openai',
        aspect_ratio: '3:1',
        input_references: [reference(PHOTO)],
        mask: reference(dataUrl(CLEAR, 'image/png')),
      },
      // 4 tokens of text, 1,000 of the reference at 0.000008, ceil(200 · 1728 · 576 ÷ 1,048,576) = 190 of the picture.
      charge: '0.01372',
      size: [1728, 576],
    },
    {
      does: 'is refused by moderation for nothing',
      body: { ...SMALL, prompt: 'refused by openai [[fault:refusal=moderation:input]]' },
      charge: '0',
      refused: { status: 400, says: 'safety' },
    },
  ],
}
