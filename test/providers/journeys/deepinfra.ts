import { type Journey, PHOTO, reference } from '../journey.ts'

export const JOURNEY: Journey = {
  provider: 'deepinfra',
  environment: { DEEPINFRA_TOKEN: 'journey' },
  steps: [
    {
      does: 'makes two in two calls, charged by the megapixel begun, and costing by the area: a quarter of it each',
      body: {
        model: 'black-forest-labs/flux.1-schnell',
        prompt: 'a red fox for deepinfra',
        n: 2,
        size: '512x512',
      },
      charge: '0.001',
      cost: '0.00025',
      pictures: 2,
      size: [512, 512],
    },
    {
      does: 'edits, at the list price, since that answer tells no cost',
      body: {
        model: 'qwen/qwen-image-edit-plus',
        prompt: 'night for deepinfra',
        size: '1024x1024',
        input_references: [reference(PHOTO)],
      },
      charge: '0.025',
      size: [1024, 1024],
    },
  ],
}
