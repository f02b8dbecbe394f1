import { type Journey, PHOTO, reference } from '../journey.ts'

export const JOURNEY: Journey = {
  provider: 'together',
  environment: { TOGETHER_API_KEY: 'journey' },
  steps: [
    {
      does: 'makes three in one call, each a megapixel at the list price',
      body: {
        model: 'black-forest-labs/flux.1-schnell',
        prompt: 'a red fox for together',
        n: 3,
        seed: 0,
        size: '256x192',
        output_format: 'png',
      },
      charge: '0.009',
      pictures: 3,
      size: [256, 192],
    },
    {
      does: 'edits',
      body: {
        model: 'black-forest-labs/flux.1-kontext-pro',
        prompt: 'night for together',
        aspect_ratio: '1:1',
        input_references: [reference(PHOTO)],
      },
      charge: '0.04',
      size: [1024, 1024],
    },
    {
      does: 'refuses what its checker does not let through',
      body: {
        model: 'black-forest-labs/flux.1-schnell',
        prompt: 'nothing for together [[fault:refusal=nsfw]]',
        size: '256x192',
      },
      charge: '0',
      refused: { status: 400, says: 'NSFW content detected' },
    },
  ],
}
