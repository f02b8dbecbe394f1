import type { ImageRequest } from '../core/image-request.ts'
import type { Generated } from './provider.ts'
import { picture, RED } from './test-requests.ts'
import type { Simulated } from './test-simulated.ts'

/** Makes 512, which is quick to paint. */
export const SMALL = 'gemini-3.1-flash-image'

const MODALITIES = 'generationConfig.responseModalities'
const PLACES = [
  'contents',
  'contents.0.parts.0',
  'contents.0.parts.1',
  'contents.0.parts.1.inlineData.mimeType',
  'contents.0.parts.1.inlineData.data',
  'systemInstruction',
  'generationConfig.seed',
  'generationConfig.imageConfig.aspectRatio',
  'generationConfig.imageConfig.imageSize',
]

/** For tests: what both doors of Google's are sent, `places` by one of them alone, and `silent` where no answer shows it. */
export function everyGeminiFieldCounts(
  { everyFieldCounts, nothingElseIsSent }: Simulated,
  more: Partial<ImageRequest>,
  { places = [], silent = [] }: { readonly places?: readonly string[]; readonly silent?: readonly string[] },
): void {
  const request: ImageRequest = {
    model: 'any',
    turns: [
      { role: 'system', parts: [{ type: 'text', text: 'Flat ink.' }] },
      {
        role: 'user',
        parts: [
          { type: 'text', text: 'a kite' },
          { type: 'image', picture: picture(RED) },
        ],
      },
    ],
    resolution: '512',
    aspectRatio: '16:9',
    seed: 7,
    ...more,
  }
  const showing = [...PLACES, ...places]

  nothingElseIsSent(request, [...showing, MODALITIES, ...silent])
  everyFieldCounts([
    ...showing.map((place) => [place, SMALL, request] as const),
    [MODALITIES, SMALL, { ...request, wantsText: false }],
  ])
}

/** What a result shows besides its picture. */
export function wordsOf({ text, usage }: Generated): string {
  return `${text ?? 'no words'}, ${usage?.inputTokens} tokens`
}
