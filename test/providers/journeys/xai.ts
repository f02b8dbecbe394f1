import { type Journey, PHOTO, PHOTO_PNG, reference } from '../journey.ts'

export const JOURNEY: Journey = {
  provider: 'xai',
  environment: { XAI_API_KEY: 'xai-journey' },
  steps: [
    {
      does: 'makes one, whose quality is left to xAI',
      body: { model: 'x-ai/grok-imagine-image-2.0', prompt: 'a red fox for xai' },
      // 0.04 at 1K and low quality.
      charge: '0.04',
      size: [1024, 1024],
    },
    {
      does: 'makes two at medium quality in one call',
      body: {
        model: 'x-ai/grok-imagine-image-2.0',
        prompt: 'two foxes for xai',
        n: 2,
        quality: 'medium',
        aspect_ratio: '2:1',
      },
      // 2 × 0.06.
      charge: '0.12',
      pictures: 2,
      size: [1440, 720],
    },
    {
      does: 'edits one picture, which keeps its ratio',
      body: { model: 'x-ai/grok-imagine-image', prompt: 'night for xai', input_references: [reference(PHOTO)] },
      // 0.02 for the picture and 0.002 for the reference.
      charge: '0.022',
      size: [1024, 1024],
    },
    {
      does: 'puts two pictures together',
      body: {
        model: 'x-ai/grok-imagine-image-quality',
        prompt: 'both of them for xai',
        aspect_ratio: '16:9',
        input_references: [reference(PHOTO), reference(PHOTO_PNG)],
      },
      // 0.05 at 1K and 2 × 0.01 for the references.
      charge: '0.07',
      size: [1360, 768],
    },
    {
      does: 'is refused by moderation, for which the caller pays nothing',
      body: { model: 'x-ai/grok-imagine-image-2.0', prompt: 'something else for xai [[fault:refusal=output]]' },
      charge: '0',
      refused: { status: 400, says: 'rejected by content moderation' },
    },
    {
      does: 'names the ratio that it cannot give to an edit of one picture',
      body: {
        model: 'x-ai/grok-imagine-image-2.0',
        prompt: 'wide for xai',
        aspect_ratio: '16:9',
        input_references: [reference(PHOTO)],
      },
      charge: '0',
      refused: { status: 400, says: 'aspect_ratio cannot be sent with a single reference' },
    },
  ],
}
