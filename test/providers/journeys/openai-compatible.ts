import { type Journey, PHOTO, reference } from '../journey.ts'

const pricing = { basis: 'image', entries: [{ billable: 'output_image', unit: 'image', usd: '0.01' }] }

export const JOURNEY: Journey = {
  provider: 'openai-compatible',
  environment: { OPENAI_COMPATIBLE_API_KEY: 'journey' },
  catalog: [{ id: 'mine/glm', routes: [{ provider: 'openai-compatible', model: 'glm-of-somebody' }], pricing }],
  steps: [
    {
      does: 'makes one of the operator’s own model at the operator’s price',
      body: { model: 'mine/glm', prompt: 'a red fox for a server of one’s own', size: '256x192' },
      charge: '0.01',
      size: [256, 192],
    },
    {
      does: 'edits',
      body: {
        model: 'mine/glm',
        prompt: 'night for a server of one’s own',
        input_references: [reference(PHOTO)],
      },
      charge: '0.01',
      size: [512, 512],
    },
    {
      does: 'refuses what its rules do not let through',
      body: {
        model: 'mine/glm',
        prompt: 'openai-compatible [[fault:refusal=violence]]',
        size: '256x192',
      },
      charge: '0',
      refused: { status: 400, says: 'rejected by the safety system' },
    },
  ],
}
