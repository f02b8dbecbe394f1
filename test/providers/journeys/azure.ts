import { type Journey, PHOTO, reference } from '../journey.ts'

/** The smallest area that the model makes, in the encoding that is painted fastest. */
const SMALL = { model: 'openai/gpt-image-2', size: '816x816', quality: 'low', output_format: 'jpeg' } as const

export const JOURNEY: Journey = {
  provider: 'azure',
  environment: { AZURE_OPENAI_API_KEY: 'journey' },
  steps: [
    {
      does: 'makes one',
      body: { ...SMALL, prompt: 'a red fox for azure' },
      // 5 tokens of text at 0.000005, ceil(200 · 816 · 816 ÷ 1,048,576) = 128 of a picture at 0.00003.
      charge: '0.003865',
      size: [816, 816],
    },
    {
      does: 'makes two in one call',
      body: { ...SMALL, prompt: 'two foxes for azure', n: 2 },
      charge: '0.007705',
      pictures: 2,
    },
    {
      does: 'edits',
      body: { ...SMALL, prompt: 'night for azure', input_references: [reference(PHOTO)] },
      // 4 tokens of text, 1,000 of the reference at 0.000008, 128 of the picture.
      charge: '0.01186',
      size: [816, 816],
    },
  ],
}
