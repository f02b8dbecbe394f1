import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { testKey } from '../../../src/sandbox/vertex/test-key-file.ts'
import { type Journey, PHOTO, reference } from '../journey.ts'

const DIRECTORY = mkdtempSync(join(tmpdir(), 'plantain-journey-'))
process.on('exit', () => rmSync(DIRECTORY, { recursive: true, force: true }))
const KEY_FILE = join(DIRECTORY, 'key.json')
// Its token_uri has no host: the base URL's is meant, and so the simulator's, wherever that is by then.
writeFileSync(KEY_FILE, JSON.stringify(testKey({ tokenUri: '/google-vertex/token' })), { mode: 0o600 })

const MODEL = 'google/gemini-3.1-flash-lite-image'

/*
 * Per token: 0.00000025 in, 0.0000015 for words and thoughts, 0.00003 for the picture, which has 1120. A prompt of T tokens
 * (a quarter of its bytes) is answered with 88 + 7T words and 96 + 11T thoughts.
 */
export const JOURNEY: Journey = {
  provider: 'google-vertex',
  environment: { GOOGLE_APPLICATION_CREDENTIALS: KEY_FILE },
  steps: [
    {
      does: 'makes one with a service account, 16:9 and as JPEG',
      // 28 bytes, T = 7: 7 in, 137 words, 173 thoughts.
      body: { model: MODEL, prompt: 'a paper kite over the vertex', aspect_ratio: '16:9', output_format: 'jpeg' },
      charge: '0.03406675',
      size: [1376, 768],
    },
    {
      does: 'edits',
      // 25 bytes, T = 7, and 1120 for the reference.
      body: { model: MODEL, prompt: 'a winter evening, Vertex!', input_references: [reference(PHOTO)] },
      charge: '0.03434675',
      size: [1024, 1024],
    },
    {
      does: 'makes two by two calls',
      // 17 bytes, T = 5: 5 in, 123 words, 151 thoughts, twice.
      body: { model: MODEL, prompt: 'two vertex boats.', n: 2 },
      charge: '0.0680245',
      pictures: 2,
    },
    {
      does: 'is refused by the safety rules',
      body: { model: MODEL, prompt: 'vertex [[fault:refusal=promptFeedback:SAFETY]]' },
      charge: '0',
      refused: { status: 400, says: 'SAFETY' },
    },
  ],
}
