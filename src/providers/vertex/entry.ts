import type { ProviderEntry } from '../entry.ts'
import { makeVertex } from './provider.ts'
import { PASS_THROUGH } from './request.ts'

/**
 * Two kinds of credential. `GOOGLE_APPLICATION_CREDENTIALS` is the path of a service account's key file, which also says the project.
 * `GOOGLE_VERTEX_API_KEY` is a key of express mode, which has neither project nor location; it goes first, because the other is often
 * there for other programs' sake.
 *
 * The base URL says the location, by Google's own hosts: `https://us-central1-aiplatform.googleapis.com` for a region,
 * `https://aiplatform.eu.rep.googleapis.com` for `eu` or `us`; the default is `global`, where the newest models are first. One that ends
 * with `/v1/projects/{project}/locations/{location}` is taken as it is: another project than the key file's, a location that its host
 * does not tell, or `v1beta1`.
 */
export const GOOGLE_VERTEX: ProviderEntry = {
  name: 'Google',
  settings: 'GOOGLE_VERTEX',
  credentials: ['GOOGLE_VERTEX_API_KEY', 'GOOGLE_APPLICATION_CREDENTIALS'],
  baseUrl: 'https://aiplatform.googleapis.com',
  passThrough: PASS_THROUGH,
  traits: {
    edits: true,
    mask: false,
    seed: true,
    negativePrompt: false,
    mostPerCall: 1,
    formats: ['png', 'jpeg'],
    progress: 'none',
    cost: 'tokens',
    refusal: '200 with promptFeedback.blockReason or a finishReason such as IMAGE_SAFETY',
    client: '@google/genai',
    source: 'https://docs.cloud.google.com/vertex-ai/generative-ai/docs and @google/genai 3.1.0, read 2026-11-22',
  },
  make: makeVertex,
}
