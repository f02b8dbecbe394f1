import { type Journey, PHOTO, reference } from '../journey.ts'

const pricing = { basis: 'free', entries: [] }

export const JOURNEY: Journey = {
  provider: 'sd-cpp',
  environment: {},
  // What sd-server has loaded only its operator knows, and says by a route.
  catalog: [{ id: 'mine/diffusion', routes: [{ provider: 'sd-cpp', model: 'sd-cpp-local' }], pricing }],
  steps: [
    {
      does: 'makes one with a seed, for nothing',
      body: { model: 'mine/diffusion', prompt: 'a red fox for sd-cpp', seed: 7, size: '256x192' },
      charge: '0',
      size: [256, 192],
    },
    {
      does: 'edits',
      body: {
        model: 'mine/diffusion',
        prompt: 'night for sd-cpp',
        output_format: 'jpeg',
        input_references: [reference(PHOTO)],
      },
      charge: '0',
      size: [512, 512],
    },
  ],
}
