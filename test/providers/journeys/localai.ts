import { type Journey, PHOTO, reference } from '../journey.ts'

const pricing = { basis: 'free', entries: [{ billable: 'output_image', unit: 'image', usd: '0' }] }

export const JOURNEY: Journey = {
  provider: 'localai',
  environment: {},
  // Which of its models edit only the operator knows, and says by a route.
  catalog: [{ id: 'meta/muse-image', routes: [{ provider: 'localai', model: 'an-editing-model', pricing }] }],
  steps: [
    {
      does: 'makes two in one call, for nothing',
      body: { model: 'black-forest-labs/flux.1-dev', prompt: 'a red fox for localai', n: 2, size: '256x192' },
      charge: '0',
      pictures: 2,
      size: [256, 192],
    },
    {
      does: 'edits',
      body: { model: 'meta/muse-image', prompt: 'night for localai', input_references: [reference(PHOTO)] },
      charge: '0',
    },
  ],
}
